#pragma once
// A foreign core module, taken apart: whatever a stranger's compiler, or a stranger, made. What comes through
// is within the limits, refers to nothing that it does not have, nests its blocks properly and uses no
// proposal that the engine does not offer; whether the values on the operand stack fit is left to the
// engine's validator.
//
//   bytes ──main_module()──► core module ──read()──► ForeignModule ──instrument()──► bytes for the engine
//
// Only functions can be imported: a memory, table or global of the host's making is what dynamic linking
// needs, and it is refused by name. At most one memory, of 32 bits and unshared.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/foreign/limits.hpp"
#include "wasm/signature.hpp"

namespace celeriac::wasm::foreign {

/// The numbers are the binary format's.
enum class ValueType : std::uint8_t {
  i32 = 0x7F,
  i64 = 0x7E,
  f32 = 0x7D,
  f64 = 0x7C,
  v128 = 0x7B,
  funcref = 0x70,
  externref = 0x6F,
};

[[nodiscard]] constexpr bool is_number(ValueType type) noexcept {
  return type >= ValueType::f64;
}
[[nodiscard]] constexpr bool is_reference(ValueType type) noexcept {
  return type <= ValueType::funcref;
}
/// As the text format spells it, "externref"; "" for a number that is no type.
std::string_view name(ValueType type) noexcept;

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

/// "(i32, i32) -> (i64)"
std::string text(const FunctionType& type);
/// The type as the host's functions have it; nullopt if there is a vector or a reference in it.
std::optional<Signature> signature(const FunctionType& type);

/// A function that the module asks its host for. Its place in ForeignModule::imports is its function index.
struct Import {
  std::string module;  ///< "kinode:process/standard@0.7.0"
  std::string field;   ///< "send-request"
  std::uint32_t type;  ///< in ForeignModule::types
};

enum class ExportKind : std::uint8_t { function = 0, table = 1, memory = 2, global = 3 };

struct Export {
  std::string name;
  ExportKind kind;
  std::uint32_t index;  ///< of the function, table, memory or global
};

struct MemoryType {
  std::uint32_t minimum = 0;             ///< pages of 64 KiB
  std::optional<std::uint32_t> maximum;  ///< as declared: may be beyond the limit
};

struct TableType {
  ValueType type = ValueType::funcref;
  std::uint32_t minimum = 0;
  std::optional<std::uint32_t> maximum;  ///< as declared: may be beyond the limit
};

/// What a global or an offset starts as: a constant, never another global (those could only be imported
/// ones).
struct Constant {
  ValueType type = ValueType::i32;
  std::uint64_t bits = 0;                 ///< of a number, or of a vector's low half
  std::uint64_t high_bits = 0;            ///< of a vector's high half
  std::optional<std::uint32_t> function;  ///< of a funcref that is not null
};

struct Global {
  ValueType type = ValueType::i32;
  bool is_mutable = false;
  Constant initial;
  std::optional<std::string> exported_as;  ///< the first of its names
};

/// A function of the module's own.
struct Body {
  std::uint32_t type = 0;                     ///< in ForeignModule::types
  std::uint32_t local_groups = 0;             ///< entries in `locals`
  std::uint32_t local_count = 0;              ///< declared ones: parameters are not counted
  std::span<const std::uint8_t> locals = {};  ///< the groups as they stand in the module
  std::span<const std::uint8_t> code = {};    ///< instructions, the final `end` included
  std::size_t offset = 0;                     ///< of `code`, in the module
};

/// Where an index of a function stands outside of function bodies: in a global, an export, a segment, or as
/// the start.
struct FunctionReference {
  std::size_t offset;  ///< in the module
  std::size_t length;  ///< of the number
  std::uint32_t function;
};

struct CustomSection {
  std::string_view name;
  std::span<const std::uint8_t> contents;
};

/// A module's parts. Names are copies; spans and views look into the bytes it was read from.
struct ForeignModule {
  static constexpr std::size_t section_count = 13;

  std::span<const std::uint8_t> bytes;
  std::vector<FunctionType> types;
  std::vector<Import> imports;
  std::vector<Body> bodies;  ///< function imports.size() + i is bodies[i]
  std::vector<TableType> tables;
  std::optional<MemoryType> memory;
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::optional<std::uint32_t> start;         ///< function index
  std::vector<FunctionReference> references;  ///< in the order of the module
  std::uint32_t element_segments = 0;
  std::uint32_t data_segments = 0;
  /// Custom sections in their order, without a section of native code, which an engine would run unseen.
  std::vector<CustomSection> customs;
  /// Contents of the other sections by their number in the format; nullopt for one that is not there.
  std::array<std::optional<std::span<const std::uint8_t>>, section_count> sections;

  [[nodiscard]] bool has_start() const noexcept { return start.has_value(); }
  [[nodiscard]] std::uint32_t function_count() const noexcept {
    return static_cast<std::uint32_t>(imports.size() + bodies.size());
  }
  /// Type of a function, imported or not; `function` must be below function_count().
  [[nodiscard]] const FunctionType& type_of(std::uint32_t function) const noexcept;
  /// The export of that name; nullptr if there is none.
  [[nodiscard]] const Export* find_export(std::string_view name) const noexcept;
  /// The type of the function exported under that name; nullptr if there is none.
  [[nodiscard]] const FunctionType* exported_function(std::string_view name) const noexcept;
  /// Contents of the first custom section whose name begins so; empty if there is none.
  [[nodiscard]] std::span<const std::uint8_t> custom(std::string_view prefix) const noexcept;
};

/// Takes a core module apart. The bytes must outlive the result. Errors: `invalid_code`, a sentence that
/// names the thing and the limit, or the proposal, with the offset; what a component is, component.hpp knows.
/// Time and memory are linear in the size of the bytes.
protocol::Result<ForeignModule> read(std::span<const std::uint8_t> bytes, const Limits& limits = {});

}  // namespace celeriac::wasm::foreign
