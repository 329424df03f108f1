;; An echo whose allocator gives each block a page of its own, which it makes by growing: checklist 17.
(module
  (import "kinode:process/standard@0.7.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@0.7.0" "send-response"
    (func $send_response (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (i32.mul (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))) (i32.const 65536)))
  (func (export "init") (param i32 i32)
    (loop $again
      (global.set $top (i32.const 1024))
      (call $receive (i32.const 16))
      ;; ok, a request, and a response is expected: respond with its body
      (if (i32.eqz (i32.or (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 56))))
        (then (if (i32.load8_u (i32.const 72))
          (then (call $send_response (i32.const 0) (i32.load (i32.const 88)) (i32.load (i32.const 92))
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))))
      (br $again))))
