#include "firmware-sim/twin.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <format>
#include <span>
#include <utility>

#include "firmware-sim/faults/random_faults.hpp"

namespace celeriac::firmware_sim {
namespace {

/// Of one seed; rules have the streams from `first_rule_stream` on.
constexpr std::uint64_t twin_stream = 0;
constexpr std::uint64_t to_board_stream = 1;
constexpr std::uint64_t from_board_stream = 2;
constexpr std::uint64_t first_rule_stream = 16;

constexpr Duration usual_brown_out = std::chrono::milliseconds(500);
/// Of a line, for rules that look at its beginning.
constexpr std::size_t remembered_line = 128;
/// Faults that wait for their byte to arrive.
constexpr std::size_t max_scheduled = 10'000;

bool same_thing(const Fault& one, const Fault& other) {
  return one.kind == other.kind && one.axis == other.axis && one.end == other.end && one.pin == other.pin;
}

}  // namespace

/// `begin` is done at once, `settle` at once as well and again when a fault of this kind is over.
struct Twin::KindRow {
  FaultKind kind;
  void (Twin::*begin)(const Fault&, Instant);
  void (Twin::*settle)(const Fault&, Instant);
};

const Twin::KindRow& Twin::kind_row(FaultKind kind) {
  static constexpr auto rows = std::to_array<KindRow>({
      {FaultKind::silence, &Twin::begin_on_line, nullptr},
      {FaultKind::garbage, &Twin::begin_on_line, nullptr},
      {FaultKind::duplicate, &Twin::begin_on_line, nullptr},
      {FaultKind::drop, &Twin::begin_on_line, nullptr},
      {FaultKind::corrupt, &Twin::begin_on_line, nullptr},
      {FaultKind::delay, &Twin::begin_on_line, nullptr},
      {FaultKind::restart, &Twin::begin_restart, nullptr},
      {FaultKind::brown_out, &Twin::begin_brown_out, &Twin::settle_power},
      {FaultKind::unplug, &Twin::keep, &Twin::settle_power},
      {FaultKind::end_stop, &Twin::keep, &Twin::settle_switch},
      {FaultKind::obstacle, &Twin::keep, &Twin::settle_obstacle},
      {FaultKind::jam, &Twin::keep, &Twin::settle_jam},
      {FaultKind::load, &Twin::keep, &Twin::settle_load},
      {FaultKind::slow, &Twin::keep, &Twin::settle_speed},
      {FaultKind::encoder, &Twin::keep, &Twin::settle_encoder},
      {FaultKind::driver, &Twin::keep, &Twin::settle_driver},
  });
  return rows[static_cast<std::size_t>(kind)];
}

Twin::Twin(const TwinOptions& options, TwinSinks sinks)
    : sinks_(std::move(sinks)),
      seed_(options.seed),
      random_(seed_, twin_stream),
      to_board_(
          Direction::to_board, RandomSource(seed_, to_board_stream),
          [this](Instant at, std::string_view bytes) { deliver(Direction::to_board, at, bytes); },
          [this](Instant at, const Fault& fault) { hit(at, fault); }),
      from_board_(
          Direction::from_board, RandomSource(seed_, from_board_stream),
          [this](Instant at, std::string_view bytes) { deliver(Direction::from_board, at, bytes); },
          [this](Instant at, const Fault& fault) { hit(at, fault); }),
      board_(
          options.board,
          [this](Instant at, std::string_view text) { pass(Direction::from_board, to_world(at), text); },
          [this](Instant at, std::string_view text) { tell(to_world(at), text); }) {
  for (const FaultRule& rule : options.plan.rules) arm(rule, Instant{});
}

void Twin::tell(Instant at, std::string_view text) const {
  if (sinks_.events) sinks_.events(at, text);
}

void Twin::hit(Instant at, const Fault& fault) {
  ++faults_;
  tell(at, "fault by chance: " + text_of(fault));
}

// Rules

bool Twin::add(const FaultRule& rule, Instant now) {
  if (rule.trigger.kind == Trigger::Kind::at_once) {
    inject(rule.fault, now);
    return true;
  }
  std::erase_if(armed_, [](const Armed& each) { return each.spent; });
  if (armed_.size() >= FaultPlan::max_rules) return false;
  arm(rule, now);
  return true;
}

void Twin::arm(const FaultRule& rule, Instant now) {
  RandomSource random(seed_, first_rule_stream + rules_armed_++);
  if (rule.trigger.kind == Trigger::Kind::chance) {
    to_board_.add_chance(rule.fault, rule.trigger.probability, random);
    from_board_.add_chance(rule.fault, rule.trigger.probability, random);
    return;
  }
  Armed armed{.rule = rule, .random = random, .due = std::nullopt};
  if (rule.trigger.kind == Trigger::Kind::at) {
    armed.due = std::max(Instant(rule.trigger.time), now);
  } else if (!rule.trigger.on_line()) {
    armed.due = next_due(armed, now);
  }
  armed_.push_back(std::move(armed));
}

/// Nothing for rules that the clock does not bring back.
std::optional<Instant> Twin::next_due(Armed& armed, Instant after) {
  const Trigger& trigger = armed.rule.trigger;
  if (trigger.kind == Trigger::Kind::in || trigger.kind == Trigger::Kind::every) return after + trigger.time;
  if (trigger.kind != Trigger::Kind::about && trigger.kind != Trigger::Kind::random) return std::nullopt;
  const double wait = armed.random.wait(static_cast<double>(trigger.time.count()));
  return after + Duration(1 + std::llround(wait));
}

void Twin::fire_due(Instant now) {
  for (std::size_t i = 0; i < armed_.size(); ++i) {
    Armed& armed = armed_[i];
    while (!armed.spent && armed.due && *armed.due <= now) {
      const Trigger::Kind kind = armed.rule.trigger.kind;
      const Instant at = *armed.due;
      const bool draws = kind == Trigger::Kind::random;
      const Fault fault = draws ? random_fault(armed.random, armed.rule.kinds) : armed.rule.fault;
      armed.spent = kind == Trigger::Kind::at || kind == Trigger::Kind::in;
      armed.due = armed.spent ? std::nullopt : next_due(armed, at);
      inject(fault, at);
    }
  }
  while (!scheduled_.empty() && scheduled_.begin()->first <= now) {
    const auto [at, fault] = *scheduled_.begin();
    scheduled_.erase(scheduled_.begin());
    inject(fault, at);
  }
}

void Twin::schedule(const Fault& fault, Instant at) {
  if (scheduled_.size() < max_scheduled) scheduled_.emplace(at, fault);
}

std::optional<Instant> Twin::next_fault() const {
  std::optional<Instant> next;
  const auto consider = [&](Instant at) { next = std::min(next.value_or(at), at); };
  for (const Armed& armed : armed_) {
    if (armed.due && !armed.spent) consider(*armed.due);
  }
  if (!scheduled_.empty()) consider(scheduled_.begin()->first);
  for (const Ongoing& each : ongoing_) {
    if (each.until != Instant::max()) consider(each.until);
  }
  return next;
}

// Faults

void Twin::inject(const Fault& fault, Instant now) {
  ++faults_;
  tell(now, "fault: " + text_of(fault));
  const KindRow& row = kind_row(fault.kind);
  (this->*row.begin)(fault, now);
  if (row.settle != nullptr) (this->*row.settle)(fault, now);
}

void Twin::end_due(Instant now) {
  for (;;) {
    const auto over = std::ranges::find_if(ongoing_, [&](const Ongoing& each) { return each.until <= now; });
    if (over == ongoing_.end()) return;
    const Ongoing ended = *over;
    ongoing_.erase(over);
    tell(ended.until, "fault over: " + text_of(ended.fault));
    (this->*kind_row(ended.fault.kind).settle)(ended.fault, ended.until);
  }
}

/// Of two faults of one thing the newer one holds, and for as long as the longer of both.
void Twin::keep(const Fault& fault, Instant now) {
  Instant until = fault.lasting ? now + *fault.lasting : Instant::max();
  std::erase_if(ongoing_, [&](const Ongoing& each) {
    if (!same_thing(each.fault, fault)) return false;
    until = std::max(until, each.until);
    return true;
  });
  ongoing_.push_back({fault, until});
}

const Fault* Twin::ongoing(const Fault& fault) const {
  const auto found =
      std::ranges::find_if(ongoing_, [&](const Ongoing& each) { return same_thing(each.fault, fault); });
  return found == ongoing_.end() ? nullptr : &found->fault;
}

bool Twin::any_ongoing(FaultKind kind, bool without_power) const {
  return std::ranges::any_of(ongoing_, [&](const Ongoing& each) {
    return each.fault.kind == kind && (!without_power || each.fault.without_power);
  });
}

void Twin::begin_on_line(const Fault& fault, Instant now) {
  to_board_.begin(fault, now);
  from_board_.begin(fault, now);
}

void Twin::begin_restart(const Fault&, Instant now) {
  interrupted_ = true;
  board_.reset(to_board(now));
}

void Twin::begin_brown_out(const Fault& fault, Instant now) {
  for (const AxisName axis : all_axes) {
    const auto spread = static_cast<std::uint64_t>(2 * fault.steps + 1);
    board_.machine().slip(axis, static_cast<int>(random_.below(spread)) - fault.steps);
  }
  Fault brown_out = fault;
  if (!brown_out.lasting) brown_out.lasting = usual_brown_out;
  keep(brown_out, now);
}

/// Both the port and the power, since a board may live on its cable.
void Twin::settle_power(const Fault&, Instant now) {
  const bool power = !any_ongoing(FaultKind::brown_out) && !any_ongoing(FaultKind::unplug, true);
  const bool plugged = !any_ongoing(FaultKind::unplug);
  if (!power && board_.powered()) {
    interrupted_ = true;
    board_.power_off(to_board(now));
  }
  if (power && !board_.powered()) board_.power_on(to_board(now));
  if (std::exchange(plugged_, plugged) == plugged) return;
  interrupted_ = true;
  to_board_.cut();
  from_board_.cut();
  board_.cut_wire(to_board(now));
  passages_ = {};
  if (sinks_.port) sinks_.port(now, plugged);
}

void Twin::settle_switch(const Fault& fault, Instant) {
  const EndStopPins& pins = board_.profile().end_stops[index(fault.axis)];
  const Fault* const stuck = ongoing(fault);
  // A closed switch pulls its pin low.
  board_.drive_pin(fault.end == AxisEnd::min ? pins.min : pins.max,
                   stuck != nullptr ? std::optional(!stuck->closed) : std::nullopt);
}

void Twin::release_switch(AxisName axis, AxisEnd end) {
  const Fault fault{.kind = FaultKind::end_stop, .axis = axis, .end = end};
  std::erase_if(ongoing_, [&](const Ongoing& each) { return same_thing(each.fault, fault); });
  settle_switch(fault, Instant{});
}

void Twin::settle_obstacle(const Fault& fault, Instant) {
  const Fault* const there = ongoing(fault);
  board_.machine().obstruct(fault.axis, there != nullptr ? std::optional(there->place_mm) : std::nullopt);
}

void Twin::settle_jam(const Fault& fault, Instant) {
  board_.machine().jam(fault.axis, ongoing(fault) != nullptr);
}

void Twin::settle_load(const Fault& fault, Instant now) {
  const Fault* const stuck = ongoing(fault);
  board_.loads().stick(fault.pin, stuck != nullptr ? std::optional(stuck->on) : std::nullopt, to_board(now));
}

void Twin::settle_encoder(const Fault& fault, Instant) {
  Machine& machine = board_.machine();
  ongoing(fault) != nullptr ? machine.break_encoder(fault.axis) : machine.mend_encoder(fault.axis);
}

/// Without a time the error is there once, and initialising the driver clears it.
void Twin::settle_driver(const Fault& fault, Instant) {
  MotorDriver& driver = board_.driver(fault.axis);
  const Fault* const there = ongoing(fault);
  if (there == nullptr) {
    driver.broken = false;
    return;
  }
  driver.error = true;
  driver.broken = there->lasting.has_value();
  if (!driver.broken)
    std::erase_if(ongoing_, [&](const Ongoing& each) { return same_thing(each.fault, fault); });
}

void Twin::settle_speed(const Fault& fault, Instant now) {
  const Fault* const slow = ongoing(fault);
  board_anchor_ = to_board(now);
  world_anchor_ = now;
  factor_ = slow != nullptr ? slow->factor : 1;
}

Instant Twin::to_board(Instant world) const {
  const Duration passed = world - world_anchor_;
  if (factor_ == 1) return board_anchor_ + passed;
  return board_anchor_ +
         Duration(static_cast<Duration::rep>(std::floor(static_cast<double>(passed.count()) / factor_)));
}

/// Never so early that `to_board` of it would still be before `board`.
Instant Twin::to_world(Instant board) const {
  if (board == Instant::max()) return board;
  const Duration passed = board - board_anchor_;
  if (factor_ == 1) return world_anchor_ + passed;
  Instant world =
      world_anchor_ +
      Duration(static_cast<Duration::rep>(std::ceil(static_cast<double>(passed.count()) * factor_)));
  while (to_board(world) < board) world += Duration(1);
  return world;
}

// The line

void Twin::pass(Direction direction, Instant at, std::string_view bytes) {
  if (!plugged_) return;
  const bool from_board = direction == Direction::from_board;
  FaultyLine& line = from_board ? from_board_ : to_board_;
  if (from_board) interrupted_ = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    meet_lines(direction, at, i, bytes.substr(i));
    line.take(at, bytes[i]);
    if (interrupted_ && from_board) break;  // the board does not end its line
  }
  line.flush(at);
}

