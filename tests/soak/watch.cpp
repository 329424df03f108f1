#include "watch.hpp"

#include <algorithm>
#include <chrono>
#include <format>
#include <string_view>
#include <utility>

#include "firmware-sim/faults/plan.hpp"

namespace celeriac::soak {
namespace {

using firmware_sim::FaultKind;
using hal::firmware::LinkState;
using hal::firmware::Severity;

constexpr std::string_view fault_prefix = "fault: ";
constexpr std::size_t enough_violations = 20;

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

/// Faults after which the link has to be given time.
constexpr bool troubles_line(FaultKind kind) {
  return kind < FaultKind::end_stop || kind == FaultKind::slow;
}

}  // namespace

Watch::Watch(House& house) : house_(house) {
  house.on_event = [this](std::string_view text) {
    if (text.starts_with(fault_prefix)) hear_fault(text.substr(fault_prefix.size()));
  };
  house.on_log = [this](Severity severity, std::string_view text) {
    const bool asked_for = text.find("by request") != std::string_view::npos;
    if (asked_for || severity == Severity::warn || severity == Severity::error)
      last_complaint_ = house_.now();
    if (text.find("defect") != std::string_view::npos) violation(std::format("a defect: {}", text));
  };
  ready_since_ = house.now();
}

Watch::~Watch() {
  house_.on_event = [](std::string_view) {};
  house_.on_log = [](auto, auto) {};
}

void Watch::hypervisor_restarted() {
  last_state_ = LinkState::closed;
}

void Watch::violation(std::string text) {
  house_.note("soak", "VIOLATION: " + text);
  if (violations_.size() < enough_violations) violations_.push_back(std::move(text));
}

void Watch::hear_fault(std::string_view text) {
  const auto rule = firmware_sim::parse_fault_rule(text);
  if (!rule) return violation(std::format("a fault that cannot be written down: {}", text));
  ++figures_.faults;
  ++figures_.faults_by_kind[std::string(row_of(rule->fault.kind).name)];
  if (!troubles_line(rule->fault.kind)) return;
  const auto lasting =
      std::chrono::duration_cast<Duration>(rule->fault.lasting.value_or(std::chrono::seconds(1)));
  const auto late = std::chrono::duration_cast<Duration>(rule->fault.by);
  line_troubled_until_ = std::max(line_troubled_until_, house_.now() + lasting + late);
}

void Watch::client_gone(std::size_t client) {
  if (client < outputs_.size()) outputs_[client].orphan_since = house_.now();
}

void Watch::client_wants(std::size_t client) {
  if (client < outputs_.size()) outputs_[client].orphan_since.reset();
}

void Watch::machine_failed(Instant since, std::string_view what) {
  ++figures_.machine_failures;
  if (last_complaint_ < since) violation(std::format("the log does not name a failure: {}", what));
}

void Watch::look() {
  look_at_link();
  for (std::size_t i = 0; i < outputs_.size(); ++i) look_at_output(i);
}

void Watch::look_at_link() {
  const Instant now = house_.now();
  const LinkState state = house_.state();
  if (state != last_state_) {
    if (last_state_ == LinkState::ready) {
      ++figures_.link_losses;
      // Whoever reads the log learns when and why the machine was away.
      if (now - last_complaint_ > std::chrono::seconds(1))
        violation(std::format("the link went from ready to {} and the log says nothing", name(state)));
    }
    last_state_ = state;
  }
  if (state == LinkState::ready) {
    if (not_ready_since_) {
      ready_since_ = now;
      const Instant from = std::max(*not_ready_since_, line_troubled_until_);
      if (now > from) figures_.worst_recovery_s = std::max(figures_.worst_recovery_s, seconds(now - from));
    }
    not_ready_since_.reset();
    not_ready_told_ = false;
    return;
  }
  if (!not_ready_since_) not_ready_since_ = now;
  const Instant from = std::max(*not_ready_since_, line_troubled_until_);
  if (now > from + recovery && !std::exchange(not_ready_told_, true))
    violation(std::format("the link is {} for {:.0f} s although the line is in order", name(state),
                          seconds(now - from)));
}

void Watch::look_at_output(std::size_t which) {
  OutputWatch& output = outputs_[which];
  const int pin = outputs[which];
  const Instant now = house_.now();
  if (!house_.twin().board().pin(pin)) {
    output.on_since.reset();
    output.told = false;
    return;
  }
  if (!output.on_since) output.on_since = now;
  figures_.worst_on_s = std::max(figures_.worst_on_s, seconds(now - *output.on_since));
  if (output.told) return;
  // While the line is out of order nobody can switch it off but the board itself.
  const bool in_order = house_.state() == LinkState::ready && now > line_troubled_until_;
  if (!in_order) return;
  const Instant healthy = std::max({ready_since_, line_troubled_until_});
  const Instant since = std::max(*output.on_since, healthy);
  if (now > since + longest_on + switching_off) {
    output.told = true;
    violation(std::format("pin {} is on for {:.0f} s", pin, seconds(now - *output.on_since)));
  }
  if (output.orphan_since && now > std::max(*output.orphan_since, healthy) + switching_off) {
    output.told = true;
    violation(std::format("pin {} is on although who switched it on is gone for {:.0f} s", pin,
                          seconds(now - *output.orphan_since)));
  }
}

}  // namespace celeriac::soak
