(module $sequence
  (import "REGS" "READ" (func $REGS.READ (param i32)))
  (import "VM" "EXECUTE" (func $VM.EXECUTE (param i32)))
  (global $value (export "value") (mut f64) (f64.const nan))
  (global $x (export "x") (mut f64) (f64.const nan))
  (global $y (export "y") (mut f64) (f64.const nan))
  (global $z (export "z") (mut f64) (f64.const nan))
  ;; text 0: "pins.8"
  ;; text 1: "position"

  ;; /body/0: _if
  (func $0._if (export "0") (result i32)
    i32.const 0
    call $REGS.READ
    i32.const 1
  )

  ;; … /body/0: _if, reads inputs
  (func $1._if (export "1") (result i32)
    global.get $value
    f64.const 500
    f64.le
    i32.eqz
    if (result i32)
      i32.const 2
    else
      i32.const 3
    end
  )

  ;; /body/0/args/_then: execute
  (func $2.execute (export "2") (result i32)
    i32.const 5
    call $VM.EXECUTE
    i32.const 4
  )

  ;; /body/0/args/_else: execute
  (func $3.execute (export "3") (result i32)
    i32.const 6
    call $VM.EXECUTE
    i32.const 4
  )

  ;; /body/1: _if
  (func $4._if (export "4") (result i32)
    i32.const 1
    call $REGS.READ
    i32.const 5
  )

  ;; … /body/1: _if, reads inputs
  (func $5._if (export "5") (result i32)
    global.get $z
    global.get $z
    f64.ne
    if (result i32)
      i32.const -1
    else
      i32.const 6
    end
  )

  ;; /body/1/args/_else: execute
  (func $6.execute (export "6") (result i32)
    i32.const 7
    call $VM.EXECUTE
    i32.const -1
  )
  ;; custom section "celeriac.steps", 115 bytes
  ;; custom section "celeriac.texts", 17 bytes
  ;; custom section "name", 117 bytes
)
