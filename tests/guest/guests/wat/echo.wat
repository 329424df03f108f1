;; The smallest process of Kinode: it responds to each request with its body.
(module
  (import "kinode:process/standard@0.7.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@0.7.0" "send-response"
    (func $send_response (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $at i32)
    ;; Up to the next multiple of the alignment, and on from there.
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get $alignment) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $alignment))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
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
