#pragma once
// A bound on how often something happens: `burst` at once, `per_second` in the long run.

#include <algorithm>
#include <chrono>

namespace celeriac::protocol {

class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Full at first. Both at least one.
  TokenBucket(double per_second, double burst) noexcept
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  /// Takes one token if there is one.
  bool take(Time now) noexcept {
    fill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  /// How long until take() succeeds; zero if it does now.
  std::chrono::nanoseconds wait(Time now) noexcept {
    fill(now);
    if (tokens_ >= 1) return std::chrono::nanoseconds(0);
    return std::chrono::ceil<std::chrono::nanoseconds>(
        std::chrono::duration<double>((1 - tokens_) / per_second_));
  }

 private:
  void fill(Time now) noexcept {
    if (now <= filled_) return;
    if (filled_ != Time{})
      tokens_ =
          std::min(burst_, tokens_ + per_second_ * std::chrono::duration<double>(now - filled_).count());
    filled_ = now;
  }

  double per_second_;
  double burst_;
  double tokens_;
  Time filled_{};
};

}  // namespace celeriac::protocol
