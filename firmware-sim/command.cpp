#include "firmware-sim/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "firmware-sim/text.hpp"

namespace celeriac::firmware_sim {
namespace {

constexpr std::string_view separators = " \r\n";

constexpr auto spellings = std::to_array<std::pair<std::string_view, Code>>({
    {"G0", Code::g00},  {"G00", Code::g00}, {"G1", Code::g01},  {"G01", Code::g01}, {"G28", Code::g28},
    {"F9", Code::f09},  {"F09", Code::f09}, {"F11", Code::f11}, {"F12", Code::f12}, {"F13", Code::f13},
    {"F14", Code::f14}, {"F15", Code::f15}, {"F16", Code::f16}, {"F20", Code::f20}, {"F21", Code::f21},
    {"F22", Code::f22}, {"F31", Code::f31}, {"F32", Code::f32}, {"F41", Code::f41}, {"F42", Code::f42},
    {"F43", Code::f43}, {"F44", Code::f44}, {"F61", Code::f61}, {"F81", Code::f81}, {"F82", Code::f82},
    {"F83", Code::f83}, {"F84", Code::f84},
});

constexpr auto float_words = std::to_array<std::pair<char, float Command::*>>({
    {'X', &Command::x},
    {'Y', &Command::y},
    {'Z', &Command::z},
});

constexpr auto integer_words = std::to_array<std::pair<char, int Command::*>>({
    {'A', &Command::a},
    {'B', &Command::b},
    {'C', &Command::c},
    {'P', &Command::p},
    {'V', &Command::v},
    {'W', &Command::w},
    {'T', &Command::t},
    {'M', &Command::m},
    {'Q', &Command::q},
});

std::optional<std::string_view> next_token(std::string_view& rest) {
  const std::size_t begin = rest.find_first_not_of(separators);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = std::min(rest.find_first_of(separators, begin), rest.size());
  const std::string_view token = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return token;
}

/// The number at the start of the text, as a 32-bit float; 0 where there is none.
float number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t digit = text.starts_with('-') ? 1 : 0;
  // Only digits and a point: the board's routine would also read words such as "inf".
  if (text.size() <= digit || text.find_first_of("0123456789.", digit) != digit) return 0;
  double value = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return result.ec == std::errc{} ? static_cast<float>(value) : 0;
}

}  // namespace

Command parse_command(std::string_view line) {
  Command command;
  const auto first = next_token(line);
  if (!first || ((*first)[0] != 'G' && (*first)[0] != 'F')) return command;  // and Q stays 0
  const auto found = std::ranges::find(spellings, *first, [](const auto& row) { return row.first; });
  if (found != spellings.end()) command.code = found->second;
  while (const auto token = next_token(line)) {
    const float value = number(token->substr(1));
    for (const auto& [name, word] : float_words) {
      if (name == token->front()) command.*word = value;
    }
    for (const auto& [name, word] : integer_words) {
      if (name == token->front()) command.*word = truncated(value);
    }
  }
  return command;
}

}  // namespace celeriac::firmware_sim
