#pragma once
// What can go wrong, as data: the kinds, the words that each of them takes, and one fault with its words.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "firmware-sim/machine.hpp"
#include "firmware-sim/time.hpp"

namespace celeriac::firmware_sim {

enum class FaultKind : std::uint8_t {
  silence,
  garbage,
  duplicate,
  drop,
  corrupt,
  delay,
  restart,
  brown_out,
  unplug,
  end_stop,
  obstacle,
  jam,
  load,
  slow,
  encoder,
  driver,
};

/// Which way bytes go.
enum class Direction : std::uint8_t { to_board, from_board };

/// The words of a fault; a kind takes some of them and needs some of those.
namespace word {
inline constexpr unsigned direction = 1U << 0U;  ///< to-board, from-board
inline constexpr unsigned bytes = 1U << 1U;      ///< 3 bytes
inline constexpr unsigned by = 1U << 2U;         ///< by 200ms
inline constexpr unsigned lasting = 1U << 3U;    ///< for 3s
inline constexpr unsigned axis = 1U << 4U;       ///< x
inline constexpr unsigned end = 1U << 5U;        ///< min, max
inline constexpr unsigned contact = 1U << 6U;    ///< open, closed
inline constexpr unsigned power = 1U << 7U;      ///< without power
inline constexpr unsigned place = 1U << 8U;      ///< at 120
inline constexpr unsigned pin = 1U << 9U;        ///< pin 8
inline constexpr unsigned switched = 1U << 10U;  ///< on, off
inline constexpr unsigned factor = 1U << 11U;    ///< 3 times
inline constexpr unsigned steps = 1U << 12U;     ///< 12 steps
}  // namespace word

struct FaultRow {
  FaultKind kind;
  std::string_view name;
  unsigned takes;
  unsigned needs;
  /// Acts on bytes of one direction, so that it can be given a chance for each byte.
  bool bytewise;
  std::string_view meaning;
};

/// In the order of FaultKind.
[[nodiscard]] std::span<const FaultRow> fault_rows();
[[nodiscard]] const FaultRow& row_of(FaultKind kind);
/// Null for a name that is not in the table.
[[nodiscard]] const FaultRow* find_fault(std::string_view name);

struct Fault {
  /// Bytes of one fault.
  static constexpr int max_bytes = 4096;

  FaultKind kind = FaultKind::restart;
  std::optional<Direction> direction = std::nullopt;  ///< nothing: both
  int bytes = 1;
  Duration by{};
  /// Nothing: for good, or at once where the kind does not last.
  std::optional<Duration> lasting = std::nullopt;
  AxisName axis = AxisName::x;
  AxisEnd end = AxisEnd::min;
  bool closed = false;
  bool without_power = false;
  double place_mm = 0;
  int pin = 0;
  bool on = false;
  double factor = 1;
  int steps = 0;
};

/// The words of a fault, as a person writes them: `unplug without power for 3s`. An error is a sentence.
[[nodiscard]] std::expected<Fault, std::string> parse_fault(std::span<const std::string_view> words);
/// The same words again.
[[nodiscard]] std::string text_of(const Fault& fault);

/// `12.5s`, `200ms`, `3min`, `1h`, `50us`; nothing for anything else, also for more than a year.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string text_of(Duration duration);
/// A finite number and nothing behind it.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace celeriac::firmware_sim
