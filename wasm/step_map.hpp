#pragma once
// The step map: the way from a micro-step to the place in the source, carried by the module itself.
//
// Custom section "celeriac.steps", all numbers unsigned LEB128, texts as length and UTF-8:
//   format           1
//   nodes            count, then for each: pointer (text), kind (text)
//   steps            count, then for each: node << 2 | begins_node << 1 | reads_inputs
// Custom section "celeriac.texts": count, then the texts; an i32 handle of an import is a place in it.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "wasm/leb128.hpp"
#include "wasm/reader.hpp"

namespace celeriac::wasm {

inline constexpr std::string_view steps_section = "celeriac.steps";
inline constexpr std::string_view texts_section = "celeriac.texts";
inline constexpr std::uint32_t step_map_format = 1;

/// A micro-step as the host sees it.
struct Step {
  std::uint32_t node;         ///< index into the nodes
  bool begins_node = false;   ///< pause, single step and lock checks happen before such a step
  bool reads_inputs = false;  ///< the host must set the input globals
  friend bool operator==(const Step&, const Step&) = default;
};

/// A node of the source that is executed, for status, debugger and errors.
struct StepNode {
  std::string pointer;  ///< JSON pointer into the document
  std::string kind;     ///< "move_absolute"
  friend bool operator==(const StepNode&, const StepNode&) = default;
};

struct StepMap {
  std::vector<StepNode> nodes;
  std::vector<Step> steps;
};

Bytes encode_step_map(std::span<const StepNode> nodes, std::span<const Step> steps);
Bytes encode_texts(std::span<const std::string> texts);

/// What the module's sections say; a module without them has an empty map and no texts.
/// Errors: `invalid_code`.
protocol::Result<StepMap> read_step_map(const ModuleView& module);
protocol::Result<std::vector<std::string>> read_texts(const ModuleView& module);

}  // namespace celeriac::wasm
