;; Functions without parameters, whose results tell whether control flow survived the rewriting.
(module $compute
  (type $unary (func (param i32) (result i32)))
  (import "host" "note" (func $note (param i32)))
  (table $functions 8 8 funcref)
  (memory $memory 1 2)
  (global $calls (mut i32) (i32.const 0))
  (global $last (mut i64) (i64.const 0))
  (global $half (mut f64) (f64.const 0.5))
  (global $function funcref (ref.func $twice))
  (elem (i32.const 1) $twice $thrice $note_it)
  (elem $more func $thrice $twice)
  (data (i32.const 8) "celeriac")
  (data $later "root")
  (start $begin)

  (func $begin (global.set $calls (i32.const 1000)))
  (func $twice (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $thrice (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func $note_it (type $unary) (call $note (local.get 0)) (local.get 0))

  (func $fib (param $n i32) (result i32)
    (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (local.get $n))))
    (i32.add
      (call $fib (i32.sub (local.get $n) (i32.const 1)))
      (call $fib (i32.sub (local.get $n) (i32.const 2)))))
  (func (export "fib_15") (result i32) (call $fib (i32.const 15)))

  ;; the label of the function itself, from inside of blocks, a loop and a table of branches
  (func $leave (param $how i32) (result i32)
    (block $a
      (loop $b
        (if (i32.eqz (call $twice (local.get $how))) (then (br 3 (i32.const 100))))
        (block $c
          (br_table $c $a (i32.sub (local.get $how) (i32.const 1))))
        (local.set $how (i32.add (local.get $how) (i32.const 1)))
        (br $b)))
    (return (local.get $how)))
  (func (export "leave_0") (result i32) (call $leave (i32.const 0)))
  (func (export "leave_1") (result i32) (call $leave (i32.const 1)))
  (func (export "leave_2") (result i32) (call $leave (i32.const 2)))
  (func (export "table_to_function_label") (result i32)
    (block $inner (result i32)
      (br_table 1 $inner 1 (call $leave (i32.const 0)) (call $twice (i32.const 1))))
    (i32.mul (i32.const 2)))

  ;; more than one result, by falling through, by branch and by return
  (func $pair (param $how i32) (result i32 i64 f64)
    (block
      (br_if 1 (i32.const 1) (i64.const 2) (f64.const 3) (call $twice (local.get $how)))
      (drop) (drop) (drop)
      (br_if 0 (call $thrice (local.get $how)))
      (return (i32.const 4) (i64.const 5) (f64.const 6)))
    (i32.const 7) (i64.const 8) (global.get $half))
  (func (export "pair_0") (result i32 i64 f64) (call $pair (i32.const 0)))
  (func (export "pair_1") (result i32 i64 f64) (call $pair (i32.const 1)))
  (func (export "pair_of_calls") (result i32 i64 f64)
    (call $note (i32.const 3))
    (if (result i32 i64 f64) (call $twice (i32.const 0))
      (then (call $pair (i32.const 1)))
      (else (call $pair (i32.const 0)))))

  ;; a loop that takes and gives values
  (func (export "loop_with_values") (result i64)
    (local $n i32)
    (i64.const 1) (i64.const 1)
    (loop $again (param i64 i64) (result i64)
      (global.set $last)
      (i64.add (global.get $last))
      (global.get $last) (i64.const 1) (i64.add)
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 20)))
      (drop)))

  (func (export "indirect") (result i32)
    (i32.add
      (call_indirect (type $unary) (i32.const 5) (i32.const 1))
      (i32.add
        (call_indirect (type $unary) (i32.const 5) (i32.const 2))
        (call_indirect (type $unary) (i32.const 5) (i32.const 3)))))
  (func (export "indirect_null") (result i32) (call_indirect (type $unary) (i32.const 5) (i32.const 0)))
  (func (export "indirect_after_init") (result i32)
    (table.init $functions $more (i32.const 5) (i32.const 0) (i32.const 2))
    (table.copy (i32.const 1) (i32.const 5) (i32.const 1))
    (table.set (i32.const 7) (global.get $function))
    (table.fill (i32.const 4) (ref.func $note_it) (i32.const 1))
    (i32.add
      (call_indirect (type $unary) (i32.const 10) (i32.const 1))
      (i32.mul
        (call_indirect (type $unary) (i32.const 10) (i32.const 4))
        (call_indirect (type $unary) (i32.const 10) (i32.const 7)))))

  (func (export "ranges") (result i64)
    (memory.fill (i32.const 100) (i32.const 0x5a) (i32.const 3))
    (memory.copy (i32.const 103) (i32.const 8) (i32.const 4))
    (memory.init $later (i32.const 107) (i32.const 0) (i32.const 1))
    (i64.load (i32.const 100)))
  (func (export "range_outside") (memory.fill (i32.const 0x20000) (i32.const 1) (i32.const 1)))
  (func (export "grow") (result i32 i32 i32)
    (memory.grow (i32.const 1)) (memory.grow (i32.const 1)) (memory.size))

  (func (export "sum") (result i64)
    (local $i i32) (local $sum i64)
    (loop $outer
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $i))))
      (loop $inner
        (local.set $sum (i64.xor (local.get $sum) (i64.const 0x55)))
        (br_if $inner (i32.and (i32.wrap_i64 (local.get $sum)) (i32.const 1))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (i32.const 300))))
    (local.get $sum))

  (func (export "divide_by_zero") (result i32) (i32.div_s (call $twice (i32.const 1)) (i32.const 0)))
  (func (export "stop") (call $note (i32.const 1)) (unreachable))
  (func (export "dead_code") (result i32)
    (call $note (i32.const 2))
    (return (i32.const 3))
    (loop $dead (br $dead))
    (memory.fill)
    (return))
  (func (export "vector") (result i32)
    (i32x4.extract_lane 2
      (i32x4.add (v128.load (i32.const 8)) (v128.const i32x4 1 2 3 4))))
  (func (export "globals") (result i32 i64 f64)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (global.get $calls) (global.get $last) (global.get $half)))
