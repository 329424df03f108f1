;; A process that lets its table grow for ever.
(module
  (import "kinode:process/standard@0.7.0" "clear-state" (func))  ;; by this it is known as a process
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)
    (loop $again
      (drop (table.grow $table (ref.null func) (i32.const 1000000)))
      (br $again))))
