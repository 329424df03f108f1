#pragma once
// Replies of the board: one line each, by a table of codes.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace celeriac::hal::firmware {

/// The firmware's codes; numbers that are missing do not exist.
enum class Code : std::uint8_t {
  idle = 0,
  started = 1,
  done = 2,
  failed = 3,
  busy = 4,
  axis_state = 5,
  calibration_state = 6,
  retry = 7,
  echo = 8,
  invalid = 9,
  home_x = 11,
  home_y = 12,
  home_z = 13,
  clipped_x = 15,
  clipped_y = 16,
  clipped_z = 17,
  end_of_parameters = 20,
  parameter = 21,
  calibrated = 23,
  status = 31,
  pin = 41,
  monitored_pin = 61,
  timeout_x = 71,
  timeout_y = 72,
  timeout_z = 73,
  end_stops = 81,
  position = 82,
  version = 83,
  scaled_encoders = 84,
  raw_encoders = 85,
  aborted = 86,
  stopped = 87,
  not_approved = 88,
  load = 89,
  text = 99,
};

/// What stands behind the code.
enum class Shape : std::uint8_t {
  words,  ///< letters with numbers
  echo,   ///< the received line between asterisks, without a Q of its own
  text,   ///< free text, without a Q
};

struct ReplyRow {
  Code code;
  Shape shape;
  std::string_view required;  ///< words of one letter that must be there, else the line is damaged
  std::string_view meaning;
};
std::span<const ReplyRow> reply_table() noexcept;

/// Words of one line; the longest, R81, has six and Q.
inline constexpr std::size_t max_words = 8;

/// One line. `text` points into the line that was parsed.
struct Reply {
  struct Word {
    std::array<char, 2> letters;  ///< "P", or "XA": the second is 0 for one letter
    double value;
  };
  Code code = Code::text;
  std::optional<std::int64_t> q = {};
  std::string_view text = {};  ///< echo: the line; text: the text; version: the version
  std::array<Word, max_words> words = {};
  std::size_t word_count = 0;

  [[nodiscard]] std::optional<double> word(char letter, char second = 0) const noexcept;
};

/// Reads a line (without CR LF). Nothing if it is no reply: noise, a broken half, `home`, the empty line.
/// R86 and R87 are printed by the board in the middle of other lines: a line with one inside is taken as
/// that.
std::optional<Reply> parse_reply(std::string_view line) noexcept;

}  // namespace celeriac::hal::firmware
