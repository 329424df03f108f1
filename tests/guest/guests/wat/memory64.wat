;; A memory with 64-bit addresses: refused, with the reason.
(module
  (memory (export "memory") i64 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)))
