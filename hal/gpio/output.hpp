#pragma once
// A line that is driven: on, off, or blinking.
//
//   missing ──find(): takes it with what it is to show──► ours ──(cannot be written)──► missing

#include <functional>
#include <memory>
#include <string>

#include "hal/gpio/blink.hpp"
#include "hal/gpio/chips.hpp"
#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::gpio {

class Output {
 public:
  /// `changed`: what it shows, or the trouble. All references must outlive it.
  Output(LineSpec spec, Timers& timers, Chips& chips, std::function<void(const Output&)> changed);

  /// Looks for a missing line.
  void find();
  /// From now on; a line that is off does not blink. Status::offline if the line is missing: it shows this
  /// when it is there.
  protocol::Result<void> show(bool on, Blink blink = Blink::off);
  [[nodiscard]] const LineSpec& spec() const noexcept { return spec_; }
  /// What it was told, not which half of a blink it is in.
  [[nodiscard]] bool on() const noexcept { return on_; }
  [[nodiscard]] Blink blink() const noexcept { return blink_; }
  /// Why it is missing; "" while it is ours, and before it was looked for.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  void apply();
  void miss(std::string trouble);

  LineSpec spec_;
  Chips& chips_;
  std::function<void(const Output&)> changed_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<DrivenLine> line_;
  bool on_;
  Blink blink_ = Blink::off;
  bool lit_ = false;  // in a blink: the half it is in
  std::string trouble_;
};

}  // namespace celeriac::hal::gpio
