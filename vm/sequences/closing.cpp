#include "vm/sequences/closing.hpp"

#include <utility>

namespace celeriac::vm {

std::vector<ProcessId> Closing::in_progress() {
  std::vector<ProcessId> found;
  loop_.table().each([&](const Process& process) {
    if (process.in_progress()) found.push_back(process.id);
  });
  return found;
}

Answer Closing::when(void (Closing::*then)()) {
  return {.give =
              [this, then, alive = alive_](const protocol::Result<void>&) {
                if (*alive) (this->*then)();
              },
          .abandoned = [] { return false; }};
}

void Closing::interrupt(const Process& process) {
  auto interruption = interruption_of(process);
  if (loop_.interrupt(process.id, interrupted(interruption)))
    interruptions_.push_back(std::move(interruption));
}

void Closing::begin(std::chrono::milliseconds patience, Done done) {
  done_ = std::move(done);
  loop_.close();
  const auto ids = in_progress();
  restless_ = ids.size() + 1;  // this call is one of them
  for (const auto id : ids) {
    Process* process = loop_.table().find(id);
    if (process != nullptr && process->waiting == Waiting::timer && !process->killing) {
      interrupt(*process);
      rested();
    } else {
      loop_.pause(id, when(&Closing::rested));
    }
  }
  after_(patience, [this, alive = alive_] {
    if (*alive) end_all();
  });
  rested();
}

void Closing::rested() {
  if (--restless_ != 0) return;
  // Not from inside the step loop's answer, which still works on the process.
  after_(std::chrono::milliseconds(0), [this, alive = alive_] {
    if (*alive) end_all();
  });
}

void Closing::end_all() {
  if (std::exchange(ending_, true)) return;
  const auto ids = in_progress();
  dying_ = ids.size() + 1;
  for (const auto id : ids) {
    Process* process = loop_.table().find(id);
    if (process == nullptr || process->ended()) {
      gone();
    } else if (process->state == State::paused && process->call == 0) {
      interrupt(*process);
      gone();
    } else {
      interruptions_.push_back(interruption_of(*process));
      loop_.kill(id, when(&Closing::gone));
    }
  }
  gone();
}

void Closing::gone() {
  if (--dying_ == 0) done_(std::move(interruptions_));
}

}  // namespace celeriac::vm
