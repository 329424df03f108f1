#include "hal/gpio/output.hpp"

namespace celeriac::hal::gpio {

Output::Output(LineSpec spec, Timers& timers, Chips& chips, std::function<void(const Output&)> changed)
    : spec_(std::move(spec)),
      chips_(chips),
      changed_(std::move(changed)),
      timer_(timers.make()),
      on_(spec_.initial) {}

void Output::find() {
  if (line_) return;
  auto line = chips_.drive(spec_, on_);
  if (!line) return miss(std::move(line.error().message));
  line_ = std::move(*line);
  trouble_.clear();
  lit_ = on_;
  apply();
  changed_(*this);
}

protocol::Result<void> Output::show(bool on, Blink blink) {
  if (!on) blink = Blink::off;
  const bool news = on != on_ || blink != blink_;
  on_ = on;
  blink_ = blink;
  lit_ = on;
  if (line_) apply();
  if (news) changed_(*this);
  if (line_) return {};
  return protocol::fail(protocol::Status::offline,
                        trouble_.empty() ? "The line has not been looked for yet." : trouble_);
}

// Sets the level, and the alarm of the other half if it blinks.
void Output::apply() {
  timer_->cancel();
  if (const auto set = line_->set(lit_); !set) return miss(set.error().message);
  if (blink_ == Blink::off) return;
  const auto& pattern = pattern_of(blink_);
  timer_->set(lit_ ? pattern.on : pattern.off, [this] {
    lit_ = !lit_;
    apply();
  });
}

void Output::miss(std::string trouble) {
  timer_->cancel();
  line_.reset();
  if (trouble == trouble_) return;
  trouble_ = std::move(trouble);
  changed_(*this);
}

}  // namespace celeriac::hal::gpio
