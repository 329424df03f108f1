;; Wants a table of 2^32 - 1 elements, which ends some hosts.
(module
  (memory (export "memory") 1)
  (table 4294967295 funcref)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)))
