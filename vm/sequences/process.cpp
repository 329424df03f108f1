#include "vm/sequences/process.hpp"

#include <array>

namespace celeriac::vm {

std::string_view name(State state) noexcept {
  constexpr std::array<std::string_view, 7> names{"ready", "running", "waiting", "paused",
                                                  "done",  "failed",  "killed"};
  return names[static_cast<std::size_t>(state)];
}

std::string Process::path() const {
  if (ended() || top.code == nullptr) return error != nullptr ? error->path : std::string();
  const auto step = top.node != celeryscript::end ? top.node : top.next;
  return step == celeryscript::end || top.code->program().steps.empty() ? std::string()
                                                                        : top.code->node_of(step).pointer;
}

}  // namespace celeriac::vm
