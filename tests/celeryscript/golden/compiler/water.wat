(module $Water_bed
  (import "SYS" "MOVE_ABSOLUTE" (func $SYS.MOVE_ABSOLUTE (param f64 f64 f64 f64 f64 f64)))
  (import "SYS" "WRITE_PIN" (func $SYS.WRITE_PIN (param i32 f64 i32)))
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

  ;; /body/2: wait
  (func $2.wait (export "2") (result i32)
    f64.const 2000
    call $SYS.WAIT
    i32.const 3
  )

  ;; /body/3: write_pin
  (func $3.write_pin (export "3") (result i32)
    i32.const 8
    f64.const 0
    i32.const 0
    call $SYS.WRITE_PIN
    i32.const 4
  )

  ;; /body/4: send_message
  (func $4.send_message (export "4") (result i32)
    i32.const 0
    i32.const 1
    i32.const 2
    call $SYS.SEND_MESSAGE
    i32.const 5
  )

  ;; /body/5: home
  (func $5.home (export "5") (result i32)
    i32.const 3
    f64.const 100
    call $SYS.HOME
    i32.const -1
  )
  ;; custom section "celeriac.steps", 114 bytes
  ;; custom section "celeriac.texts", 48 bytes
  ;; custom section "name", 182 bytes
)
