#pragma once
// Who is alive. A holder that has sent one keep-alive has to go on while it holds anything: its silence ends
// what it holds. One that holds nothing may rest, so that an idle machine wakes nobody.
//
//   never heard ──keep-alive──► alive ──1 s of silence, holds something──► lapsed: on_lapsed, forgotten
//                               ▲ ▲ └──1 s of silence, holds nothing──► resting
//                               │ └──any request of its own, the silence counts from there──┘ │
//                               └─────────────────keep-alive──────────────────────────────────┘

#include <functional>
#include <map>
#include <memory>

#include "hal/outcome.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::safety {

/// Silence that ends a lease.
inline constexpr std::chrono::milliseconds lease_time{1000};
/// Holders with a keep-alive, of all sessions together.
inline constexpr std::size_t max_leases = 4096;

class Leases {
 public:
  /// `on_lapsed` is called from the event loop; of a session's own lapse (number 0) too. `holds` tells
  /// whether somebody's silence would end anything.
  Leases(Timers& timers, std::function<bool(Holder)> holds, std::function<void(Holder)> on_lapsed)
      : timers_(timers), holds_(std::move(holds)), on_lapsed_(std::move(on_lapsed)) {}

  /// Status::overloaded beyond max_leases.
  protocol::Result<void> keep_alive(Holder holder);
  /// It has asked for something: where it rests, or its session does, silence counts from now on.
  void wake(Holder holder);
  /// They have ended: nothing lapses any more.
  void forget(const Holders& holders);
  [[nodiscard]] std::size_t size() const noexcept { return alive_.size(); }

 private:
  struct Lease {
    Instant until;
    std::unique_ptr<Timer> timer;  ///< none while it rests
  };
  void arm(Holder holder, Lease& lease);
  void ring(Holder holder);

  Timers& timers_;
  std::function<bool(Holder)> holds_;
  std::function<void(Holder)> on_lapsed_;
  std::map<Holder, Lease> alive_;
};

}  // namespace celeriac::hal::safety
