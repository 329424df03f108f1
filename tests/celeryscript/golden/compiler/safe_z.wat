(module $sequence
  (import "REGS" "READ" (func $REGS.READ (param i32)))
  (import "SYS" "MOVE_ABSOLUTE" (func $SYS.MOVE_ABSOLUTE (param f64 f64 f64 f64 f64 f64)))
  (global $value (export "value") (mut f64) (f64.const nan))
  (global $x (export "x") (mut f64) (f64.const nan))
  (global $y (export "y") (mut f64) (f64.const nan))
  (global $z (export "z") (mut f64) (f64.const nan))
  (global $v0 (export "v0") (mut f64) (f64.const 0))
  (global $v1 (export "v1") (mut f64) (f64.const 0))
  (global $v2 (export "v2") (mut f64) (f64.const 0))
  ;; text 0: "config.safe_height"
  ;; text 1: "position"

  ;; /body/0: move
  (func $0.move (export "0") (result i32)
    i32.const 0
    call $REGS.READ
    i32.const 1
  )

  ;; … /body/0: move, reads inputs
  (func $1.move (export "1") (result i32)
    global.get $value
    f64.const 0
    global.get $value
    global.get $value
    f64.eq
    select
    global.set $v0
    i32.const 1
    call $REGS.READ
    i32.const 2
  )

  ;; … /body/0: move, reads inputs
  (func $2.move (export "2") (result i32)
    global.get $y
    f64.const 10
    f64.add
    f64.const 2.5
    f64.add
    global.set $v1
    global.get $z
    global.set $v2
    global.get $x
    global.get $y
    global.get $v0
    f64.const 100
    f64.const 100
    f64.const 25
    call $SYS.MOVE_ABSOLUTE
    i32.const 3
  )

  ;; … /body/0: move
  (func $3.move (export "3") (result i32)
    i32.const 1
    call $REGS.READ
    i32.const 4
  )

  ;; … /body/0: move, reads inputs
  (func $4.move (export "4") (result i32)
    f64.const 500
    global.get $v1
    global.get $z
    f64.const 100
    f64.const 100
    f64.const 25
    call $SYS.MOVE_ABSOLUTE
    i32.const 5
  )

  ;; … /body/0: move
  (func $5.move (export "5") (result i32)
    i32.const 1
    call $REGS.READ
    i32.const 6
  )

  ;; … /body/0: move, reads inputs
  (func $6.move (export "6") (result i32)
    global.get $x
    global.get $y
    global.get $v2
    f64.const 100
    f64.const 100
    f64.const 25
    call $SYS.MOVE_ABSOLUTE
    i32.const -1
  )
  ;; custom section "celeriac.steps", 23 bytes
  ;; custom section "celeriac.texts", 29 bytes
  ;; custom section "name", 131 bytes
)
