#include "hal/firmware/board_state.hpp"

#include <algorithm>
#include <cmath>

namespace celeriac::hal::firmware {
namespace {

using std::chrono::milliseconds;

constexpr Board boards[] = {
    {'R', "RAMPS 1.4", milliseconds(5000)},
    {'F', "Farmduino 1.0", milliseconds(5000)},
    {'G', "Farmduino 1.4", milliseconds(500)},
    {'H', "Farmduino 3.0", milliseconds(500)},
    {'I', "Farmduino 3.2", milliseconds(500)},
    {'J', "Farmduino (Genesis 1.7)", milliseconds(500)},
    {'K', "Farmduino (Genesis 1.8)", milliseconds(500)},
    {'E', "Express 2.0", milliseconds(5000)},
    {'D', "Express 2.2", milliseconds(5000)},
    {'C', "Express (1.2)", milliseconds(5000)},
};

constexpr auto bit(Change change) {
  return static_cast<std::uint8_t>(change);
}

std::uint8_t take(PerAxis<std::optional<double>>& values, const Reply& reply, Change change) {
  const auto before = values;
  for (const auto axis : all_axes) values[axis] = reply.word(letter(axis));
  return values == before ? 0 : bit(change);
}

}  // namespace

const Board& board_of_version(std::string_view version) noexcept {
  // Behind the third dot: "6.6.23.R.genesisK12".
  for (int dots = 0; dots < 3; ++dots) {
    const auto dot = version.find('.');
    if (dot == version.npos) return boards[0];
    version.remove_prefix(dot + 1);
  }
  const auto row = std::ranges::find(boards, version.empty() ? '\0' : version.front(), &Board::letter);
  return row == std::end(boards) ? boards[0] : *row;
}

std::uint8_t BoardState::apply(const Reply& reply) {
  switch (reply.code) {
    case Code::position:
      return take(position_mm, reply, Change::position);
    case Code::scaled_encoders:
      return take(scaled_encoder_mm, reply, Change::encoders);
    case Code::raw_encoders:
      return take(raw_encoder, reply, Change::encoders);
    case Code::axis_state:
      for (const auto axis : all_axes)
        if (const auto state = reply.word(letter(axis))) axis_state[axis] = static_cast<int>(*state);
      return bit(Change::axis_states);
    case Code::end_stops: {
      const auto before = end_stops;
      for (const auto axis : all_axes)
        for (const char side : {'A', 'B'})
          if (const auto level = reply.word(letter(axis), side))
            end_stops[axis][static_cast<std::size_t>(side - 'A')] = static_cast<int>(*level);
      return end_stops == before ? 0 : bit(Change::end_stops);
    }
    case Code::pin:
    case Code::monitored_pin: {
      const auto pin = reply.word('P').value_or(-1);
      if (!(pin >= 0 && pin < pin_count)) return 0;
      auto& state = pins[static_cast<std::size_t>(pin)];
      const double value = reply.word('V').value_or(0);
      if (state && state->value == value) return 0;
      state = PinState{value, reply.code == Code::monitored_pin ? 1 : state ? state->mode : std::nullopt};
      return bit(Change::pins);
    }
    case Code::parameter: {
      const double number = reply.word('P').value_or(-1), value = reply.word('V').value_or(0);
      if (!(number >= 0 && number < static_cast<double>(parameter_slots)) || std::abs(value) > 2147483647.0)
        return 0;
      parameters.set(static_cast<int>(number), static_cast<std::int32_t>(value));
      return bit(Change::parameters);
    }
    case Code::version:
      if (version == reply.text) return 0;
      version = reply.text;
      return bit(Change::link);
    default:
      return 0;
  }
}

void BoardState::forget() {
  *this = {};
}

void BoardState::set_pin(int pin, double value, int mode) {
  if (pin >= 0 && pin < pin_count) pins[static_cast<std::size_t>(pin)] = PinState{value, mode};
}

bool BoardState::position_known() const noexcept {
  return std::ranges::all_of(position_mm.values, [](const auto& value) { return value.has_value(); });
}

}  // namespace celeriac::hal::firmware
