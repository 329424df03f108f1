;; A process without a memory: it traps as soon as it is given anything.
(module
  (import "kinode:process/standard@0.7.0" "receive" (func (param i32)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)))
