#pragma once
// What a compiled sequence holds beside its module: the tables that the i32 handles of imports index.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "celeryscript/values.hpp"

namespace celeriac::celeryscript {

/// Place in one of the tables; no_handle: nothing.
using Handle = std::int32_t;
inline constexpr Handle no_handle = -1;

/// A `parameter_declaration`, or a `variable_declaration`, whose value wins over whatever is passed.
struct Declaration {
  Variable variable;
  bool fixed = false;
};

/// A `named_pin`: `Peripheral` or `Sensor`, and its id.
struct PinName {
  std::string type;
  std::int64_t id = 0;
  friend bool operator==(const PinName&, const PinName&) = default;
};

struct Assertion {
  Handle script = no_handle;  ///< in `scripts`
  std::string type;           ///< "abort", "abort_recover", "continue", "recover"
  std::string header;         ///< of its lines in the log: the comment in brackets, "[Assertion]"
};

/// An `update_resource`: what, and the properties to change in their order. A label may be "meta.color";
/// texts are templates as those of messages.
struct ResourceUpdate {
  DataValue resource;  ///< an Identifier, a PointReference or a ResourceReference
  std::vector<std::pair<std::string, nlohmann::json>> properties;
};

/// An `execute_script` or `take_photo`: the package, and variables of its environment.
struct ScriptCall {
  std::string label;
  std::vector<std::pair<std::string, std::string>> environment;
};

struct Tables {
  std::vector<std::string> texts;
  std::vector<Scope> applications;  ///< of VM.EXECUTE; values may be Identifiers of the caller's scope
  std::vector<DataValue> operands;
  std::vector<PinName> pins;
  std::vector<std::string> scripts;  ///< Lua
  std::vector<Assertion> assertions;
  std::vector<ResourceUpdate> updates;
  std::vector<ScriptCall> calls;
};

}  // namespace celeriac::celeryscript
