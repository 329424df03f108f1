#include "vm/sequences/interruption.hpp"

#include <format>

#include "vm/sequences/process_document.hpp"

namespace celeriac::vm {

Interruption interruption_of(const Process& process) {
  const auto shown = document(process, no_process);
  return {.id = process.id,
          .code = process.code_id,
          .name = shown.at("name").get<std::string>(),
          .path = shown.at("path").get<std::string>(),
          .kind = shown.at("kind").get<std::string>(),
          .step = shown.at("step").get<std::uint32_t>(),
          .steps = process.steps,
          .nodes_done = process.nodes_done,
          .started_ms = process.started_ms,
          .between_steps = process.state == State::paused && process.call == 0};
}

std::string sentence(const Interruption& it) {
  const std::string name = it.name.empty() ? std::string() : std::format(", \"{}\",", it.name);
  const std::string node = it.kind.empty() ? it.path : std::format("{}, {}", it.path, it.kind);
  const std::string place = node.empty() ? std::string() : std::format(" ({})", node);
  if (it.between_steps)
    return std::format("Process {}{} stopped before step {} of {}{}.", number(it.id), name, it.step, it.steps,
                       place);
  return std::format("Process {}{} was cut off in step {} of {}{}.", number(it.id), name, it.step, it.steps,
                     place);
}

protocol::Error interrupted(const Interruption& it) {
  return {
      .status = protocol::Status::cancelled,
      .message = sentence(it) + " The host was stopped meanwhile; nothing goes on by itself: start it anew.",
      .path = it.path,
      .code = "interrupted"};
}

nlohmann::json to_json(const std::vector<Interruption>& interruptions) {
  auto list = nlohmann::json::array();
  for (const auto& each : interruptions) {
    if (list.size() >= max_interruptions) break;
    list.push_back({{"id", number(each.id)},
                    {"code", number(each.code)},
                    {"name", each.name},
                    {"path", each.path},
                    {"kind", each.kind},
                    {"step", each.step},
                    {"steps", each.steps},
                    {"nodes_done", each.nodes_done},
                    {"started", each.started_ms},
                    {"between_steps", each.between_steps}});
  }
  return list;
}

std::vector<Interruption> interruptions_of(const nlohmann::json& document) {
  std::vector<Interruption> list;
  if (!document.is_array()) return list;
  for (const auto& each : document) {
    if (list.size() >= max_interruptions) break;
    try {
      list.push_back({.id = ProcessId{each.at("id").get<std::uint16_t>()},
                      .code = CodeId{each.at("code").get<std::uint16_t>()},
                      .name = each.at("name").get<std::string>(),
                      .path = each.at("path").get<std::string>(),
                      .kind = each.at("kind").get<std::string>(),
                      .step = each.at("step").get<std::uint32_t>(),
                      .steps = each.at("steps").get<std::uint32_t>(),
                      .nodes_done = each.at("nodes_done").get<std::uint32_t>(),
                      .started_ms = each.at("started").get<std::int64_t>(),
                      .between_steps = each.at("between_steps").get<bool>()});
    } catch (const nlohmann::json::exception&) {
      continue;
    }
  }
  return list;
}

}  // namespace celeriac::vm
