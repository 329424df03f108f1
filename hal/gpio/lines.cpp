#include "hal/gpio/lines.hpp"

#include <algorithm>
#include <format>
#include <map>

#include "protocol/words.hpp"

namespace celeriac::hal::gpio {

using firmware::Severity;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

Json or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

/// What stands in the status tree of every line.
Json document_of(const LineSpec& spec, std::optional<bool> value, std::string_view trouble) {
  const auto pin = spec.pin();
  return {{"direction", word_of(direction_words, spec.direction)},
          {"role", word_of(role_words, spec.role)},
          {"chip", or_null(spec.chip)},
          {"line", spec.line},
          {"pin", pin ? Json(*pin) : Json(nullptr)},
          {"value", value ? Json(*value ? 1 : 0) : Json(nullptr)},
          {"trouble", or_null(trouble)}};
}

std::optional<bool> value_of(const ButtonState& button) {
  using enum ButtonState::Position;
  if (button.position == held) return true;
  if (button.position == released) return false;
  return std::nullopt;
}

std::optional<bool> value_of(const Output& output) {
  return output.trouble().empty() ? std::optional(output.on()) : std::nullopt;
}

}  // namespace

Lines::Lines(std::vector<LineSpec> specs, Timers& timers, Chips& chips, protocol::Registers& registers,
             Reports reports)
    : registers_(registers), reports_(std::move(reports)), retry_(timers.make()), reset_(timers.make()) {
  for (auto& spec : specs) {
    if (spec.direction == Direction::output) {
      outputs_.emplace_back(std::move(spec), timers, chips, [this](const Output& output) {
        told(output.spec(), output.trouble());
        publish(output.spec(), value_of(output));
      });
    } else if (spec.role == Role::stop) {
      stop_.emplace(std::move(spec), timers, chips, [this](ButtonState button) {
        publish(stop_->spec(), value_of(button));
        reports_.button(std::move(button));
      });
    } else {
      inputs_.emplace_back(std::move(spec), chips,
                           Input::Reports{.edge = [this](const Input& input) { edge(input); },
                                          .changed =
                                              [this](const Input& input) {
                                                told(input.spec(), input.trouble());
                                                publish(input.spec(), input.value());
                                              }});
    }
  }
  registers_.publish("gpio", document());
  registers_.append("edges", nullptr);
}

// ---- the lines come and go ----

void Lines::start() {
  if (stop_) stop_->start();
  look_for_missing();
}

void Lines::look_for_missing() {
  looking_ = true;
  for (auto& input : inputs_) input.find();
  for (auto& output : outputs_) output.find();
  looking_ = false;
  say_troubles();
  const bool missing =
      std::ranges::any_of(inputs_, [](const Input& each) { return !each.value(); }) ||
      std::ranges::any_of(outputs_, [](const Output& each) { return !each.trouble().empty(); });
  if (missing) retry_->set(line_retry, [this] { look_for_missing(); });
}

void Lines::told(const LineSpec& spec, const std::string& trouble) {
  if (trouble.empty()) {
    // Back again, after a trouble that was said.
    if (said_.erase(spec.name) != 0)
      reports_.say(Severity::info,
                   std::format("The GPIO line {} ({}) is there again.", spec.name, spec.place()));
    return;
  }
  if (said_.insert(spec.name).second) news_.emplace_back(spec.name, trouble);
  if (looking_) return;
  say_troubles();
  retry_->set(line_retry, [this] { look_for_missing(); });
}

// What several lines have in common is said once.
void Lines::say_troubles() {
  std::map<std::string, std::string> names;
  for (const auto& [name, trouble] : news_) {
    auto& list = names[trouble];
    list += (list.empty() ? "" : ", ") + name;
  }
  news_.clear();
  for (const auto& [trouble, list] : names)
    reports_.say(Severity::error,
                 std::format("GPIO: no use of {} can be made. {} It is looked for again every {} s.", list,
                             trouble, line_retry.count()));
}

void Lines::publish(const LineSpec& spec, std::optional<bool> value) {
  registers_.publish("gpio." + spec.name, value ? Json(*value ? 1 : 0) : Json(nullptr));
  registers_.publish("gpio", document());
}

void Lines::edge(const Input& input) {
  const auto& spec = input.spec();
  const auto pin = spec.pin();
  registers_.append("edges", {{"time", protocol::now_milliseconds()},
                              {"name", spec.name},
                              {"pin", pin ? Json(*pin) : Json(nullptr)},
                              {"value", input.value().value_or(false) ? 1 : 0},
                              {"role", word_of(role_words, spec.role)},
                              {"edge", word_of(edge_words, spec.edge)}});
}

// ---- the machine ----

void Lines::machine(MachineState state) {
  if (resting_) return;
  const bool stops = state.locked && !machine_.locked;
  machine_ = state;
  const auto blink = light_of(state).blink;
  for (auto& output : outputs_) {
    if (output.spec().role == Role::status)
      (void)output.show(true, blink);
    else if (stops && output.spec().on_stop == OnStop::safe)
      (void)output.show(output.spec().safe);
  }
}

void Lines::come_to_rest() {
  resting_ = true;
  for (auto& output : outputs_) (void)output.show(output.spec().safe);
}

