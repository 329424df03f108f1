#include "vm/sequences/process_document.hpp"

#include <format>

namespace celeriac::vm {
namespace {

std::size_t memory_of(const Process& process) {
  std::size_t bytes = sizeof(Process) + process.callers.capacity() * sizeof(Frame);
  for (std::size_t depth = 0; depth < process.callers.size(); ++depth)
    if (process.callers[depth].variables)
      bytes += process.callers[depth].code->program().variables * sizeof(double);
  if (process.top.variables) bytes += process.top.code->program().variables * sizeof(double);
  if (process.owed) bytes += sizeof(Owed) + process.owed->size() * sizeof(Answer);
  if (process.error) bytes += sizeof(protocol::Error) + process.error->message.size();
  return bytes;
}

}  // namespace

std::string waiting_for(const Process& process, ProcessId motion_owner) {
  if (process.state != State::waiting) return {};
  switch (process.waiting) {
    case Waiting::operation:
    case Waiting::timer:
      return process.operation != nullptr ? std::string(process.operation->long_name)
                                          : std::string("an answer");
    case Waiting::position:
    case Waiting::value:
    case Waiting::gantry:
    case Waiting::leg:
    case Waiting::safe_height:
      return std::format("register {}", process.reg != nullptr ? *process.reg : std::string());
    case Waiting::motion:
      return std::format("motion, owned by process {}", number(motion_owner));
    case Waiting::code:
      return "a sequence that is being compiled";
    case Waiting::lua:
    case Waiting::lua_number:
    case Waiting::assertion:
      return "its Lua script";
    case Waiting::nothing:
      break;
  }
  return {};
}

nlohmann::json document(const Process& process, ProcessId motion_owner) {
  std::uint32_t step = process.last_step;
  if (const auto& bottom = process.bottom(); bottom.code != nullptr && !process.handed_over) {
    const auto at = bottom.node != celeryscript::end ? bottom.node : bottom.next;
    step = at == celeryscript::end ? process.steps : bottom.code->body_step(at);
    if (process.state == State::ready) step = 0;
  }
  const auto* node = process.node();
  nlohmann::json iteration;
  for (std::size_t depth = process.depth() + 1; depth-- > 0 && iteration.is_null();) {
    const Frame& frame = depth == process.depth() ? process.top : process.callers[depth];
    if (frame.iteration)
      iteration = {{"member", frame.iteration->at + 1}, {"members", frame.iteration->members.size()}};
  }
  return {{"id", number(process.id)},
          {"name", process.given_name ? *process.given_name : *process.code_name},
          {"code", number(process.code_id)},
          {"state", name(process.state)},
          {"path", process.path()},
          {"path_code", number(node != nullptr ? process.top.code_id : process.code_id)},
          {"kind", node != nullptr ? node->kind : std::string()},
          {"step", step},
          {"steps", process.steps},
          {"steps_done", process.nodes_done},
          {"started", process.started_ms != 0 ? nlohmann::json(process.started_ms) : nlohmann::json()},
          {"cpu_us", process.cpu_ns / 1000},
          {"memory_bytes", memory_of(process)},
          {"waiting_for", waiting_for(process, motion_owner)},
          {"priority", process.priority},
          {"iteration", iteration},
          {"error", process.error ? process.error->document() : nlohmann::json()}};
}

}  // namespace celeriac::vm
