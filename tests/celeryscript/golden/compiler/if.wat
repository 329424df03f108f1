(module $sequence
  (import "REGS" "READ" (func $REGS.READ (param i32)))
  (import "VM" "NOTE" (func $VM.NOTE (param i32)))
  (import "VM" "EXECUTE" (func $VM.EXECUTE (param i32 i32)))
  (global $value (export "value") (mut f64) (f64.const nan))
  (global $x (export "x") (mut f64) (f64.const nan))
  (global $y (export "y") (mut f64) (f64.const nan))
  (global $z (export "z") (mut f64) (f64.const nan))
  ;; text 0: "pins.8"
  ;; text 1: "Evaluated IF statement: Pin 8 value is greater than 500; branching"
  ;; text 2: "position"
  ;; text 3: "Evaluated IF statement: current z position is unknown; continuing execution"
  ;; text 4: "Evaluated IF statement: current z position is unknown; branching"

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
      i32.const 4
    end
  )

  ;; … /body/0: _if
  (func $2._if (export "2") (result i32)
    i32.const 1
    call $VM.NOTE
    i32.const 3
  )

  ;; /body/0/args/_then: execute
  (func $3.execute (export "3") (result i32)
    i32.const 5
    i32.const -1
    call $VM.EXECUTE
    i32.const 6
  )

  ;; … /body/0/args/_then: execute
  (func $4.execute (export "4") (result i32)
    i32.const 1
    call $VM.NOTE
    i32.const 5
  )

  ;; /body/0/args/_else: execute
  (func $5.execute (export "5") (result i32)
    i32.const 6
    i32.const -1
    call $VM.EXECUTE
    i32.const 6
  )

  ;; /body/1: _if
  (func $6._if (export "6") (result i32)
    i32.const 2
    call $REGS.READ
    i32.const 7
  )

  ;; … /body/1: _if, reads inputs
  (func $7._if (export "7") (result i32)
    global.get $z
    global.get $z
    f64.ne
    if (result i32)
      i32.const 8
    else
      i32.const 9
    end
  )

  ;; … /body/1: _if
  (func $8._if (export "8") (result i32)
    i32.const 3
    call $VM.NOTE
    i32.const -1
  )

  ;; … /body/1: _if
  (func $9._if (export "9") (result i32)
    i32.const 4
    call $VM.NOTE
    i32.const 10
  )

  ;; /body/1/args/_else: execute
  (func $10.execute (export "10") (result i32)
    i32.const 7
    i32.const -1
    call $VM.EXECUTE
    i32.const -1
  )
  ;; custom section "celeriac.steps", 119 bytes
  ;; custom section "celeriac.texts", 225 bytes
  ;; custom section "name", 159 bytes
)
