#pragma once
// Hold-to-move: a motion that lives only as long as its client renews it, whatever the client's network does.
//
//   still ──first request──► moving ──renewed within 200 ms──► moving
//     ▲                        │ not renewed · direction 0 · another direction (which then starts)
//     │                        ▼
//     └──the board has ended── stopping ('@')
//
// Pure: it decides, the hypervisor starts and stops the motion. One jog at a time, of one holder.

#include <memory>
#include <optional>

#include "hal/firmware/axis.hpp"
#include "hal/outcome.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::motion {

/// A jog that is not renewed for this long stops.
inline constexpr std::chrono::milliseconds jog_lease{200};
/// How far one goes at most where the axis' end is not known, in mm.
inline constexpr double jog_reach_mm = 1000;

/// Where to: -1, 0 or 1 for each axis, and how fast.
struct JogWay {
  PerAxis<int> direction{};
  double percent = 100;

  [[nodiscard]] bool still() const noexcept { return direction == PerAxis<int>{}; }
  bool operator==(const JogWay&) const = default;
};

class Jog {
 public:
  struct Actions {
    std::function<void(Owner, const JogWay&)> start;  ///< answers with ended(), also if it cannot begin
    std::function<void()> stop;
  };
  Jog(Timers& timers, Actions actions) : lease_(timers.make()), actions_(std::move(actions)) {}

  /// A request of a client. `busy`: the machine is at work for somebody else. Errors: wrong_state, or what
  /// ended the motion since the last renewal.
  protocol::Result<void> request(Owner owner, const JogWay& way, bool busy);
  /// The motion has ended, by itself or because it was stopped.
  void ended(const Outcome& outcome);
  /// These holders have ended: so does their jog.
  void release(const Holders& holders);

  [[nodiscard]] bool active() const noexcept { return now_.has_value(); }
  [[nodiscard]] bool active_of(const Holders& holders) const noexcept {
    return now_ && holders.contains(now_->owner.who());
  }

 private:
  struct Now {
    Owner owner;
    JogWay way;
    bool moving = false;
    std::optional<JogWay> next = {};              ///< another direction, once this one has stopped
    std::optional<protocol::Error> failure = {};  ///< of the motion, told at the next renewal
    bool over = false;                            ///< nothing starts any more
  };
  void begin();
  void stop();

  std::unique_ptr<Timer> lease_;
  Actions actions_;
  std::optional<Now> now_;
};

}  // namespace celeriac::hal::motion
