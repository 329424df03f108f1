;; Sends the request of golden vector V4, byte for byte, and returns.
(module
  (import "kinode:process/standard@0.7.0" "send-request" (func $send_request (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0x800)
    "\00\10\00\00\04\00\00\00\04\10\00\00\01\00\00\00"  ;; n.os a
    "\05\10\00\00\01\00\00\00\06\10\00\00\04\00\00\00"  ;; b c.os
    "\00\aa\aa\aa\aa\aa\aa\aa\01\aa\aa\aa\aa\aa\aa\aa"  ;; inherit no, expects-response some
    "\01\00\00\00\00\00\00\00\0a\10\00\00\01\00\00\00"  ;; 1 s, body
    "\00\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\aa\0c\10\00\00"  ;; metadata none, capabilities
    "\00\00\00\00\aa\aa\aa\aa\01\aa\aa\aa\0c\10\00\00"  ;; of which there are none, context some
    "\01\00\00\00\01\aa\aa\aa\01\aa\aa\aa\0d\10\00\00"  ;; blob some, mime some
    "\03\00\00\00\10\10\00\00\02\00\00\00\aa\aa\aa\aa")
  (data (i32.const 0x1000) "n.osabc.osx\aaCm/tBB")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x4000))
  (func (export "init") (param i32 i32) (call $send_request (i32.const 0x800))))
