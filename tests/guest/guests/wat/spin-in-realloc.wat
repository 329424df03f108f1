;; Never comes back from its allocator, while the host is in the middle of a call.
(module
  (import "kinode:process/standard@0.7.0" "receive" (func $receive (param i32)))
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (loop $again (br $again))))
    (i32.const 1024))
  (func (export "init") (param i32 i32) (call $receive (i32.const 16))))
