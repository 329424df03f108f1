#include "hal/status_tree.hpp"

#include <format>

namespace celeriac::hal {
namespace {

using protocol::Json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
Json per_axis(const PerAxis<std::optional<T>>& values) {
  return {{"x", or_null(values[Axis::x])}, {"y", or_null(values[Axis::y])}, {"z", or_null(values[Axis::z])}};
}

/// The firmware's numbers of an axis' state.
constexpr std::string_view axis_state_names[] = {"idle",         "start_motor", "accelerating", "cruising",
                                                 "decelerating", "stop_motor",  "crawling"};

Json axis_states(const firmware::BoardState& board) {
  Json states = Json::object();
  for (const auto axis : all_axes) {
    const auto state = board.axis_state[axis];
    const bool known = state && *state >= 0 && *state < static_cast<int>(std::size(axis_state_names));
    states[std::string(1, name(axis))] =
        known ? Json(axis_state_names[static_cast<std::size_t>(*state)]) : Json(nullptr);
  }
  return states;
}

// Raw levels: 1 is an open switch with the usual wiring.
Json end_stops(const firmware::BoardState& board) {
  Json all = Json::object();
  for (const auto axis : all_axes)
    all[std::string(1, name(axis))] = {{"min", or_null(board.end_stops[axis][0])},
                                       {"max", or_null(board.end_stops[axis][1])}};
  return all;
}

}  // namespace

Json position_document(const firmware::BoardState& board) {
  return per_axis(board.position_mm);
}

Json encoders_document(const firmware::BoardState& board) {
  auto document = per_axis(board.scaled_encoder_mm);
  document["raw"] = per_axis(board.raw_encoder);
  return document;
}

Json pins_document(const firmware::BoardState& board) {
  Json pins = Json::object();
  for (std::size_t i = 0; i < board.pins.size(); ++i)
    if (const auto& pin = board.pins[i])
      pins[std::to_string(i)] = {{"mode", or_null(pin->mode)}, {"value", static_cast<int>(pin->value)}};
  return pins;
}

Json firmware_document(const firmware::Link& link) {
  const auto& board = link.board();
  const bool known = !board.version.empty();
  return {
      {"state", link.state() == firmware::LinkState::closed ? "offline" : name(link.state())},
      {"version", known ? Json(board.version) : Json(nullptr)},
      {"board", known ? Json(board.board().name) : Json(nullptr)},
      {"port", link.port_name()},
      {"reason", link.state() == firmware::LinkState::ready ? Json(nullptr) : Json(link.offline().message)}};
}

Json machine_document(const firmware::Link& link) {
  const auto& board = link.board();
  const auto& lock = link.lock();
  return {{"position", position_document(board)},
          {"encoders", encoders_document(board)},
          {"axis_states", axis_states(board)},
          {"end_stops", end_stops(board)},
          {"pins", pins_document(board)},
          {"locked", lock.engaged()},
          {"locked_at", lock.engaged() ? Json(lock.since()) : Json(nullptr)},
          {"firmware", firmware_document(link)}};
}

}  // namespace celeriac::hal
