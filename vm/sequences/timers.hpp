#pragma once
// One structure for the timers of all processes: a heap of deadlines. Its owner asks for the next deadline,
// and takes what is due when the time has come; so it runs on any clock.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "vm/sequences/process.hpp"

namespace celeriac::vm {

using Time = std::chrono::steady_clock::time_point;

class Timers {
 public:
  void add(Time deadline, Ticket ticket);
  /// A timer whose ticket is not waited for any more: only counted, and swept out when those are the most.
  template <class Alive>
  void dropped(Alive alive);
  [[nodiscard]] std::optional<Time> next() const;
  /// Takes the earliest one that is due.
  std::optional<Ticket> take_due(Time now);
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

 private:
  struct Timer {
    Time deadline;
    Ticket ticket;
  };
  static bool later(const Timer& a, const Timer& b) { return a.deadline > b.deadline; }

  std::vector<Timer> heap_;
  std::size_t dropped_ = 0;
};

template <class Alive>
void Timers::dropped(Alive alive) {
  // Killed processes leave their timers behind; a sweep at half keeps the heap within twice the live ones.
  constexpr std::size_t least = 1024;
  if (++dropped_ < least || dropped_ * 2 < heap_.size()) return;
  std::erase_if(heap_, [&](const Timer& timer) { return !alive(timer.ticket); });
  std::make_heap(heap_.begin(), heap_.end(), later);
  dropped_ = 0;
}

}  // namespace celeriac::vm
