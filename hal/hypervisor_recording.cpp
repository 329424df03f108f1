// What the hypervisor tells its recorder, and how a replay goes on from what was written down.

#include <format>

#include "hal/firmware/faults.hpp"
#include "hal/hypervisor.hpp"

namespace celeriac::hal {

using protocol::Json;
using protocol::Operation;
using protocol::Result;

namespace {

template <class T>
Json array_of(const PerAxis<std::optional<T>>& values) {
  auto array = Json::array();
  for (const auto& value : values.values) array.push_back(value ? Json(*value) : Json(nullptr));
  return array;
}

// What its board would answer: recording::RememberedBoard reads it.
Json board_memory(const firmware::BoardState& board) {
  Json parameters = Json::object();
  for (const auto& parameter : firmware::parameters())
    if (const auto value = board.parameters.find(parameter.number))
      parameters[std::to_string(parameter.number)] = *value;
  Json pins = Json::object();
  for (std::size_t i = 0; i < board.pins.size(); ++i)
    if (const auto& pin = board.pins[i]) pins[std::to_string(i)] = pin->value;
  auto end_stops = Json::array();
  for (const auto& levels : board.end_stops.values)
    for (const auto& level : levels) end_stops.push_back(level ? Json(*level) : Json(nullptr));
  return {{"version", board.version},
          {"parameters", std::move(parameters)},
          {"position", array_of(board.position_mm)},
          {"scaled_encoders", array_of(board.scaled_encoder_mm)},
          {"raw_encoders", array_of(board.raw_encoder)},
          {"end_stops", std::move(end_stops)},
          {"pins", std::move(pins)}};
}

}  // namespace

// ---- what is written down ----

void Hypervisor::record_start() {
  if (options_.recorder == nullptr) return;
  options_.recorder->start({{"initial_parameters", options_.initial_parameters},
                            {"files", recording::files_of(options_.dir)},
                            {"button", gpio::document(button_)}});
}

void Hypervisor::record_changes() {
  if (options_.recorder == nullptr) return;
  options_.recorder->state(name(link_.state()));
  options_.recorder->lock(link_.lock().engaged());
}

Completion Hypervisor::recorded(const Operation& operation, const Arguments& arguments, Owner owner,
                                Completion completion) {
  auto* const recorder = options_.recorder;
  if (recorder == nullptr || recording::is_question(operation)) return completion;
  const auto number = recorder->request(operation, arguments.fields(), owner);
  return [recorder, number, completion = std::move(completion)](Outcome outcome) mutable {
    recorder->outcome(number, outcome);
    completion(std::move(outcome));
  };
}

// ---- the stop button ----

void Hypervisor::stop_button(gpio::ButtonState state) {
  if (state == button_) return;
  if (options_.recorder != nullptr) options_.recorder->button(gpio::document(state));
  const bool pressed = state.held() && !button_.held();
  const bool gone = state.position == gpio::ButtonState::Position::missing;
  button_ = std::move(state);
  if (pressed) {
    link_.engage_lock([](const Result<void>&) {});
    report(
        firmware::Severity::warn,
        std::format("The stop button ({}) is pressed: everything is locked until it is released and somebody "
                    "unlocks.",
                    button_.name));
  } else if (gone) {
    report(firmware::Severity::error,
           std::format("The stop button ({}) cannot be read: {} It does not stop anything until it can.",
                       button_.name, button_.trouble));
  } else if (!button_.held() && button_.known()) {
    report(firmware::Severity::info, std::format("The stop button ({}) is released.", button_.name));
  }
  changed(0);
}

// ---- where a replay begins ----

std::optional<Json> Hypervisor::memory() const {
  const bool quiet = link_.quiet() && queue_.idle() && !jog_.active() && outputs_.on().empty() &&
                     unsafe_.empty() && !driving_safe_ && journal_.rested() && reboot_waiters_.empty() &&
                     !pause_;
  if (!quiet) return std::nullopt;
  auto directed = Json::array();
  for (int pin = 0; pin < firmware::pin_count; ++pin)
    if (pins_.directed().test(static_cast<std::size_t>(pin))) directed.push_back(pin);
  return Json{{"port", link_.port_name()},
              {"board", board_memory(link_.board())},
              {"q", link_.last_q()},
              {"locked", link_.lock().engaged()},
              {"position", reckoning_.journal()},
              {"directed", std::move(directed)},
              {"initial_parameters", options_.initial_parameters},
              {"files", recording::files_of(options_.dir)},
              {"button", gpio::document(button_)}};
}

void Hypervisor::remember(const Json& memory) {
  link_.number_from(memory.value("q", 0));
  if (const auto position = memory.find("position"); position != memory.end()) reckoning_.take_up(*position);
  std::bitset<firmware::pin_count> directed;
  for (const auto& pin : memory.value("directed", Json::array()))
    if (pin.is_number_unsigned() && pin.get<std::size_t>() < directed.size())
      directed.set(pin.get<std::size_t>());
  pins_.direct(directed);
}

}  // namespace celeriac::hal