// ---- for clients ----

Error Lines::no_such_line(std::string_view name) const {
  std::vector<std::string_view> names;
  if (stop_) names.push_back(stop_->spec().name);
  for (const auto& input : inputs_) names.push_back(input.spec().name);
  for (const auto& output : outputs_) names.push_back(output.spec().name);
  if (names.empty())
    return {.status = Status::not_found,
            .message =
                "This host has no GPIO lines: --lines of celeriac-hal names the file that describes them."};
  const auto close = protocol::closest(name, names);
  return {.status = Status::not_found,
          .message = std::format("There is no GPIO line \"{}\"{}", protocol::shown(name),
                                 close.empty() ? std::format(": there are {}.", protocol::joined(names))
                                               : std::format("; did you mean \"{}\"?", close))};
}

Result<void> Lines::write(std::string_view name, bool on, Blink blink) {
  const auto output = std::ranges::find(
      outputs_, name, [](const Output& each) -> std::string_view { return each.spec().name; });
  if (output == outputs_.end()) {
    if (!read(name) && read(name).error().status == Status::not_found)
      return std::unexpected(no_such_line(name));
    return protocol::fail(Status::wrong_state,
                          std::format("The GPIO line {} is an input: it is read, not written.", name));
  }
  const auto& spec = output->spec();
  if (auto allowed = permitted(spec, on, blink); !allowed) return allowed;
  const auto before = std::pair(output->on(), output->blink());
  auto written = output->show(on, blink);
  if (written) return {};
  // Refused: it must not happen later, except for the better.
  if (on != spec.safe) (void)output->show(before.first, before.second);
  written.error().message =
      std::format("The GPIO line {} cannot be written. {}", name, written.error().message);
  return written;
}

Result<void> Lines::permitted(const LineSpec& spec, bool on, Blink blink) const {
  if (resting_) return protocol::fail(Status::cancelled, "The hypervisor is shutting down.");
  if (spec.role != Role::plain)
    return protocol::fail(
        Status::wrong_state,
        std::format("The GPIO line {} {}: nobody else writes it.", spec.name,
                    spec.role == Role::status ? "shows the state of the machine (role status)"
                                              : "resets the board (role board_reset)"));
  if (machine_.locked && spec.on_stop == OnStop::safe && (on != spec.safe || blink != Blink::off))
    return protocol::fail(
        Status::locked,
        std::format("The emergency lock is on, and it keeps the GPIO line {} at its safe value.", spec.name));
  return {};
}

Result<bool> Lines::read(std::string_view name) const {
  const auto known = [&](std::optional<bool> value, std::string_view trouble) -> Result<bool> {
    if (value) return *value;
    return protocol::fail(Status::offline, std::format("The GPIO line {} cannot be read. {}", name, trouble));
  };
  if (stop_ && stop_->spec().name == name) return known(value_of(stop_->state()), stop_->state().trouble);
  for (const auto& input : inputs_)
    if (input.spec().name == name) return known(input.value(), input.trouble());
  for (const auto& output : outputs_)
    if (output.spec().name == name) return known(value_of(output), output.trouble());
  return std::unexpected(no_such_line(name));
}

Result<void> Lines::reset_board(std::move_only_function<void()> done) {
  const auto line =
      std::ranges::find(outputs_, Role::board_reset, [](const Output& each) { return each.spec().role; });
  if (line == outputs_.end())
    return protocol::fail(
        Status::not_found,
        "No GPIO line resets the board: lines.json (--lines of celeriac-hal) has none of role board_reset.");
  if (resting_) return protocol::fail(Status::cancelled, "The hypervisor is shutting down.");
  if (auto held = line->show(true); !held) {
    (void)line->show(false);
    return held.transform_error([&](Error error) {
      error.message =
          std::format("The board cannot be reset by the GPIO line {}. {}", line->spec().name, error.message);
      return error;
    });
  }
  reset_waiters_.push_back(std::move(done));
  reset_->set(board_reset_pulse, [this] { end_reset(); });
  return {};
}

void Lines::end_reset() {
  for (auto& output : outputs_)
    if (output.spec().role == Role::board_reset) (void)output.show(false);
  for (auto& waiter : std::exchange(reset_waiters_, {})) waiter();
}

void Lines::led(int number, bool on) {
  const auto name = std::format("box_led_{}", number);
  for (auto& output : outputs_)
    if (output.spec().name == name && permitted(output.spec(), on)) (void)output.show(on);
}

Json Lines::document() const {
  auto document = Json::object();
  if (stop_)
    document[stop_->spec().name] =
        document_of(stop_->spec(), value_of(stop_->state()), stop_->state().trouble);
  for (const auto& input : inputs_) {
    auto& row = document[input.spec().name] = document_of(input.spec(), input.value(), input.trouble());
    row["edge"] = word_of(edge_words, input.spec().edge);
  }
  for (const auto& output : outputs_) {
    auto& row = document[output.spec().name] = document_of(output.spec(), value_of(output), output.trouble());
    row["blink"] = pattern_of(output.blink()).name;
  }
  return document;
}

}  // namespace celeriac::hal::gpio
