;; Uses receive and brings no allocator for what it gives: refused (checklist 7).
(module
  (import "kinode:process/standard@0.7.0" "receive" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "init") (param i32 i32)))
