#pragma once
// Operations as imports of a compiled sequence. The signatures are made from the operation table, so that
// compiler and host agree without saying anything twice.

#include <optional>
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

/// Runs another sequence: (i32 sequence id). The step index that the micro-step returns is where the caller
/// goes on afterwards; where that is `end`, nothing of the caller is needed any more. Not in the operation
/// table: no frame carries it.
inline constexpr ImportName execute_import{"VM", "EXECUTE"};

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
  const protocol::Operation* operation = nullptr;  ///< nullptr: VM.EXECUTE
};

/// nullopt: no such import, or not with these parameters.
std::optional<ImportTarget> find_import(const wasm::Import& import);

/// find_import() as a wasm::HostCall asks it.
bool offers(const wasm::Import& import) noexcept;

}  // namespace celeriac::celeryscript
