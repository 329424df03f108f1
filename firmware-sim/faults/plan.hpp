#pragma once
// When things go wrong: a file with one fault a line. firmware-sim/README.md has the words.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/faults/fault.hpp"

namespace celeriac::firmware_sim {

struct Trigger {
  enum class Kind : std::uint8_t {
    at_once,
    at,         ///< `at 12.5s`: since the start
    in,         ///< `in 2s`: from when the rule was given
    every,      ///< `every 30s`
    about,      ///< `every ~30s`: at random, so far apart on the whole
    line,       ///< `on line "G00"`: the first line that begins so
    each_line,  ///< `on every line "G00"`
    chance,     ///< `chance 0.001`: of each byte
    random,     ///< `random rate 4/h`: kinds and words are drawn as well
  };
  Kind kind = Kind::at_once;
  Duration time{};  ///< of at, in, every; the mean of about and random
  std::string text = {};
  /// Which byte of the line, from 1; nothing: its end.
  std::optional<std::size_t> byte = std::nullopt;
  double probability = 0;

  [[nodiscard]] bool on_line() const { return kind == Kind::line || kind == Kind::each_line; }
  /// Lines that begin with R are the board's, all others the host's.
  [[nodiscard]] Direction direction() const {
    return text.starts_with('R') ? Direction::from_board : Direction::to_board;
  }
};

struct FaultRule {
  Trigger trigger;
  Fault fault = {};
  /// Of `random`: what may be drawn; empty: every kind.
  std::vector<FaultKind> kinds = {};
};

struct FaultPlan {
  static constexpr std::size_t max_rules = 1'000;

  std::optional<std::uint64_t> seed = std::nullopt;
  std::vector<FaultRule> rules = {};
};

struct PlanError {
  int line;  ///< from 1
  std::string message;

  [[nodiscard]] std::string text() const;
};

/// Empty lines and what follows a # are for people.
[[nodiscard]] std::expected<FaultPlan, PlanError> parse_fault_plan(std::string_view text);
/// One line; a fault without a `when` happens at once. An error is a sentence.
[[nodiscard]] std::expected<FaultRule, std::string> parse_fault_rule(std::string_view line);

}  // namespace celeriac::firmware_sim
