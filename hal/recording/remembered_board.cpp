#include "hal/recording/remembered_board.hpp"

#include <charconv>
#include <format>

namespace celeriac::hal::recording {
namespace {

using protocol::Json;

// Words of one value each: "R82 X1.00 Y2.00 Z3.00"; nothing if one is not known.
std::string line_of(std::string_view code, const Json& values, std::span<const std::string_view> words,
                    int decimals) {
  std::string line(code);
  if (!values.is_array() || values.size() != words.size()) return {};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!values[i].is_number()) return {};
    line += std::format(" {}{:.{}f}", words[i], values[i].get<double>(), decimals);
  }
  return line;
}

double word(const std::string& line, char letter) {
  double value = 0;
  if (const auto at = line.find(std::string(" ") + letter); at != line.npos)
    std::from_chars(line.data() + at + 2, line.data() + line.size(), value);
  return value;
}

template <class Value>
std::map<int, Value> by_number(const Json& object) {
  std::map<int, Value> values;
  if (!object.is_object()) return values;
  for (const auto& [name, value] : object.items()) {
    int number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc() &&
        value.is_number())
      values[number] = value.template get<Value>();
  }
  return values;
}

}  // namespace

RememberedBoard::RememberedBoard(const Json& memory) : locked_(memory.value("locked", false)) {
  constexpr std::string_view axes[] = {"X", "Y", "Z"};
  constexpr std::string_view ends[] = {"XA", "XB", "YA", "YB", "ZA", "ZB"};
  const auto board = memory.value("board", Json::object());
  version_ = board.value("version", std::string());
  parameters_ = by_number<std::int32_t>(board.value("parameters", Json()));
  pins_ = by_number<double>(board.value("pins", Json()));
  position_ = line_of("R82", board.value("position", Json()), axes, 2);
  scaled_encoders_ = line_of("R84", board.value("scaled_encoders", Json()), axes, 2);
  raw_encoders_ = line_of("R85", board.value("raw_encoders", Json()), axes, 0);
  end_stops_ = line_of("R81", board.value("end_stops", Json()), ends, 0);
}

std::string RememberedBoard::take(std::string_view bytes) {
  std::string said;
  for (const char byte : bytes) {
    if (byte == 'E') {
      locked_ = true;
      said += "R87 Q0\r\n";
    } else if (byte == '\n') {
      if (!line_.empty()) said += answer(std::exchange(line_, {}));
    } else if (byte != '\r' && byte != '@') {
      line_ += byte;
    }
  }
  return said;
}

std::string RememberedBoard::answer(const std::string& line) {
  const auto q = static_cast<int>(word(line, 'Q')), number = static_cast<int>(word(line, 'P'));
  std::string said = std::format("R08 *{}*\r\nR01 Q{}\r\n", line, q);
  const auto say = [&](std::string_view text) { said += std::format("{} Q{}\r\n", text, q); };
  const std::string_view code = std::string_view(line).substr(0, 3);
  if (code == "F09") locked_ = false;
  if (code == "F20") {
    for (const auto& [parameter, value] : parameters_) say(std::format("R21 P{} V{}", parameter, value));
    say("R20");
  } else if (code == "F22") {
    parameters_[number] = static_cast<std::int32_t>(word(line, 'V'));
    say(std::format("R21 P{} V{}", number, parameters_[number]));
  } else if (code == "F41") {
    pins_[number] = word(line, 'V');
  } else if (code == "F42") {
    say(std::format("R41 P{} V{:.0f}", number, pins_[number]));
  } else if (code == "F82" && !position_.empty()) {
    say(position_);
  } else if (code == "F83") {
    say("R83 " + version_);
  }
  say("R02");
  return said;
}

std::string RememberedBoard::idle_report() const {
  std::string said = locked_ ? "R87 Q0\r\n" : "R00 Q0\r\n";
  for (const auto* line : {&position_, &scaled_encoders_, &raw_encoders_, &end_stops_})
    if (!line->empty()) said += *line + " Q0\r\n";
  return said;
}

}  // namespace celeriac::hal::recording
