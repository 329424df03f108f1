#pragma once
// Modules that several tests need, and a host that notes what it is asked for.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "wasm/encoder.hpp"
#include "wasm/engine.hpp"
#include "wasm/step_map.hpp"

namespace celeriac::testing {

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr wasm::ValueType f64 = wasm::ValueType::f64;
inline constexpr wasm::ValueType i32 = wasm::ValueType::i32;

/// Two steps: move to (x, 2.5, -3), then wait 100 and end.
inline wasm::Bytes two_steps() {
  wasm::ModuleEncoder module;
  constexpr wasm::ValueType position[] = {f64, f64, f64}, number[] = {f64};
  const auto move = module.import_function("SYS", "MOVE", position);
  const auto wait = module.import_function("SYS", "WAIT", number);
  const auto x = module.add_global("x", unknown);
  module.add_step("0.move",
                  wasm::Code().global_get(x).f64_const(2.5).f64_const(-3).call(move).i32_const(1).bytes());
  module.add_step("1.wait", wasm::Code().f64_const(100).call(wait).i32_const(-1).bytes());
  const std::vector<wasm::StepNode> nodes{{"/body/0", "move"}, {"/body/1", "wait"}};
  const std::vector<wasm::Step> steps{{0, true, true}, {1, true, false}};
  module.add_custom_section(wasm::steps_section, wasm::encode_step_map(nodes, steps));
  const std::vector<std::string> texts{"hello", "(;\n\"ä"};
  module.add_custom_section(wasm::texts_section, wasm::encode_texts(texts));
  return std::move(module).finish("two_steps");
}

/// Writes down every call: `{import, arguments}`.
struct Recorder {
  struct Call {
    std::uint32_t import;
    std::vector<wasm::Value> arguments;
  };
  std::vector<Call> calls;

  wasm::HostCall host() {
    return {.call =
                [](void* context, wasm::ImportIndex import, std::span<const wasm::Value> arguments) noexcept {
                  static_cast<Recorder*>(context)->calls.push_back(
                      {static_cast<std::uint32_t>(import), {arguments.begin(), arguments.end()}});
                },
            .context = this};
  }
};

}  // namespace celeriac::testing
