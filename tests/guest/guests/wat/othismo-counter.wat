;; An Othismo object of generation 1 with state wherever there can be some: checklist 104. Each message adds 1 to a byte
;; in memory, to a mutable global, and a page to its memory; the start function adds 100 to the byte, once in the life of the object.
;; What it sends, to /collector, is {"/collector/counted": {memory: int32, global: int32, pages: int32}}.
(module
  (import "othismo" "send_message" (func $send_message (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 4096)
    "\41\00\00\00" "\03" "/collector/counted\00"
    "\28\00\00\00" "\10memory\00" "\00\00\00\00" "\10global\00" "\00\00\00\00" "\10pages\00" "\00\00\00\00" "\00" "\00")
  (func $start (i32.store8 (i32.const 8192) (i32.add (i32.load8_u (i32.const 8192)) (i32.const 100))))
  (start $start)
  (func (export "prepare_inbox") (param i32) (result i32) (i32.const 16384))
  (func (export "message_received")
    (i32.store8 (i32.const 8192) (i32.add (i32.load8_u (i32.const 8192)) (i32.const 1)))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 4132) (i32.load8_u (i32.const 8192)))
    (i32.store (i32.const 4144) (global.get $count))
    (i32.store (i32.const 4155) (memory.size))
    (drop (call $send_message (i32.const 65) (i32.const 4096)))))