/// A rule sees the whole line where the host has sent it in one piece, or what of it has passed so far.
void Twin::meet_lines(Direction direction, Instant at, std::size_t offset, std::string_view rest) {
  Passage& passage = passages_[static_cast<std::size_t>(direction)];
  if (passage.byte == 0) passage.line.clear();
  if (passage.line.size() < remembered_line) passage.line += rest.front();
  ++passage.byte;
  const std::string_view coming = rest.substr(1, rest.find('\n'));
  const std::size_t byte = passage.byte;
  const bool last = rest.front() == '\n';
  if (last) passage.byte = 0;

  std::optional<std::string> whole;
  for (std::size_t i = 0; i < armed_.size(); ++i) {
    Armed& armed = armed_[i];
    const Trigger& trigger = armed.rule.trigger;
    if (armed.spent || !trigger.on_line() || trigger.direction() != direction) continue;
    if (trigger.byte ? *trigger.byte != byte : !last) continue;
    if (!whole) whole = passage.line + std::string(coming.substr(0, remembered_line));
    if (!whole->starts_with(trigger.text)) continue;
    armed.spent = trigger.kind == Trigger::Kind::line;
    const Fault fault = armed.rule.fault;
    if (direction == Direction::from_board || row_of(fault.kind).bytewise) {
      inject(fault, at);
    } else {
      schedule(fault, moment_on_wire(at, offset));
    }
  }
}

