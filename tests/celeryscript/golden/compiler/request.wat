(module $rpc_request
  (import "SYS" "EMERGENCY_UNLOCK" (func $SYS.EMERGENCY_UNLOCK))
  (import "REGS" "READ" (func $REGS.READ (param i32)))
  (import "VM" "LEG" (func $VM.LEG (param f64 f64 f64 f64 i32)))
  (import "SYS" "MOVE_ABSOLUTE" (func $SYS.MOVE_ABSOLUTE (param f64 f64 f64 f64 f64 f64)))
  (import "SYS" "READ_STATUS" (func $SYS.READ_STATUS))
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

  ;; /body/0: emergency_unlock
  (func $0.emergency_unlock (export "0") (result i32)
    call $SYS.EMERGENCY_UNLOCK
    i32.const 1
  )

  ;; /body/1: nothing
  (func $1.nothing (export "1") (result i32)
    i32.const 2
  )

  ;; /body/2: move
  (func $2.move (export "2") (result i32)
    i32.const 0
    call $REGS.READ
    i32.const 3
  )

  ;; … /body/2: move, reads inputs
  (func $3.move (export "3") (result i32)
    global.get $x
    global.set $v2
    global.get $y
    global.set $v3
    global.get $z
    global.set $v4
    i32.const 4
  )

  ;; … /body/2: move
  (func $4.move (export "4") (result i32)
    global.get $v2
    global.get $v3
    global.get $v4
    global.get $v0
    i32.const -1
    call $VM.LEG
    i32.const 5
  )

  ;; … /body/2: move, reads inputs
  (func $5.move (export "5") (result i32)
    global.get $value
    global.set $v1
    global.get $x
    global.get $y
    global.get $z
    f64.const 100
    f64.const 100
    f64.const 100
    call $SYS.MOVE_ABSOLUTE
    i32.const 6
  )

  ;; … /body/2: move
  (func $6.move (export "6") (result i32)
    global.get $v1
    global.set $v0
    global.get $v0
    f64.const 0
    f64.ne
    if (result i32)
      i32.const 4
    else
      i32.const 7
    end
  )

  ;; /body/3: read_status
  (func $7.read_status (export "7") (result i32)
    call $SYS.READ_STATUS
    i32.const -1
  )
  ;; custom section "celeriac.steps", 85 bytes
  ;; custom section "celeriac.texts", 10 bytes
  ;; custom section "name", 220 bytes
)
