#pragma once
// Operations as imports of a compiled sequence. The signatures are made from the operation table, so that
// compiler and host agree without saying anything twice.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/operations.hpp"
#include "wasm/types.hpp"

namespace celeriac::celeryscript {

struct ImportName {
  std::string_view space;  ///< "SYS"
  std::string_view name;   ///< "MOVE_ABSOLUTE"
  friend bool operator==(const ImportName&, const ImportName&) = default;
};

/// What a sequence asks the host itself, beside the operations; no frame carries it. Imports of the namespace
/// "VM". Handles are places in the program's Tables.
enum class HostCall : std::uint8_t {
  execute,       ///< runs another sequence; where the micro-step returns `end`, it takes the caller's place
  evaluate,      ///< what an operand is worth: `value` of a number, `x` `y` `z` of a place or a number
  random,        ///< `value`: a whole number drawn evenly from -variance to +variance
  soil_height,   ///< `value`: the height of the soil at a place
  leg,           ///< `x` `y` `z`: where one leg of a move goes; `value`: the next leg, 0 if this is the last
  pin,           ///< `value`: the pin behind a name
  pin_value,     ///< `value`: the last known value of the pin behind a name, NaN if unknown
  pin_was_read,  ///< a pin has been read: log and sensor readings
  lua,           ///< runs Lua; `value`: the number that it returned, where one is wanted
  assertion,     ///< evaluates an assertion; `value`: 1 if it holds, 0 if not and the sequence goes on
  update,        ///< changes properties of a resource
  script,        ///< runs an installed package, or takes a photo
  note,          ///< a line for the log of those who want to see every step
  abort,         ///< ends the process as failed
};

struct HostCallRow {
  HostCall call;
  std::string_view name;
  std::span<const wasm::ValueType> parameters;
  std::string_view parameter_names;  ///< for documents
};
inline constexpr std::string_view host_space = "VM";
std::span<const HostCallRow> host_calls() noexcept;
const HostCallRow& row_of(HostCall call) noexcept;

/// What VM.EVALUATE's operand is used as.
enum class OperandUse : std::int32_t { operand, location };
/// What comes of VM.LUA's values.
enum class LuaUse : std::int32_t { step, number };
/// A leg's number carries this where the move goes up, as the first leg found.
inline constexpr std::int32_t leg_goes_up = 16;

/// Namespace, and the long name behind its point.
ImportName import_name(const protocol::Operation& operation) noexcept;

/// Whether a sequence can ask for the operation: the SYS operations whose fields are all numbers, choices,
/// truth values or texts, and REGISTER.READ.
bool importable(const protocol::Operation& operation) noexcept;

/// The parameters, in the order of the operation's fields: f64 for `number` and `any`, i32 for `integer`,
/// `choice` and `boolean`, an i32 handle into the program's texts for `text`, the same for `texts` where
/// the text is a JSON array. REGISTER.READ takes one handle, the register's name: the host keeps the ids.
std::vector<wasm::ValueType> import_parameters(const protocol::Operation& operation);

/// What an import stands for.
struct ImportTarget {
  const protocol::Operation* operation = nullptr;  ///< nullptr: a call of the host
  HostCall call = HostCall::execute;
};

/// nullopt: no such import, or not with these parameters.
std::optional<ImportTarget> find_import(const wasm::Import& import);

/// find_import() as a wasm::HostCall asks it.
bool offers(const wasm::Import& import) noexcept;

}  // namespace celeriac::celeryscript
