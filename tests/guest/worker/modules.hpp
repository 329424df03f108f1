#pragma once
// Guests of the worker's tests, in WAT, for the ABI of test_abi.hpp.

namespace celeriac::testing::modules {

inline constexpr auto returns = R"((module (memory (export "memory") 1) (func (export "run"))))";
inline constexpr auto spins = R"((module (memory (export "memory") 1) (func (export "run") (loop (br 0)))))";
inline constexpr auto blocks = R"((module (import "test" "ask" (func $ask (result i32)))
  (memory (export "memory") 1) (func (export "run") (loop (drop (call $ask)) (br 0)))))";
inline constexpr auto sleeps = R"((module (import "test" "sleep" (func $sleep (param i32)))
  (memory (export "memory") 1) (func (export "run") (call $sleep (i32.const 2000000000)))))";
inline constexpr auto recurses = R"((module (memory (export "memory") 1)
  (func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (call $deeper (i32.const 1))))
  (func (export "run") (drop (call $deeper (i32.const 0))))))";
inline constexpr auto traps = R"((module (import "test" "say" (func $say (param i32 i32 i32)))
  (memory (export "memory") 1) (data (i32.const 16) "last words")
  (func (export "run") (call $say (i32.const 16) (i32.const 10) (i32.const 1)) unreachable)))";
inline constexpr auto points_outside = R"((module (import "test" "say" (func $say (param i32 i32 i32)))
  (memory (export "memory") 1) (func (export "run") (call $say (i32.const 65530) (i32.const 10) (i32.const 1)))))";
inline constexpr auto exits = R"((module (import "test" "exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "run") (call $exit (i32.const 3)))))";
/// Takes page after page, and touches each.
inline constexpr auto grows = R"((module (memory (export "memory") 1) (func (export "run") (local $at i32)
  (loop
    (local.set $at (memory.grow (i32.const 1)))
    (if (i32.ne (local.get $at) (i32.const -1))
      (then (i32.store (i32.mul (local.get $at) (i32.const 65536)) (i32.const 1))))
    (br 0)))))";
inline constexpr auto floods = R"((module (import "test" "say" (func $say (param i32 i32 i32)))
  (memory (export "memory") 1) (data (i32.const 0) "again")
  (func (export "run") (loop (call $say (i32.const 0) (i32.const 5) (i32.const 0)) (br 0)))))";
inline constexpr auto tells = R"((module (import "test" "tell" (func $tell))
  (memory (export "memory") 1) (func (export "run") (local $i i32)
    (loop (call $tell) (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000)))))))";
inline constexpr auto starts_badly =
    R"((module (memory (export "memory") 1) (func $start unreachable) (start $start) (func (export "run"))))";
inline constexpr auto spins_in_start =
    R"((module (memory (export "memory") 1) (func $start (loop (br 0))) (start $start) (func (export "run"))))";
/// Counts its steps in its memory and in a global, says the count, and touches one more page each time.
inline constexpr auto counts = R"((module (import "test" "say" (func $say (param i32 i32 i32)))
  (import "test" "restored" (func $restored (result i32)))
  (memory (export "memory") 1) (global $count (mut i64) (i64.const 0)) (data (i32.const 0) "0")
  (func (export "step")
    (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
    (i32.store8 (i32.const 1) (i32.add (call $restored) (i32.const 48)))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (i64.store (i32.const 32768) (global.get $count))
    (i64.store (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)) (global.get $count))
    (call $say (i32.const 0) (i32.const 2) (i32.const 0)))))";

}  // namespace celeriac::testing::modules
