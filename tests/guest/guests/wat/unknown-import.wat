;; Imports a function that the interface does not have: refused, naming it (checklist 3).
(module
  (import "kinode:process/standard@0.7.0" "launch-rocket" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)))
