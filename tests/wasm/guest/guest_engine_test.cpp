// Foreign modules at the seam: what is refused, what host functions get, limits, faults, snapshots.

#include "wasm/guest_engine.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <random>

#include "tests/wasm/guest/guest_samples.hpp"
#include "tests/wasm/wabt.hpp"

using namespace celeriac;
using namespace celeriac::wasm;
using enum celeriac::wasm::GuestFault::Kind;
using protocol::Status;
using testing::load_text;
using testing::TestHost;
using Values = std::vector<std::uint64_t>;

namespace {

std::unique_ptr<GuestInstance> made(const std::shared_ptr<GuestModule>& module, TestHost& host) {
  auto instance = GuestInstance::create(module, host.host());
  if (!instance) FAIL(instance.error().message);
  return std::move(*instance);
}

/// The message with which the text's imports are refused; "" if they are not.
std::string refusal(const std::string& text, std::span<const GuestImport> offered) {
  GuestEngine engine;
  const auto module = GuestModule::load(engine, testing::wat2wasm(text));
  if (!module) FAIL(module.error().message);
  const auto linked = (*module)->link(offered);
  if (linked) return "";
  CHECK(linked.error().status == Status::invalid_code);
  TestHost host;
  CHECK(GuestInstance::create(*module, host.host()).error().status == Status::wrong_state);
  return linked.error().message;
}

HostOutcome nothing(void*, const void*, std::span<const std::uint64_t>, std::span<std::uint64_t>) noexcept {
  return HostOutcome::go_on;
}

}  // namespace

TEST_CASE("2: an import with a wrong core type is refused before instantiation, naming module and field") {
  const GuestImport offered[] = {
      {"kinode:process/standard@0.7.0", "receive", {{NumberType::i32}, {}}, nothing, nullptr}};
  const auto message = refusal(
      R"((module (import "kinode:process/standard@0.7.0" "receive" (func (param i64) (result f32)))))",
      offered);
  CHECK(message ==
        "The module imports kinode:process/standard@0.7.0.receive as (i64) -> (f32); this host has it as "
        "(i32) -> ().");
}

TEST_CASE("3: an import that the host does not know is refused, naming it") {
  const GuestImport offered[] = {{"env", "known", {}, nothing, nullptr}};
  CHECK(refusal(R"((module (import "env" "known" (func)) (import "env" "secret" (func))))", offered) ==
        "The module imports env.secret, which this host does not have.");
  CHECK(refusal(R"((module (import "env" "known" (func)) (import "env" "known" (func))))", offered).empty());
}

TEST_CASE("a module is loaded once, and tells what it imports and exports") {
  GuestEngine engine;
  const auto module = load_text(engine, R"((module
    (import "env" "log" (func (param i32 i64) (result f64)))
    (memory (export "memory") 1)
    (func (export "run") (param f32) (result i32) (i32.const 1))))");
  REQUIRE(module->imports().size() == 1);
  CHECK(module->imports()[0].module == "env");
  CHECK(text(module->imports()[0].type) == "(i32, i64) -> (f64)");
  REQUIRE(module->exports().size() == 1);
  CHECK(module->exports()[0].name == "run");
  CHECK(module->find_export("run") == ExportIndex{0});
  CHECK_FALSE(module->find_export("memory"));
  CHECK(module->snapshot_obstacle().empty());
}

TEST_CASE("host functions of every type get their arguments, and give their results") {
  GuestEngine engine;
  const auto module = load_text(engine, R"((module
    (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result f64 i32 f32 i64)))
    (func (export "run") (param i32 i64 f32 f64) (result f64 i32 f32 i64)
      (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))");
  const Values arguments{0xFFFF'FFFB, 0x8000'0000'0000'0001, std::bit_cast<std::uint32_t>(1.5F),
                         std::bit_cast<std::uint64_t>(-0.1)};
  const Values results{std::bit_cast<std::uint64_t>(2.25), 0xFFFF'FFFF, std::bit_cast<std::uint32_t>(-3.5F),
                       0xFFFF'FFFF'FFFF'FFFE};
  TestHost host;
  Values seen;
  host.functions["env.mix"] = [&](auto in, auto out) {
    seen.assign(in.begin(), in.end());
    std::ranges::copy(results, out.begin());
    out[1] |= 0xABCD'0000'0000'0000;  // the high half of an i32 is nobody's business
    return HostOutcome::go_on;
  };
  const auto instance = made(module, host);
  CHECK(instance->call("run", arguments) == results);
  CHECK(seen == arguments);
}

