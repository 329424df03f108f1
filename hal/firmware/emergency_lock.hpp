#pragma once
// The emergency lock as the host holds it. It survives the board, the cable and the link: once engaged, only
// a person's unlock ends it.
//
//   open ──engage()──► engaged, unconfirmed ──R87 / R03 V1──► engaged, confirmed ──release()──► open
//                            ▲  'E' every 100 ms                    │ R00: the board has forgotten it
//                            └──────────────────────────────────────┘

#include <chrono>
#include <cstdint>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::firmware {

/// The stop byte, and a line end that makes an idle board answer at once (R87 Q0).
inline constexpr std::string_view stop_bytes = "E\r\n";
/// The board is deaf at the end of a move and during a pulse: the byte is repeated until it is seen.
inline constexpr std::chrono::milliseconds stop_repeat{100};
/// Callers that wait for the board's confirmation at once; more are answered at once.
inline constexpr std::size_t max_lock_waiters = 1024;

class EmergencyLock {
 public:
  using Completion = std::move_only_function<void(protocol::Result<void>)>;

  [[nodiscard]] bool engaged() const noexcept { return engaged_; }
  [[nodiscard]] bool confirmed() const noexcept { return confirmed_; }
  /// Milliseconds since 1970; 0 while open.
  [[nodiscard]] std::int64_t since() const noexcept { return since_; }

  /// True if it was open.
  bool engage() {
    confirmed_ = false;
    ++engagements_;
    if (engaged_) return false;
    engaged_ = true;
    since_ = protocol::now_milliseconds();
    return true;
  }
  /// It was engaged in an earlier run, at this time.
  void take_up(std::int64_t since) {
    engage();
    since_ = since;
  }
  /// How often it has been asked for: an unlock that is overtaken by a new stop does not count.
  [[nodiscard]] std::uint64_t engagements() const noexcept { return engagements_; }
  void unconfirm() noexcept { confirmed_ = false; }
  void release() noexcept { engaged_ = confirmed_ = false, since_ = 0; }
  /// The board has shown that it is locked.
  void confirm() {
    confirmed_ = true;
    answer({});
  }
  /// Calls it when the board confirms, or answer() tells otherwise.
  void wait(Completion completion) {
    if (confirmed_ || waiters_.size() >= max_lock_waiters) return completion({});
    waiters_.push_back(std::move(completion));
  }
  void answer(const protocol::Result<void>& result) {
    for (auto& waiter : std::exchange(waiters_, {})) waiter(result);
  }

 private:
  bool engaged_ = false;
  bool confirmed_ = false;
  std::int64_t since_ = 0;
  std::uint64_t engagements_ = 0;
  std::vector<Completion> waiters_;
};

}  // namespace celeriac::hal::firmware
