#include "hal/position/reckoning.hpp"

#include <algorithm>
#include <cmath>
#include <format>

#include "hal/firmware/faults.hpp"

namespace celeriac::hal::position {
namespace {

using firmware::Answer;
using firmware::BoardState;
using firmware::Command;
using firmware::Family;
using firmware::Traces;
using firmware::Work;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

/// Positions come with two decimals.
constexpr double rounding_mm = 0.011;

// One step of the axis, and the rounding.
double one_step(const BoardState& board, Axis axis) {
  return 1.0 / board.parameters.steps_per_mm(axis) + rounding_mm;
}

// Whether the board would have to make a step for it.
bool would_move(const BoardState& board, Axis axis, double target_mm) {
  const auto at = board.position_mm[axis];
  return !at || std::abs(target_mm - *at) > 0.5 / board.parameters.steps_per_mm(axis);
}

std::string axis_key(Axis axis) {
  return std::string(1, hal::name(axis));
}

template <class Make>
Json for_each_axis(Make make) {
  Json document = Json::object();
  for (const auto axis : all_axes) document[axis_key(axis)] = make(axis);
  return document;
}

std::optional<Trust> trust_named(const Json& word) {
  for (const auto trust : {Trust::unknown, Trust::stale, Trust::known})
    if (word == name(trust)) return trust;
  return std::nullopt;
}

std::optional<Belief> belief_of(const Json& row) {
  if (!row.is_object()) return std::nullopt;
  const auto field = [&](const char* key) {
    const auto found = row.find(key);
    return found == row.end() ? Json(nullptr) : *found;
  };
  const auto trust = trust_named(field("trust"));
  const auto position = field("position"), why = field("why"), since = field("since"),
             moving = field("moving"), steps = field("steps_per_mm"), homing = field("homing");
  if (!trust || !(position.is_null() || position.is_number()) || !why.is_string() ||
      !since.is_number_integer() || !moving.is_boolean() || !steps.is_number())
    return std::nullopt;
  Belief belief{.trust = *trust,
                .why = why.get<std::string>(),
                .since = since.get<std::int64_t>(),
                .steps_per_mm = steps.get<double>(),
                .moving = moving.get<bool>()};
  if (position.is_number()) belief.position_mm = position.get<double>();
  if (homing.is_object() && homing.contains("time") && homing["time"].is_number_integer() &&
      homing.contains("displacement_mm") && homing["displacement_mm"].is_number())
    belief.homing = Homing{homing["time"].get<std::int64_t>(), homing["displacement_mm"].get<double>()};
  return belief;
}

// The axes that an error names.
PerAxis<bool> axes_named(const Error& error) {
  PerAxis<bool> named{};
  if (const auto axes = error.details.find("axes"); axes != error.details.end())
    for (const auto& word : *axes)
      for (const auto axis : all_axes) named[axis] = named[axis] || word == axis_key(axis);
  return named;
}

Json document_of(const std::optional<Homing>& homing) {
  return homing ? Json{{"time", homing->time}, {"displacement_mm", homing->displacement_mm}} : Json(nullptr);
}

}  // namespace

std::string_view name(Trust trust) noexcept {
  constexpr std::string_view names[] = {"unknown", "stale", "known"};
  return names[static_cast<std::size_t>(trust)];
}

// ---- the journal ----

bool Reckoning::take_up(const Json& journal) {
  first_start_ = journal.empty();
  if (first_start_) return true;
  PerAxis<Belief> read;
  for (const auto axis : all_axes) {
    const auto row = journal.find(axis_key(axis));
    auto belief = row == journal.end() ? std::nullopt : belief_of(*row);
    if (!belief) {
      distrust();
      return false;
    }
    read[axis] = std::move(*belief);
  }
  beliefs_ = std::move(read);
  return true;
}

void Reckoning::distrust() {
  unreadable_ = true;
  first_start_ = false;
}

PerAxis<bool> Reckoning::moving() const {
  PerAxis<bool> which;
  for (const auto axis : all_axes) which[axis] = beliefs_[axis].moving;
  return which;
}

Json Reckoning::journal() const {
  return for_each_axis([&](Axis axis) {
    const auto& belief = beliefs_[axis];
    return Json{{"position", belief.position_mm ? Json(*belief.position_mm) : Json(nullptr)},
                {"trust", name(belief.trust)},
                {"why", belief.why},
                {"since", belief.since},
                {"moving", belief.moving},
                {"steps_per_mm", belief.steps_per_mm},
                {"homing", document_of(belief.homing)}};
  });
}

// ---- what happens ----

void Reckoning::set(Axis axis, Trust trust, std::string why) {
  auto& belief = beliefs_[axis];
  belief.trust = trust;
  belief.why = std::move(why);
  belief.since = reports_.now();
  warned_[axis] = false;
}

void Reckoning::doubt(Axis axis, const std::string& why) {
  if (beliefs_[axis].trust == Trust::known) set(axis, Trust::stale, why);
}

void Reckoning::follow(const BoardState& board) {
  for (const auto axis : all_axes) {
    if (const auto at = board.position_mm[axis]) beliefs_[axis].position_mm = at;
    beliefs_[axis].steps_per_mm = board.parameters.steps_per_mm(axis);
  }
}

void Reckoning::ready(const BoardState& board, bool restarted) {
  for (const auto axis : all_axes) take_back(axis, board, restarted);
  here_ = true;
  first_start_ = unreadable_ = false;
  zeroing_ = {};
  for (const auto axis : all_axes) beliefs_[axis].moving = false;
  follow(board);
  say_where();
  reports_.changed(true);
}

void Reckoning::say_where() const {
  std::string said;
  bool unknown = false;
  for (const auto axis : all_axes) {
    const auto& belief = beliefs_[axis];
    if (belief.trust == Trust::known) continue;
    unknown |= belief.trust == Trust::unknown;
    // Axes of the same fate share a reason.
    const auto same = [&](Axis other) {
      return beliefs_[other].trust == belief.trust && beliefs_[other].why == belief.why;
    };
    if (std::ranges::any_of(all_axes, [&](Axis other) { return other < axis && same(other); })) continue;
    std::string names;
    for (const auto other : all_axes)
      if (same(other)) names += std::format("{}{}", names.empty() ? "" : ", ", hal::name(other));
    said += std::format("{}{} {} ({})", said.empty() ? "" : "; ", names, name(belief.trust), belief.why);
  }
  if (!said.empty())
    reports_.say(unknown ? Severity::warn : Severity::info,
                 std::format("Where the machine stands: {}.{}", said,
                             unknown ? " Moves to a position need find-home or zero first." : ""));
}

// One axis, when the board is back.
void Reckoning::take_back(Axis axis, const BoardState& board, bool restarted) {
  const auto& belief = beliefs_[axis];
  const auto at = board.position_mm[axis];
  const double step = one_step(board, axis);
  if (unreadable_) return set(axis, Trust::unknown, "the journal of positions cannot be read");
  if (first_start_) {
    if (!at || (restarted && std::abs(*at) > step))
      return set(axis, Trust::unknown, "nothing is written down about it");
    return set(axis, Trust::stale,
               "first start: nothing is written down about it, and nothing says otherwise");
  }
  if (!belief.position_mm || !at) return set(axis, Trust::unknown, "its last position was never told");
  if (restarted) {
    if (belief.moving) return set(axis, Trust::unknown, "the board restarted in the middle of a move");
    if (std::abs(*belief.position_mm) > step)
      return set(axis, Trust::unknown,
                 std::format("the board restarted and counts from 0, but the axis stood at {:.2f}",
                             *belief.position_mm));
    return doubt(axis, "the board restarted while the axis was at rest in 0");
  }
  if (belief.moving) return doubt(axis, "nobody watched the end of a move");
  if (std::abs(*at - *belief.position_mm) <= step) return;
  const double scale = board.parameters.steps_per_mm(axis);
  if (belief.steps_per_mm > 0 && belief.steps_per_mm != scale &&
      std::abs(*at * scale - *belief.position_mm * belief.steps_per_mm) <= 1 + rounding_mm * scale)
    return doubt(axis, "its steps per millimetre were changed");
  set(axis, Trust::unknown,
      std::format("the board reports {:.2f} where {:.2f} was written down", *at, *belief.position_mm));
}

void Reckoning::began(const Command& command, const BoardState& board) {
  if (!command.moves() || !here_) return;
  bool news = false;
  for (const auto axis : all_axes) {
    const bool moves = command.target_mm ? would_move(board, axis, (*command.target_mm)[axis])
                                         : !command.axis || *command.axis == axis;
    if (moves && !std::exchange(beliefs_[axis].moving, true)) news = true;
  }
  if (news) reports_.changed(true);
}

void Reckoning::ended(const Command& command, const Result<Answer>& answer, const Traces& traces,
                      const BoardState& board) {
  if (!command.moves() || !here_) return;
  follow(board);
  for (const auto axis : all_axes)
    if (traces.missed_steps[axis]) doubt(axis, "steps were missed in a move");
  for (const auto axis : all_axes)
    if (traces.driver_reset[axis]) doubt(axis, "its motor driver reported an error");
  if (!answer)
    failed(answer.error(), traces, command, board);
  else if (command.work == Work::homing && command.axis)
    homed(*command.axis, traces, board);
  else if (command.work == Work::calibration && command.axis)
    set(*command.axis, Trust::known, "calibrated");
  for (const auto axis : all_axes) beliefs_[axis].moving = false;
  reports_.changed(false);
}

void Reckoning::homed(Axis axis, const Traces& traces, const BoardState& board) {
  const double off = traces.displacement_mm.value_or(0);
  const double tolerance = homing_tolerance_mm + board.parameters.get(Family::missed_steps_max, axis) /
                                                     board.parameters.steps_per_mm(axis);
  if (std::abs(off) > tolerance && beliefs_[axis].trust != Trust::unknown)
    reports_.say(
        Severity::warn,
        std::format(
            "The {} axis found home about {:.0f} mm {} where it was believed: steps were lost on the way. "
            "Check for obstacles, belts and motor current, and find home after a stall.",
            hal::name(axis), std::abs(off), off > 0 ? "before" : "beyond"));
  beliefs_[axis].homing = Homing{reports_.now(), off};
  set(axis, Trust::known, "found home");
}

void Reckoning::failed(const Error& error, const Traces& traces, const Command& command,
                       const BoardState& board) {
  if (!traces.started || error.code == firmware::code::aborted) return;
  const auto doubt_all = [&](const PerAxis<bool>& axes, const char* why) {
    for (const auto axis : all_axes)
      if (axes[axis]) doubt(axis, why);
    return axes != PerAxis<bool>{};
  };
  if (error.code == firmware::code::axis_timeout && doubt_all(traces.timed_out, "it ran into its time limit"))
    return;
  if (error.code == firmware::code::stalled && doubt_all(axes_named(error), "it stalled")) return;
  const std::string why = error.status == Status::locked ? "an emergency stop cut it in mid-move"
                                                         : std::format("{} failed", command.what);
  for (const auto axis : all_axes) {
    // What had arrived already stood still.
    const bool arrived = command.target_mm && !would_move(board, axis, (*command.target_mm)[axis]) &&
                         error.status == Status::locked;
    if (beliefs_[axis].moving && !arrived) doubt(axis, why);
  }
}

void Reckoning::position(const BoardState& board, bool moving) {
  if (!here_ || !moving) return;
  follow(board);
  reports_.changed(false);
}

void Reckoning::idle_report(const BoardState& board, bool moving) {
  if (!here_ || moving) return;
  bool news = false;
  for (const auto axis : all_axes) {
    const auto at = board.position_mm[axis];
    const auto before = beliefs_[axis].position_mm;
    if (!at || at == before) continue;
    news |= !before || std::abs(*at - *before) > one_step(board, axis);
    if (zeroing_[axis] || !before || std::abs(*at - *before) <= jump_tolerance_mm + one_step(board, axis))
      continue;
    reports_.say(
        Severity::warn,
        std::format("The position of the {} axis jumped from {:.2f} to {:.2f} while nothing moved: its "
                    "encoder says otherwise than its steps. Check the encoder and encoder_scaling_{}, or "
                    "switch it off (encoder_enabled_{}).",
                    hal::name(axis), *before, *at, hal::name(axis), hal::name(axis)));
    doubt(axis, "its position jumped while nothing moved");
  }
  zeroing_ = {};
  follow(board);
  if (news) reports_.changed(false);
}

void Reckoning::parameters(const BoardState& board) {
  if (!here_) return;
  for (const auto axis : all_axes) {
    auto& belief = beliefs_[axis];
    const double scale = board.parameters.steps_per_mm(axis);
    if (belief.steps_per_mm == scale || belief.steps_per_mm <= 0) continue;
    if (belief.position_mm && std::abs(*belief.position_mm) > one_step(board, axis)) {
      doubt(axis, "its steps per millimetre were changed");
      // The board keeps its steps: the same place has another figure from now on.
      *belief.position_mm *= belief.steps_per_mm / scale;
    }
    belief.steps_per_mm = scale;
    reports_.changed(true);
  }
}

void Reckoning::zeroing(std::span<const Axis> axes) {
  for (const auto axis : axes) zeroing_[axis] = true;
}

void Reckoning::zeroed(std::span<const Axis> axes, const BoardState& board) {
  zeroing_ = {};
  follow(board);
  for (const auto axis : axes) set(axis, Trust::known, "set to zero");
  reports_.changed(true);
}

// ---- what follows ----

Error Reckoning::refusal(Axis axis) const {
  const auto& belief = beliefs_[axis];
  Error error{
      .status = Status::wrong_state,
      .message = std::format("Where the {0} axis stands is unknown ({1}), so it is not moved to a position. "
                             "Find home on {0}, or bring it to 0 and set it to zero; relative moves and "
                             "jogging work.",
                             hal::name(axis), belief.why),
      .code = "position_unknown"};
  error.details = {{"axis", axis_key(axis)}, {"why", belief.why}, {"since", belief.since}};
  return error;
}

void Reckoning::warn_of_stale(Axis axis) {
  if (beliefs_[axis].trust != Trust::stale || std::exchange(warned_[axis], true)) return;
  reports_.say(Severity::warn,
               std::format("The position of the {0} axis may be off ({1}): find home on {0} when you can.",
                           hal::name(axis), beliefs_[axis].why));
}

Result<void> Reckoning::allow(const PerAxis<double>& target_mm, const BoardState& board) {
  const bool anything =
      std::ranges::any_of(all_axes, [&](Axis axis) { return would_move(board, axis, target_mm[axis]); });
  for (const auto axis : all_axes)
    if (beliefs_[axis].trust == Trust::unknown && (!anything || would_move(board, axis, target_mm[axis])))
      return std::unexpected(refusal(axis));
  for (const auto axis : all_axes)
    if (would_move(board, axis, target_mm[axis])) warn_of_stale(axis);
  return {};
}

Result<void> Reckoning::allow_home(std::span<const Axis> axes) {
  for (const auto axis : axes)
    if (beliefs_[axis].trust == Trust::unknown) return std::unexpected(refusal(axis));
  for (const auto axis : axes) warn_of_stale(axis);
  return {};
}

Json Reckoning::document() const {
  return for_each_axis([&](Axis axis) { return Json(name(beliefs_[axis].trust)); });
}

Json Reckoning::reasons() const {
  return for_each_axis(
      [&](Axis axis) { return Json{{"why", beliefs_[axis].why}, {"since", beliefs_[axis].since}}; });
}

Json Reckoning::homings() const {
  return for_each_axis([&](Axis axis) { return document_of(beliefs_[axis].homing); });
}

}  // namespace celeriac::hal::position
