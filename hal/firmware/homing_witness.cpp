#include "hal/firmware/homing_witness.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace celeriac::hal::firmware {
namespace {

constexpr std::string_view displaced = "homing displaced";

// A number at the front, which is taken away with the blanks before it.
std::optional<double> take_number(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// "homing displaced X 8 / 1 Y 0 / 0 Z 0 / 0": steps / mm; that of y has "X 1 Y 0 Z 0 M 5 M 5": mm.
std::optional<double> displaced_mm(std::string_view text, Axis axis) {
  const auto at = text.find(std::string{' ', letter(axis), ' '});
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + 3);
  const auto first = take_number(text);
  if (!text.starts_with(" / ")) return first;
  text.remove_prefix(3);
  return take_number(text);
}

}  // namespace

void HomingWitness::take(const Reply& reply, Instant now) {
  if (reply.code == Code::text && reply.text.starts_with(displaced)) {
    if (const auto mm = displaced_mm(reply.text, axis_)) beyond_mm_ = std::max(beyond_mm_, std::abs(*mm));
  }
  if (approached_) return;
  if (reply.code == Code::axis_state && !last_ && from_mm_) last_ = Sample{*from_mm_, now};
  if (reply.code == Code::position)
    if (const auto mm = reply.word(letter(axis_))) before_ = std::exchange(last_, Sample{*mm, now});
  if (reply.code == Code::text && reply.text == "stopped") {
    approached_ = true;
    early_mm_ = early(now);
    // Where the first segment runs past 0 itself (z), its last report tells how far at least.
    if (last_ && from_mm_ && *from_mm_ * last_->mm < 0) beyond_mm_ = std::abs(last_->mm);
  }
}

// Where the count would have been when the motor stopped, if it had gone on as between the last two reports.
// An axis slows down toward 0, so one that arrives there in order comes out at 0 or past it.
double HomingWitness::early(Instant stopped) const noexcept {
  if (!last_ || !from_mm_ || *from_mm_ * last_->mm <= 0) return 0;
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  const double left = std::abs(last_->mm);
  if (!before_) return left;  // stopped before its first report: it has hardly moved
  const double time = seconds(last_->time - before_->time);
  if (time <= 0) return 0;
  const double speed = std::max(0.0, (std::abs(before_->mm) - left) / time);
  return std::max(0.0, left - speed * seconds(stopped - last_->time));
}

double HomingWitness::displacement_mm() const noexcept {
  return early_mm_ > 0 ? early_mm_ : -beyond_mm_;
}

}  // namespace celeriac::hal::firmware
