#include "vm/sequences/process.hpp"

#include <array>

namespace celeriac::vm {

std::string_view name(State state) noexcept {
  constexpr std::array<std::string_view, 7> names{"ready", "running", "waiting", "paused",
                                                  "done",  "failed",  "killed"};
  return names[static_cast<std::size_t>(state)];
}

const celeryscript::StepNode* Process::node() const {
  if (ended() || top.code == nullptr) return nullptr;
  const auto step = top.node != celeryscript::end ? top.node : top.next;
  if (step == celeryscript::end || top.code->program().steps.empty()) return nullptr;
  return &top.code->node_of(step);
}

std::string Process::path() const {
  if (const auto* present = node()) return present->pointer;
  return error != nullptr ? error->path : std::string();
}

}  // namespace celeriac::vm
