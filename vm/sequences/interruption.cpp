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

Interruption sudden_interruption_of(const Process& process) {
  return {.id = process.id,
          .code = process.code_id,
          .name = process.given_name ? *process.given_name : *process.code_name,
          .steps = process.steps,
          .started_ms = process.started_ms,
          .between_steps = false,
          .sudden = true};
}

std::string sentence(const Interruption& it) {
  const std::string name = it.name.empty() ? std::string() : std::format(", \"{}\",", it.name);
  if (it.sudden)
    return std::format("Process {}{} was cut off somewhere in its {} step{}.", number(it.id), name, it.steps,
                       it.steps == 1 ? "" : "s");
  const std::string node = it.kind.empty() ? it.path : std::format("{}, {}", it.path, it.kind);
  const std::string place = node.empty() ? std::string() : std::format(" ({})", node);
  if (it.between_steps)
    return std::format("Process {}{} stopped before step {} of {}{}.", number(it.id), name, it.step, it.steps,
                       place);
  return std::format("Process {}{} was cut off in step {} of {}{}.", number(it.id), name, it.step, it.steps,
                     place);
}

protocol::Error interrupted(const Interruption& it) {
  const std::string_view why = it.sudden ? " The host ended without warning (a power failure, or a crash)"
                                         : " The host was stopped meanwhile";
  return {.status = protocol::Status::cancelled,
          .message = std::format("{}{}; nothing goes on by itself: start it anew.", sentence(it), why),
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
                    {"between_steps", each.between_steps},
                    {"sudden", each.sudden}});
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
                      .between_steps = each.at("between_steps").get<bool>(),
                      .sudden = each.value("sudden", false)});
    } catch (const nlohmann::json::exception&) {
      continue;
    }
  }
  return list;
}

}  // namespace celeriac::vm
