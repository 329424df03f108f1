;; Never comes back from its start function: before there is an instance at all.
(module
  (import "kinode:process/standard@0.7.0" "clear-state" (func))  ;; by this it is known as a process
  (memory (export "memory") 1)
  (func $start (loop $again (br $again)))
  (start $start)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "init") (param i32 i32)))
