#pragma once
// Types of functions of any core module: sequences' modules need two value types (types.hpp), foreign ones
// all four numbers.

#include <cstdint>
#include <string>
#include <vector>

namespace celeriac::wasm {

/// The numbers are the binary format's.
enum class NumberType : std::uint8_t { i32 = 0x7F, i64 = 0x7E, f32 = 0x7D, f64 = 0x7C };

struct Signature {
  std::vector<NumberType> parameters;
  std::vector<NumberType> results;
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// "(i32, i64) -> (i32)", as error messages show it.
std::string text(const Signature& signature);

}  // namespace celeriac::wasm
