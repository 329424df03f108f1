#pragma once
// The few types of WebAssembly that a resumable module uses.

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace celeriac::wasm {

/// A value type; the numbers are the binary format's.
enum class ValueType : std::uint8_t { i32 = 0x7F, f64 = 0x7C };

/// A value of either type: whoever holds it knows which from the signature.
class Value {
 public:
  constexpr Value() = default;
  static constexpr Value of_i32(std::int32_t value) { return Value(std::bit_cast<std::uint32_t>(value)); }
  static constexpr Value of_f64(double value) { return Value(std::bit_cast<std::uint64_t>(value)); }

  /// As an engine holds it: an i32 in the low half, an f64 as its bit pattern.
  static constexpr Value of_bits(std::uint64_t bits) { return Value(bits); }

  [[nodiscard]] constexpr std::int32_t i32() const {
    return std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(bits_));
  }
  [[nodiscard]] constexpr double f64() const { return std::bit_cast<double>(bits_); }
  /// Same type assumed: NaNs are equal when their bits are.
  friend constexpr bool operator==(Value, Value) = default;

 private:
  explicit constexpr Value(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

/// A function that a module asks its host for. Imports return nothing: what a host has to say comes
/// through globals before a later call.
struct Import {
  std::string space;  ///< "SYS"
  std::string name;   ///< "MOVE_ABSOLUTE"
  std::vector<ValueType> parameters;
  friend bool operator==(const Import&, const Import&) = default;
};

/// Place of an import in its module, which is also its function index.
enum class ImportIndex : std::uint32_t {};
/// Place of a global in its module.
enum class GlobalIndex : std::uint32_t {};

}  // namespace celeriac::wasm
