#include "hal/firmware/reply.hpp"

#include <charconv>
#include <cmath>

namespace celeriac::hal::firmware {
namespace {

using enum Shape;

// clang-format off
constexpr ReplyRow table[] = {
    {Code::idle, words, "", "idle"},
    {Code::started, words, "", "command started"},
    {Code::done, words, "", "command done"},
    {Code::failed, words, "V", "command failed"},
    {Code::busy, words, "", "busy"},
    {Code::axis_state, words, "", "state of one axis"},
    {Code::calibration_state, words, "", "phase of a calibration"},
    {Code::retry, words, "", "the command is tried again"},
    {Code::echo, echo, "", "echo of the received line"},
    {Code::invalid, words, "", "invalid command"},
    {Code::home_x, words, "", "x is home"},
    {Code::home_y, words, "", "y is home"},
    {Code::home_z, words, "", "z is home"},
    {Code::clipped_x, words, "X", "x target clipped"},
    {Code::clipped_y, words, "Y", "y target clipped"},
    {Code::clipped_z, words, "Z", "z target clipped"},
    {Code::end_of_parameters, words, "", "end of the parameters"},
    {Code::parameter, words, "PV", "value of a parameter"},
    {Code::calibrated, words, "PV", "result of a calibration"},
    {Code::status, words, "PV", "status value"},
    {Code::pin, words, "PV", "value of a pin"},
    {Code::monitored_pin, words, "PV", "value of a monitored pin"},
    {Code::timeout_x, words, "", "x axis timeout"},
    {Code::timeout_y, words, "", "y axis timeout"},
    {Code::timeout_z, words, "", "z axis timeout"},
    {Code::end_stops, words, "", "levels of the end stops"},
    {Code::position, words, "XYZ", "position"},
    {Code::version, text, "", "firmware version"},
    {Code::scaled_encoders, words, "XYZ", "encoders, scaled"},
    {Code::raw_encoders, words, "XYZ", "encoders, raw"},
    {Code::aborted, words, "", "move aborted"},
    {Code::stopped, words, "", "emergency stop"},
    {Code::not_approved, words, "", "configuration not approved"},
    {Code::load, words, "", "load of the motors"},
    {Code::text, text, "", "log text"},
};
// clang-format on

constexpr auto rows = [] {
  std::array<std::uint8_t, 100> made{};
  for (std::size_t i = 0; i < std::size(table); ++i)
    made[static_cast<std::size_t>(table[i].code)] = static_cast<std::uint8_t>(i + 1);
  return made;
}();

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}

// "R82…": its row, nullptr if the code does not exist or something else than a blank follows.
const ReplyRow* row_of(std::string_view line) noexcept {
  if (line.size() < 3 || line[0] != 'R' || !is_digit(line[1]) || !is_digit(line[2])) return nullptr;
  if (line.size() > 3 && line[3] != ' ') return nullptr;
  const auto row = rows[static_cast<std::size_t>((line[1] - '0') * 10 + (line[2] - '0'))];
  return row == 0 ? nullptr : &table[row - 1];
}

bool take_word(std::string_view token, Reply& reply) noexcept {
  Reply::Word word{{token[0], 0}, 0};
  token.remove_prefix(1);
  if (!token.empty() && is_letter(token[0])) word.letters[1] = token[0], token.remove_prefix(1);
  const auto* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, word.value, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !std::isfinite(word.value)) return false;  // "nan" parses
  if (word.letters == std::array{'Q', '\0'}) {
    if (word.value < -1e9 || word.value > 1e9) return false;
    reply.q = static_cast<std::int64_t>(word.value);
    return true;
  }
  if (reply.word_count == max_words) return false;
  reply.words[reply.word_count++] = word;
  return true;
}

bool take_words(std::string_view rest, Reply& reply) noexcept {
  while (!rest.empty()) {
    if (rest.front() == ' ') {
      rest.remove_prefix(1);
      continue;
    }
    const auto token = rest.substr(0, rest.find(' '));
    if (!is_letter(token.front()) || !take_word(token, reply)) return false;
    rest.remove_prefix(token.size());
  }
  return true;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::optional<Reply> parse_whole(std::string_view line) noexcept {
  const auto* row = row_of(line);
  if (row == nullptr) return std::nullopt;
  Reply reply{.code = row->code};
  const auto rest = trimmed(line.substr(3));
  switch (row->shape) {
    case words:
      if (!take_words(rest, reply)) return std::nullopt;
      for (const char letter : row->required)
        if (!reply.word(letter)) return std::nullopt;
      return reply;
    case echo: {
      if (rest.size() < 2 || rest.front() != '*' || rest.back() != '*') return std::nullopt;
      reply.text = trimmed(rest.substr(1, rest.size() - 2));
      return reply;
    }
    case text:
      reply.text = rest;
      if (row->code == Code::version) {  // the version ends at the first blank, Q follows
        reply.text = rest.substr(0, rest.find(' '));
        if (reply.text.empty() || !take_words(rest.substr(reply.text.size()), reply)) return std::nullopt;
      }
      return reply;
  }
  return std::nullopt;
}

}  // namespace

std::span<const ReplyRow> reply_table() noexcept {
  return table;
}

std::optional<double> Reply::word(char letter, char second) const noexcept {
  for (std::size_t i = 0; i < word_count; ++i)
    if (words[i].letters == std::array{letter, second}) return words[i].value;
  return std::nullopt;
}

std::optional<Reply> parse_reply(std::string_view line) noexcept {
  line = trimmed(line);
  if (!line.starts_with("R08"))  // an echo shows our own words, and is never split
    for (const std::string_view urgent : {"R86", "R87"})
      if (const auto at = line.find(urgent, 1); at != line.npos)
        if (auto found = parse_whole(line.substr(at))) return found;
  return parse_whole(line);
}

}  // namespace celeriac::hal::firmware
