;; The main module of a Kinode process, as generators make it.
(module $main
  (import "kinode:process/standard@0.7.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:process/standard@0.7.0" "receive" (func $receive (param i32)))
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "_initialize"))
  (func (export "init") (param i32 i32)
    (call $print (i32.const 0) (local.get 0) (local.get 1))
    (loop $again
      (call $receive (i32.const 0))
      (br $again))))
