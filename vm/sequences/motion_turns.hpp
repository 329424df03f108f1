#pragma once
// One program owns motion at a time: from its first motion operation until it ends, paused or not. Others
// that want to move stand in line.
//
// Only programs take part. A person who jogs through a client's own request does not: that is how a bot is
// nudged while its program is paused.

#include <algorithm>
#include <deque>

#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

class MotionTurns {
 public:
  [[nodiscard]] ProcessId owner() const noexcept { return owner_; }

  /// True if `process` owns motion now; otherwise it stands in line.
  bool take(ProcessId process) {
    if (owner_ == no_process) owner_ = process;
    if (owner_ == process) return true;
    if (std::ranges::find(line_, process) == line_.end()) line_.push_back(process);
    return false;
  }
  /// Leaves the line.
  void leave(ProcessId process) { std::erase(line_, process); }
  /// Gives motion up; returns the new owner, or no_process.
  ProcessId release() {
    owner_ = no_process;
    if (line_.empty()) return owner_;
    owner_ = line_.front();
    line_.pop_front();
    return owner_;
  }
  /// The owner's motion becomes another's, past the line.
  void hand_over(ProcessId process) {
    leave(process);
    owner_ = process;
  }
  /// Everybody is sent home.
  void clear() {
    owner_ = no_process;
    line_.clear();
  }

 private:
  ProcessId owner_ = no_process;
  std::deque<ProcessId> line_;  // at most one entry a process
};

}  // namespace celeriac::vm
