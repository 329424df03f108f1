;; A process that calls itself for ever.
(module
  (import "kinode:process/standard@0.7.0" "clear-state" (func))  ;; by this it is known as a process
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $deeper (param i32) (result i32) (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "init") (param i32 i32) (drop (call $deeper (i32.const 0)))))
