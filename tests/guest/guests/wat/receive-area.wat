;; Receives one message over bytes of aa, with an allocator that goes up from 0x1000, and returns: the golden vectors.
(module
  (import "kinode:process/standard@0.7.0" "receive" (func $receive (param i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 0x4000))  ;; where init's own argument lies, out of the way
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get $alignment) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $alignment))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "init") (param i32 i32)
    (memory.fill (i32.const 0x800) (i32.const 0xaa) (i32.const 0x1000))
    (global.set $top (i32.const 0x1000))
    (call $receive (i32.const 0x800))
    (i32.store (i32.const 0) (global.get $top))))
