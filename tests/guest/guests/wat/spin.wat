;; A process of Kinode that never comes back: for kill, pause and fuel.
(module
  (import "kinode:process/standard@0.7.0" "clear-state" (func))  ;; by this it is known as a process
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32) (loop $again (br $again))))
