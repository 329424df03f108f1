;; A process that takes all the memory that it gets, and touches each page of it.
(module
  (import "kinode:process/standard@0.7.0" "clear-state" (func))  ;; by this it is known as a process
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)
    (local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $page) (i32.const -1))
        (then (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))))
      (br $again))))
