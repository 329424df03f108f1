(module $Water_bed
  (import "SYS" "MOVE_ABSOLUTE" (func $SYS.MOVE_ABSOLUTE (param f64 f64 f64 f64 f64 f64)))
  (import "SYS" "WRITE_PIN" (func $SYS.WRITE_PIN (param i32 f64 i32)))
  (import "SYS" "READ_PIN" (func $SYS.READ_PIN (param i32 i32)))
  (import "VM" "PIN_WAS_READ" (func $VM.PIN_WAS_READ (param f64 i32 f64)))
  (import "SYS" "WAIT" (func $SYS.WAIT (param f64)))
  (import "SYS" "SEND_MESSAGE" (func $SYS.SEND_MESSAGE (param i32 i32 i32)))
  (import "SYS" "HOME" (func $SYS.HOME (param i32 f64)))
  (global $value (export "value") (mut f64) (f64.const nan))
  (global $x (export "x") (mut f64) (f64.const nan))
  (global $y (export "y") (mut f64) (f64.const nan))
  (global $z (export "z") (mut f64) (f64.const nan))
  ;; text 0: "Watered at {{ x }}, {{ y }}."
  ;; text 1: "success"
  ;; text 2: "[\22toast\22]"

  ;; /body/0: move_absolute
  (func $0.move_absolute (export "0") (result i32)
    f64.const 100
    f64.const 200
    f64.const -20.5
    f64.const 100
    f64.const 100
    f64.const 100
    call $SYS.MOVE_ABSOLUTE
    i32.const 1
  )

  ;; /body/1: write_pin
  (func $1.write_pin (export "1") (result i32)
    i32.const 8
    f64.const 1
    i32.const 0
    call $SYS.WRITE_PIN
    i32.const 2
  )

  ;; … /body/1: write_pin
  (func $2.write_pin (export "2") (result i32)
    i32.const 8
    i32.const 0
    call $SYS.READ_PIN
    i32.const 3
  )

  ;; … /body/1: write_pin, reads inputs
  (func $3.write_pin (export "3") (result i32)
    f64.const 8
    i32.const 0
    global.get $value
    call $VM.PIN_WAS_READ
    i32.const 4
  )

  ;; /body/2: wait
  (func $4.wait (export "4") (result i32)
    f64.const 2000
    call $SYS.WAIT
    i32.const 5
  )

  ;; /body/3: write_pin
  (func $5.write_pin (export "5") (result i32)
    i32.const 8
    f64.const 0
    i32.const 0
    call $SYS.WRITE_PIN
    i32.const 6
  )

  ;; … /body/3: write_pin
  (func $6.write_pin (export "6") (result i32)
    i32.const 8
    i32.const 0
    call $SYS.READ_PIN
    i32.const 7
  )

  ;; … /body/3: write_pin, reads inputs
  (func $7.write_pin (export "7") (result i32)
    f64.const 8
    i32.const 0
    global.get $value
    call $VM.PIN_WAS_READ
    i32.const 8
  )

  ;; /body/4: send_message
  (func $8.send_message (export "8") (result i32)
    i32.const 0
    i32.const 1
    i32.const 2
    call $SYS.SEND_MESSAGE
    i32.const 9
  )

  ;; /body/5: home
  (func $9.home (export "9") (result i32)
    i32.const 3
    f64.const 100
    call $SYS.HOME
    i32.const -1
  )
  ;; custom section "celeriac.steps", 118 bytes
  ;; custom section "celeriac.texts", 48 bytes
  ;; custom section "name", 265 bytes
)
