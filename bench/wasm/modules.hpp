#pragma once
// The module that is measured: steps `() -> i32`, every other one with a call of six doubles.

#include <string>

#include "wasm/encoder.hpp"

namespace celeriac::bench {

inline wasm::Bytes module_of(int steps) {
  using enum wasm::ValueType;
  constexpr wasm::ValueType six[] = {f64, f64, f64, f64, f64, f64};
  wasm::ModuleEncoder module;
  const auto move = module.import_function("SYS", "MOVE_ABSOLUTE", six);
  for (const char* name : {"value", "x", "y", "z"}) module.add_global(name, 0);
  wasm::Code code;
  for (int i = 0; i < steps; ++i) {
    code.clear();
    if (i % 2 == 0)
      code.f64_const(i).f64_const(2).f64_const(3).f64_const(100).f64_const(100).f64_const(100).call(move);
    code.i32_const(i + 1 < steps ? i + 1 : -1);
    module.add_step(std::to_string(i) + ".move", code.bytes());
  }
  return std::move(module).finish("measured");
}

}  // namespace celeriac::bench