TEST_CASE("calling what is not there, or with a wrong number of arguments, is a fault") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module (func (export "run") (param i32))))"), host);
  CHECK(instance->call("walk", {}).error().message == "there is no function walk");
  CHECK(instance->call("run", {}).error().kind == trap);
  CHECK(instance->call("run", Values{1}));
}

TEST_CASE("a trap is a fault with the engine's phrase, and the engine goes on") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module (memory (export "memory") 1)
    (func (export "unreachable") unreachable)
    (func (export "bounds") (drop (i32.load (i32.const 65536))))
    (func (export "divide") (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))))"),
                             host);
  const auto message = [&](std::string_view function, const Values& arguments) {
    const auto result = instance->call(function, arguments);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == trap);
    return result.error().message;
  };
  CHECK(message("unreachable", {}) == "unreachable");
  CHECK(message("bounds", {}) == "out of bounds memory access");
  CHECK(message("divide", {0}) == "integer divide by zero");
  CHECK(instance->call("divide", Values{1}));
}

TEST_CASE("a host that stops ends the call, from inside a nested call too") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module
    (import "env" "enter" (func $enter)) (import "env" "stop" (func $stop))
    (global (export "after") (mut i32) (i32.const 0))
    (func (export "outer") (call $enter) (global.set 0 (i32.const 1)))
    (func (export "inner") (call $stop))))"),
                             host);
  GuestFault::Kind inner = trap;
  auto answer = HostOutcome::stop;
  host.functions["env.stop"] = [](auto, auto) { return HostOutcome::stop; };
  host.functions["env.enter"] = [&](auto, auto) {
    inner = instance->call("inner", {}).error().kind;
    return answer;
  };
  CHECK(instance->call("outer", {}).error().kind == stopped);
  CHECK(inner == stopped);
  CHECK(instance->globals() == Values{0});
  // A host may also take it as an answer and go on.
  answer = HostOutcome::go_on;
  CHECK(instance->call("outer", {}));
  CHECK(instance->globals() == Values{1});
}

TEST_CASE(
    "17: memory that grows in a nested call is larger for the host and the guest, and keeps what is in it") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module
    (import "env" "receive" (func $receive (param i32)))
    (memory (export "memory") 1 64)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.mul (memory.grow (i32.const 20)) (i32.const 65536)))
    (func (export "run") (result i32)
      (i32.store (i32.const 16) (i32.const 77))
      (call $receive (i32.const 8))
      (i32.add (i32.load (i32.load (i32.const 8))) (i32.add (i32.load (i32.const 16)) (memory.size))))))"),
                             host);
  host.functions["env.receive"] = [&](auto in, auto) {
    CHECK(instance->memory().size() == 65'536);
    const auto at = instance->call("cabi_realloc", Values{0, 0, 4, 4});
    REQUIRE(at == Values{65'536});
    const auto memory = instance->memory();
    REQUIRE(memory.size() == 21 * 65'536);
    const auto put = [&](std::size_t place, std::uint32_t value) { std::memcpy(&memory[place], &value, 4); };
    put(at->front(), 1000);
    put(in[0], static_cast<std::uint32_t>(at->front()));
    return HostOutcome::go_on;
  };
  CHECK(instance->call("run", {}) == Values{1000 + 77 + 21});
}

TEST_CASE("a guest that spins is refuelled until its host has had enough") {
  GuestEngine engine;
  TestHost host;
  int slices = 0;
  host.refuel = [&] { return ++slices < 5 ? HostOutcome::go_on : HostOutcome::stop; };
  const auto instance = made(
      load_text(engine, R"((module (func (export "spin") (loop (br 0)))))", {.fuel_slice = 10'000}), host);
  const auto result = instance->call("spin", {});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == stopped);
  CHECK(slices == 5);
  CHECK(instance->fuel_used() >= 49'000);
  CHECK(instance->fuel_used() <= 51'000);
}

TEST_CASE("a guest that recurses for ever is too deep, and may recurse again afterwards") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))
    (func $for_ever (export "for_ever") (call $for_ever))))",
                                       {.depth = 1'000}),
                             host);
  for (int round = 0; round < 3; ++round) {
    const auto result = instance->call("for_ever", {});
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == too_deep);
    CHECK(instance->call("down", Values{900}) == Values{900});
    CHECK(instance->call("down", Values{1'100}).error().kind == too_deep);
  }
}

TEST_CASE("depth counts through host functions: a guest cannot hide its recursion in them") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module (import "env" "again" (func $again))
    (func (export "run") (call $again))))",
                                       {.depth = 50}),
                             host);
  int deepest = 0;
  auto end = trap;
  host.functions["env.again"] = [&](auto, auto) {
    ++deepest;
    const auto inner = instance->call("run", {});
    if (inner) return HostOutcome::go_on;
    if (inner.error().kind == too_deep) end = too_deep;
    return HostOutcome::stop;
  };
  CHECK(instance->call("run", {}).error().kind == stopped);
  CHECK(end == too_deep);
  CHECK(deepest == 50);
}

