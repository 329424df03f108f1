#pragma once
// What steps say in the log when they begin: FarmBot OS's lines.

#include <optional>
#include <string>

#include "protocol/document.hpp"
#include "protocol/operations.hpp"

namespace celeriac::vm {

struct StepLine {
  std::string text;
  bool forced = true;  ///< otherwise only for those who want to see every step
  std::string_view type = "info";
  int verbosity = 2;
};

/// The line for an operation with these fields; nullopt: it says nothing.
std::optional<StepLine> line_of(const protocol::Operation& operation, const protocol::Json& fields);

/// Whether line_of() has something to say: saves reading the fields.
bool has_line(const protocol::Operation& operation) noexcept;

}  // namespace celeriac::vm
