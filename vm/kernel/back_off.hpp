#pragma once
// How long a process that ends again and again waits before it is started again: not at all after the first
// failure, then 1, 2, 4 … 600 s.
//
// A run was healthy if it lasted five times the present back-off (5 s at least), or 50 minutes; after one it
// begins anew. A process that has failed max_restarts times in a row stays down until somebody starts it.

#include <algorithm>
#include <chrono>
#include <optional>

namespace celeriac::vm {

class BackOff {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration base{1000}, longest{600'000}, healthy_at_most{50 * 60'000};
  /// Unhealthy runs in a row before it is given up: about three days of 600 s each.
  static constexpr int max_restarts = 500;

  /// It has ended after running this long: when to start it again; nullopt: not any more.
  std::optional<Duration> ended(Duration uptime) {
    if (uptime >= std::min(5 * std::max(present_, base), healthy_at_most)) {
      failures_ = 0;
      present_ = Duration::zero();
    }
    if (++failures_ > max_restarts) return std::nullopt;
    present_ = failures_ == 1   ? Duration::zero()
               : failures_ > 11 ? longest
                                : std::min<Duration>(base * (1 << (failures_ - 2)), longest);
    return present_;
  }

 private:
  int failures_ = 0;
  Duration present_ = Duration::zero();
};

}  // namespace celeriac::vm
