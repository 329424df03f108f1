(module $sequence
  (import "REGS" "READ" (func $REGS.READ (param i32)))
  (import "VM" "LEG" (func $VM.LEG (param f64 f64 f64 f64 i32)))
  (import "SYS" "MOVE_ABSOLUTE" (func $SYS.MOVE_ABSOLUTE (param f64 f64 f64 f64 f64 f64)))
  (global $value (export "value") (mut f64) (f64.const nan))
  (global $x (export "x") (mut f64) (f64.const nan))
  (global $y (export "y") (mut f64) (f64.const nan))
  (global $z (export "z") (mut f64) (f64.const nan))
  (global $v0 (export "v0") (mut f64) (f64.const 0))
  (global $v1 (export "v1") (mut f64) (f64.const 0))
  (global $v2 (export "v2") (mut f64) (f64.const 0))
  (global $v3 (export "v3") (mut f64) (f64.const 0))
  (global $v4 (export "v4") (mut f64) (f64.const 0))
  ;; text 0: "position"
  ;; text 1: "safe_z"

  ;; /body/0: move
  (func $0.move (export "0") (result i32)
    i32.const 0
    call $REGS.READ
    i32.const 1
  )

  ;; … /body/0: move, reads inputs
  (func $1.move (export "1") (result i32)
    global.get $x
    global.set $v2
    global.get $y
    global.set $v3
    global.get $z
    global.set $v4
    i32.const 2
  )

  ;; … /body/0: move
  (func $2.move (export "2") (result i32)
    f64.const 500
    global.get $v3
    f64.const 10
    f64.add
    f64.const 2.5
    f64.add
    global.get $v4
    global.get $v0
    i32.const 1
    call $VM.LEG
    i32.const 3
  )

  ;; … /body/0: move, reads inputs
  (func $3.move (export "3") (result i32)
    global.get $value
    global.set $v1
    global.get $x
    global.get $y
    global.get $z
    f64.const 100
    f64.const 100
    f64.const 25
    call $SYS.MOVE_ABSOLUTE
    i32.const 4
  )

  ;; … /body/0: move
  (func $4.move (export "4") (result i32)
    global.get $v1
    global.set $v0
    global.get $v0
    f64.const 0
    f64.ne
    if (result i32)
      i32.const 2
    else
      i32.const -1
    end
  )
  ;; custom section "celeriac.steps", 21 bytes
  ;; custom section "celeriac.texts", 17 bytes
  ;; custom section "name", 131 bytes
)
