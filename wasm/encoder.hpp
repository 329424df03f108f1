#pragma once
// Writes resumable WebAssembly modules as bytes: imports, exported globals and functions, custom
// sections. Each section grows in a buffer of its own, so that functions and imports may be added in any
// order and a module of 1,000 functions costs some ten microseconds.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/instructions.hpp"
#include "wasm/leb128.hpp"
#include "wasm/types.hpp"

namespace celeriac::wasm {

/// Instructions, appended one after another: `code.f64_const(1).call(wait)`. Whether the stack fits is the
/// caller's care, and the engine's validator's.
class Code {
 public:
  Code& i32_const(std::int32_t value) {
    put(Opcode::i32_const);
    append_signed(bytes_, value);
    return *this;
  }
  Code& f64_const(double value) {
    put(Opcode::f64_const);
    append_f64(bytes_, value);
    return *this;
  }
  Code& call(ImportIndex import) { return indexed(Opcode::call, static_cast<std::uint32_t>(import)); }
  Code& global_get(GlobalIndex global) {
    return indexed(Opcode::global_get, static_cast<std::uint32_t>(global));
  }
  Code& global_set(GlobalIndex global) {
    return indexed(Opcode::global_set, static_cast<std::uint32_t>(global));
  }
  /// `if` with one result: both sides leave a value of that type.
  Code& if_(ValueType result) {
    put(Opcode::if_);
    bytes_.push_back(static_cast<std::uint8_t>(result));
    return *this;
  }
  Code& else_() { return put(Opcode::else_); }
  Code& end() { return put(Opcode::end); }
  Code& drop() { return put(Opcode::drop); }
  Code& select() { return put(Opcode::select); }
  Code& i32_eqz() { return put(Opcode::i32_eqz); }
  Code& i32_and() { return put(Opcode::i32_and); }
  Code& i32_or() { return put(Opcode::i32_or); }
  Code& f64_eq() { return put(Opcode::f64_eq); }
  Code& f64_ne() { return put(Opcode::f64_ne); }
  Code& f64_lt() { return put(Opcode::f64_lt); }
  Code& f64_gt() { return put(Opcode::f64_gt); }
  Code& f64_le() { return put(Opcode::f64_le); }
  Code& f64_ge() { return put(Opcode::f64_ge); }
  Code& f64_neg() { return put(Opcode::f64_neg); }
  Code& f64_add() { return put(Opcode::f64_add); }
  Code& f64_sub() { return put(Opcode::f64_sub); }
  Code& f64_mul() { return put(Opcode::f64_mul); }
  Code& i32_trunc_f64() { return put(Opcode::i32_trunc_f64); }  ///< traps on NaN and beyond 32 bits

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
  void clear() noexcept { bytes_.clear(); }

 private:
  Code& put(Opcode opcode) {
    bytes_.push_back(static_cast<std::uint8_t>(opcode));
    return *this;
  }
  Code& indexed(Opcode opcode, std::uint32_t index) {
    put(opcode);
    append_unsigned(bytes_, index);
    return *this;
  }

  Bytes bytes_;
};

class ModuleEncoder {
 public:
  /// A function of the host. Imports are numbered in the order of these calls, which is the order in which
  /// the host is told of them.
  ImportIndex import_function(std::string_view space, std::string_view name,
                              std::span<const ValueType> parameters);

  /// A mutable f64, exported and named so in the name section.
  GlobalIndex add_global(std::string_view name, double initial);

  /// A function `() -> i32`, exported under its number ("0", "1", … in the order of these calls). Its body
  /// is `head` and then `tail`, without the final `end`. `name` is for people: it stands in the name section.
  void add_step(std::string_view name, std::span<const std::uint8_t> head,
                std::span<const std::uint8_t> tail = {});

  void add_custom_section(std::string_view name, std::span<const std::uint8_t> contents);

  /// The module's bytes, `module_name` in its name section ("" for none). Ends the encoder's life.
  [[nodiscard]] Bytes finish(std::string_view module_name) &&;

 private:
  std::uint32_t type_index(std::span<const ValueType> parameters, std::span<const ValueType> results);
  Bytes name_section(std::string_view module_name) const;

  struct Section {
    std::uint32_t count = 0;
    Bytes bytes;
  };
  std::vector<FunctionType> types_;
  Section imports_, globals_, global_exports_, code_;
  Section import_names_, global_names_, step_names_;  // name maps; those of steps lack their index
  std::vector<std::uint32_t> step_name_ends_;
  Bytes custom_;
};

}  // namespace celeriac::wasm
