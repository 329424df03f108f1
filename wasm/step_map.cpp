#include "wasm/step_map.hpp"

#include <format>

#include "wasm/cursor.hpp"

namespace celeriac::wasm {
namespace {

constexpr std::uint32_t reads_inputs = 1, begins_node = 2, flag_bits = 2;

std::unexpected<protocol::Error> refuse(std::string_view section, const char* phrase) {
  return protocol::fail(protocol::Status::invalid_code,
                        std::format("The module's section \"{}\" cannot be read: {}.", section, phrase));
}

}  // namespace

Bytes encode_step_map(std::span<const StepNode> nodes, std::span<const Step> steps) {
  Bytes out;
  out.reserve(nodes.size() * 32 + steps.size() * 2 + 16);
  append_unsigned(out, step_map_format);
  append_unsigned(out, static_cast<std::uint32_t>(nodes.size()));
  for (const StepNode& node : nodes) {
    append_text(out, node.pointer);
    append_text(out, node.kind);
  }
  append_unsigned(out, static_cast<std::uint32_t>(steps.size()));
  for (const Step& step : steps) {
    append_unsigned(out, step.node << flag_bits | (step.begins_node ? begins_node : 0) |
                             (step.reads_inputs ? reads_inputs : 0));
  }
  return out;
}

Bytes encode_texts(std::span<const std::string> texts) {
  Bytes out;
  append_unsigned(out, static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) append_text(out, text);
  return out;
}

protocol::Result<StepMap> read_step_map(const ModuleView& module) {
  StepMap map;
  const auto contents = module.custom(steps_section);
  if (contents.empty()) return map;
  Cursor in(contents);
  if (in.unsigned32() != step_map_format) in.fail("it is of another format");
  const std::uint32_t nodes = in.count(2);
  for (std::uint32_t i = 0; i < nodes && in.ok(); ++i) {
    const std::string_view pointer = in.text();
    const std::string_view kind = in.text();
    map.nodes.push_back({std::string(pointer), std::string(kind)});
  }
  const std::uint32_t steps = in.count();
  for (std::uint32_t i = 0; i < steps && in.ok(); ++i) {
    const std::uint32_t packed = in.unsigned32();
    if (packed >> flag_bits >= map.nodes.size()) in.fail("a step belongs to no node");
    map.steps.push_back({.node = packed >> flag_bits,
                         .begins_node = (packed & begins_node) != 0,
                         .reads_inputs = (packed & reads_inputs) != 0});
  }
  if (in.ok() && map.steps.size() != module.steps.size()) in.fail("it tells of other steps than there are");
  if (!in.ok()) return refuse(steps_section, in.fault());
  return map;
}

protocol::Result<std::vector<std::string>> read_texts(const ModuleView& module) {
  std::vector<std::string> texts;
  const auto contents = module.custom(texts_section);
  if (contents.empty()) return texts;
  Cursor in(contents);
  const std::uint32_t count = in.count();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) texts.emplace_back(in.text());
  if (!in.ok()) return refuse(texts_section, in.fault());
  return texts;
}

}  // namespace celeriac::wasm