TEST_CASE("a guest that grows for ever is told that it cannot") {
  GuestEngine engine;
  TestHost host;
  const auto instance = made(load_text(engine, R"((module (memory (export "memory") 1) (table $t 1 funcref)
    (func (export "grow") (result i32) (loop (br_if 0 (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) (memory.size))
    (func (export "grow_table") (result i32)
      (loop (br_if 0 (i32.ge_s (table.grow $t (ref.null func) (i32.const 100)) (i32.const 0)))) (table.size $t))
    (func (export "leap") (result i32) (memory.grow (i32.const -1)))))",
                                       {.memory_pages = 40, .table_elements = 1'000}),
                             host);
  CHECK(instance->call("leap", {}) == Values{0xFFFF'FFFF});
  CHECK(instance->call("grow", {}) == Values{40});
  CHECK(instance->memory().size() == 40 * 65'536);
  CHECK(instance->call("grow_table", {}) == Values{901});
}

TEST_CASE("a snapshot of globals and memory can be put into another instance, which does not start again") {
  GuestEngine engine;
  TestHost host;
  int started = 0;
  host.functions["env.started"] = [&](auto, auto) { return ++started, HostOutcome::go_on; };
  const auto module = load_text(engine, R"((module (import "env" "started" (func $started))
    (memory 1 10) (global (mut i32) (i32.const 1)) (global i32 (i32.const 9)) (global (mut f64) (f64.const 0.5))
    (global (mut i64) (i64.const -1)) (start $started)
    (func (export "run") (global.set 0 (i32.add (global.get 0) (i32.const 41))) (global.set 2 (f64.const 1e300))
      (drop (memory.grow (i32.const 2))) (i64.store (i32.const 150000) (i64.const 0x1122334455667788)))
    (func (export "look") (result i32 f64 i64 i64 i32)
      (global.get 0) (global.get 2) (global.get 3) (i64.load (i32.const 150000)) (memory.size))))");
  const auto first = made(module, host);
  CHECK(started == 1);
  REQUIRE(first->call("run", {}));
  const Values globals = first->globals();
  CHECK(globals == Values{42, std::bit_cast<std::uint64_t>(1e300), ~std::uint64_t{0}});
  const std::vector<std::uint8_t> bytes(first->memory().begin(), first->memory().end());

  const auto second = GuestInstance::create(module, host.host(), GuestInstance::Start::skip);
  REQUIRE(second);
  CHECK(started == 1);
  CHECK_FALSE((*second)->restore(11, globals));
  CHECK_FALSE((*second)->restore(3, Values{1, 2}));
  REQUIRE((*second)->restore(3, globals));
  REQUIRE((*second)->memory().size() == bytes.size());
  std::ranges::copy(bytes, (*second)->memory().begin());
  CHECK((*second)->call("look", {}) == first->call("look", {}));
}

TEST_CASE("state that no snapshot can have is named") {
  GuestEngine engine;
  TestHost host;
  const auto module = load_text(engine, R"((module (global (mut funcref) (ref.null func))))");
  CHECK(module->snapshot_obstacle().contains("funcref"));
  CHECK_FALSE(made(module, host)->restore(0, {}));
}

TEST_CASE("a start function that traps, is stopped, or data beyond the memory: no instance, and the reason") {
  GuestEngine engine;
  TestHost host;
  const auto error = [&](const char* text) {
    auto instance = GuestInstance::create(load_text(engine, text, {.fuel_slice = 1'000}), host.host());
    REQUIRE_FALSE(instance);
    return instance.error();
  };
  CHECK(error("(module (func $s unreachable) (start $s))").message ==
        "The start function of the module ended: unreachable.");
  host.refuel = [] { return HostOutcome::stop; };
  CHECK(error("(module (func $s (loop (br 0))) (start $s))").status == Status::cancelled);
  CHECK(error(R"((module (memory 1) (data (i32.const 65535) "ab")))").status == Status::invalid_code);
}

TEST_CASE(
    "bytes that are no module are refused: garbage, an ELF file, a module with native code of its own") {
  GuestEngine engine;
  const std::vector<std::uint8_t> elf{0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0};
  for (const auto& bytes : {std::vector<std::uint8_t>{}, elf, std::vector<std::uint8_t>(100, 0)}) {
    const auto module = GuestModule::load(engine, bytes);
    REQUIRE_FALSE(module);
    CHECK(module.error().status == Status::invalid_code);
  }
  // What the validator of the engine finds.
  const std::vector<std::uint8_t> ill_typed{0, 'a', 's', 'm', 1, 0,  0, 0, 1, 4, 1,    0x60, 0,
                                            0, 3,   2,   1,   0, 10, 5, 1, 3, 0, 0x1A, 0x0B};
  CHECK_FALSE(GuestModule::load(engine, ill_typed));
}

TEST_CASE("two thousand corrupted modules are refused or run, and nothing crashes") {
  const auto good = testing::wat2wasm(R"((module
    (import "env" "ask" (func $ask (param i32) (result i32)))
    (memory (export "memory") 1 4) (data (i32.const 10) "text") (table 2 funcref) (elem (i32.const 0) $twice $run)
    (global (mut i32) (i32.const 3))
    (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $run (export "run") (param i32) (result i32) (local i64)
      (loop (global.set 0 (i32.sub (global.get 0) (i32.const 1))) (br_if 0 (i32.gt_s (global.get 0) (i32.const 0))))
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 99))
      (call_indirect (param i32) (result i32) (call $ask (i32.load (i32.const 8))) (i32.const 0)))))");
  GuestEngine engine;
  TestHost host;
  int slices = 0;
  host.refuel = [&] { return ++slices < 3 ? HostOutcome::go_on : HostOutcome::stop; };
  std::mt19937 random(20261103);  // fixed: a failure can be run again
  int ran = 0;
  for (int round = 0; round < 2'000; ++round) {
    auto bad = good;
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      bad[8 + random() % (bad.size() - 8)] = static_cast<std::uint8_t>(random());
    const auto module =
        GuestModule::load(engine, bad, {.memory_pages = 8, .fuel_slice = 10'000, .own_rooms = 0});
    if (!module || !testing::link_all(**module)) continue;
    slices = 0;
    const auto instance = GuestInstance::create(*module, host.host());
    if (!instance) continue;
    for (const auto& exported : (*module)->exports()) {
      const Values arguments(exported.type.parameters.size(), 1);
      (void)(*instance)->call(exported.name, arguments);
      ++ran;
    }
  }
  CHECK(ran > 100);
}