Instant Twin::moment_on_wire(Instant at, std::size_t offset) const {
  const Instant begin = std::max(to_board(at), board_.wire_busy_until());
  return to_world(begin + character_time * static_cast<std::int64_t>(offset + 1));
}

void Twin::deliver(Direction direction, Instant at, std::string_view bytes) {
  if (direction == Direction::to_board) {
    board_.receive(bytes, to_board(at));
  } else if (plugged_) {
    sinks_.output(at, bytes);
  }
}

void Twin::reset(Instant now) {
  interrupted_ = true;
  board_.reset(to_board(now));
}

std::size_t Twin::receive(std::string_view bytes, Instant now) {
  bytes = bytes.substr(0, wire_space());
  pass(Direction::to_board, now, bytes);
  return bytes.size();
}

Instant Twin::next_event() const {
  Instant next = to_world(board_.next_event());
  for (const auto& other : {next_fault(), to_board_.next_release(), from_board_.next_release()}) {
    if (other) next = std::min(next, *other);
  }
  return next;
}

void Twin::run_board(Instant until) {
  while (to_world(board_.next_event()) <= until) board_.advance(board_.next_event());
  board_.advance(to_board(until));
}

void Twin::advance(Instant now) {
  for (;;) {
    std::optional<Instant> next = next_fault();
    for (const auto& release : {to_board_.next_release(), from_board_.next_release()}) {
      if (release) next = std::min(next.value_or(*release), *release);
    }
    if (!next || *next > now) break;
    run_board(*next);
    to_board_.release(*next);
    from_board_.release(*next);
    end_due(*next);
    fire_due(*next);
  }
  run_board(now);
}

}  // namespace celeriac::firmware_sim
