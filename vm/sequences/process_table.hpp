#pragma once
// All processes by id. Records come from a pool and go back to it, so that starting one allocates nothing; an
// ended one can be asked for until 1,024 newer ones have ended, and its id is free only then.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "vm/sequences/process.hpp"

namespace celeriac::vm {

/// Ended processes that are remembered.
inline constexpr std::size_t max_ended = 1024;
/// Processes that have not ended. With the ended ones they leave ids free.
inline constexpr std::size_t max_processes = 60'000;
/// Numbers above it are guests'.
inline constexpr std::uint16_t last_sequence_process = 61'439;
static_assert(max_processes + max_ended < last_sequence_process);

class ProcessTable {
 public:
  /// A record in state ready with an id of its own; nullptr if there are max_processes.
  Process* make();
  /// The next one made gets the first free number from this one on.
  void go_on_from(ProcessId id) noexcept { last_id_ = static_cast<std::uint16_t>(number(id) - 1); }
  /// nullptr if there is none, or none any more.
  [[nodiscard]] Process* find(ProcessId id) noexcept {
    const auto& page = pages_[number(id) / page_size];
    return page ? (*page)[number(id) % page_size] : nullptr;
  }
  /// Called once for a process that has ended: it is remembered, and the oldest one beyond the bound
  /// forgotten.
  void ended(Process& process);
  /// Before a record is forgotten.
  void on_forget(std::function<void(Process&)> hook) { forgetting_ = std::move(hook); }

  /// Processes that have not ended.
  [[nodiscard]] std::size_t live() const noexcept { return live_; }
  /// By id, the ended ones included. `visit` may end processes, but not make any.
  void each(const std::function<void(Process&)>& visit);

 private:
  static constexpr std::size_t page_size = 256;
  using Page = std::array<Process*, page_size>;

  Process*& slot(ProcessId id);
  void forget(Process& process);

  std::array<std::unique_ptr<Page>, 65536 / page_size> pages_;
  std::deque<Process> records_;  // addresses stay
  std::vector<Process*> free_;
  std::deque<ProcessId> ended_;  // the oldest first
  std::size_t live_ = 0;
  std::uint16_t last_id_ = 0;
  std::function<void(Process&)> forgetting_;
};

}  // namespace celeriac::vm
