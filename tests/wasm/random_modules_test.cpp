// Random steps against a model that works the expression out by itself.

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include "tests/wasm/samples.hpp"
#include "tests/wasm/wabt.hpp"
#include "wasm/wat.hpp"

using namespace celeriac;
using namespace celeriac::wasm;

namespace {

constexpr double constants[] = {0, 1, -1, 2.5, 1e9, -0.125, testing::unknown};
double constant() {
  return *rc::gen::elementOf(std::vector(std::begin(constants), std::end(constants)));
}

bool condition(Code& code, std::span<const double> globals, int depth);

/// Appends an expression of at most the depth and returns its value.
double number(Code& code, std::span<const double> globals, int depth) {
  const int choice = depth == 0 ? *rc::gen::inRange(0, 2) : *rc::gen::inRange(0, 8);
  if (choice == 0) {
    const double value = constant();
    code.f64_const(value);
    return value;
  }
  if (choice == 1) {
    const auto index = *rc::gen::inRange<std::size_t>(0, globals.size());
    code.global_get(GlobalIndex{static_cast<std::uint32_t>(index)});
    return globals[index];
  }
  const double left = number(code, globals, depth - 1);
  if (choice == 2) {
    code.f64_neg();
    return -left;
  }
  const double right = number(code, globals, depth - 1);
  if (choice == 3) return code.f64_add(), left + right;
  if (choice == 4) return code.f64_sub(), left - right;
  if (choice == 5) return code.f64_mul(), left * right;
  const bool chosen = condition(code, globals, depth - 1);
  code.select();
  return chosen ? left : right;
}

/// Appends a condition, an i32 of 0 or 1, and returns it.
bool condition(Code& code, std::span<const double> globals, int depth) {
  const double left = number(code, globals, depth), right = number(code, globals, depth);
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return code.f64_eq(), left == right;
    case 1:
      return code.f64_ne(), left != right;
    case 2:
      return code.f64_lt(), left < right;
    case 3:
      return code.f64_gt(), left > right;
    case 4:
      return code.f64_le(), left <= right;
    case 5:
      return code.f64_ge(), left >= right;
    default:
      return code.f64_eq().i32_eqz(), !(left == right);
  }
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("random steps hand the host what the model expects") {
  Engine engine;
  int round = 0;
  const bool held = rc::check([&] {
    const std::vector<double> globals{constant(), constant(), constant()};
    ModuleEncoder module;
    constexpr ValueType two[] = {ValueType::f64, ValueType::i32};
    const auto call = module.import_function("A", "B", two);
    for (std::size_t i = 0; i < globals.size(); ++i) module.add_global("g" + std::to_string(i), 0);

    struct Expected {
      double number;
      std::int32_t integer, next;
    };
    std::vector<Expected> expected;
    const int steps = *rc::gen::inRange(1, 6);
    for (int i = 0; i < steps; ++i) {
      Code code;
      Expected step{};
      step.number = number(code, globals, 3);
      step.integer = *rc::gen::arbitrary<std::int32_t>();
      code.i32_const(step.integer).call(call);
      const bool branch = condition(code, globals, 2);
      const auto then = *rc::gen::arbitrary<std::int32_t>(), otherwise = *rc::gen::arbitrary<std::int32_t>();
      code.if_(ValueType::i32).i32_const(then).else_().i32_const(otherwise).end();
      step.next = branch ? then : otherwise;
      module.add_step(std::to_string(i), code.bytes());
      expected.push_back(step);
    }
    const Bytes bytes = std::move(module).finish("random");
    if (round++ % 10 == 0) {  // a process each: a sample is enough
      RC_ASSERT(testing::wasm_validate(bytes) == "");
      const auto again = testing::wat2wasm(to_wat(bytes).value());
      RC_ASSERT(testing::wasm_validate(again) == "");
    }

    testing::Recorder recorder;
    auto instance = Instance::create(engine, bytes, recorder.host());
    if (!instance) RC_FAIL(instance.error().message);
    for (std::size_t i = 0; i < globals.size(); ++i) {
      (*instance)->set_global(GlobalIndex{static_cast<std::uint32_t>(i)}, globals[i]);
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto next = (*instance)->call(static_cast<std::int32_t>(i));
      RC_ASSERT(next.has_value());
      RC_ASSERT(*next == expected[i].next);
      RC_ASSERT(recorder.calls.size() == i + 1);
      RC_ASSERT(same(recorder.calls[i].arguments[0].f64(), expected[i].number));
      RC_ASSERT(recorder.calls[i].arguments[1].i32() == expected[i].integer);
    }
  });
  CHECK(held);
}
