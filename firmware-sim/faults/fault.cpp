#include "firmware-sim/faults/fault.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <format>
#include <utility>
#include <vector>

namespace celeriac::firmware_sim {
namespace {

using namespace word;

constexpr auto rows = std::to_array<FaultRow>({
    {FaultKind::silence, "silence", direction | lasting, lasting, false,
     "bytes vanish, of one direction or of both"},
    {FaultKind::garbage, "garbage", direction | bytes, direction, false, "bytes that nobody has sent"},
    {FaultKind::duplicate, "duplicate", direction | bytes, direction, true, "the next bytes come twice"},
    {FaultKind::drop, "drop", direction | bytes, direction, true, "the next bytes are lost"},
    {FaultKind::corrupt, "corrupt", direction | bytes, direction, true, "the next bytes come as others"},
    {FaultKind::delay, "delay", direction | by | bytes | lasting, direction | by, true,
     "the next bytes come late, and all behind them not before them"},
    {FaultKind::restart, "restart", 0, 0, false, "the board resets"},
    {FaultKind::brown_out, "brown-out", lasting | steps, 0, false,
     "power fails: pins low, position lost, carriages coast up to so many steps, and the board boots again"},
    {FaultKind::unplug, "unplug", lasting | power, lasting, false,
     "the port vanishes and returns; the board runs on, or loses its power with it"},
    {FaultKind::end_stop, "end-stop", axis | end | contact | lasting, axis | end | contact, false,
     "a switch sticks, whatever the carriage does"},
    {FaultKind::obstacle, "obstacle", axis | place | lasting, axis | place, false,
     "the carriage cannot pass a place on its way from home"},
    {FaultKind::jam, "jam", axis | lasting, axis, false, "the carriage is held where it is"},
    {FaultKind::load, "load", pin | switched | lasting, pin | switched, false,
     "valve, pump or lamp sticks on or off, whatever its pin says"},
    {FaultKind::slow, "slow", factor | lasting, factor, false, "everything takes so many times as long"},
    {FaultKind::encoder, "encoder", axis | lasting, axis, false, "the encoder stands still"},
    {FaultKind::driver, "driver", axis | lasting, axis, false,
     "the motor driver shows an error, until it is initialised or for a time"},
});

struct WordRow {
  unsigned bit;
  std::string_view example;
};
constexpr auto words_of_faults = std::to_array<WordRow>({
    {direction, "`to-board` or `from-board`"},
    {bytes, "`3 bytes`"},
    {by, "by how much: `by 200ms`"},
    {lasting, "how long: `for 3s`"},
    {axis, "an axis: `x`, `y` or `z`"},
    {end, "`min` or `max`"},
    {contact, "`open` or `closed`"},
    {power, "`without power`"},
    {place, "a place in mm: `at 120`"},
    {pin, "a pin: `pin 8`"},
    {switched, "`on` or `off`"},
    {factor, "how much slower: `3 times`"},
    {steps, "`12 steps`"},
});

constexpr auto directions = std::to_array<std::pair<std::string_view, Direction>>({
    {"to-board", Direction::to_board},
    {"from-board", Direction::from_board},
});

struct UnitRow {
  std::string_view name;
  double nanoseconds;
};
constexpr auto units = std::to_array<UnitRow>({
    {"us", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"min", 60e9},
    {"h", 3600e9},
});
constexpr Duration longest = std::chrono::hours(24 * 365);
constexpr double most_factor = 1000;

/// Reads the words one after the other, in any order.
class WordReader {
 public:
  explicit WordReader(std::span<const std::string_view> words) : words_(words) {}

  std::expected<unsigned, std::string> read_into(Fault& fault) {
    while (!words_.empty()) {
      const std::string_view text = next();
      const auto bit = read(text, fault);
      if (!bit) return std::unexpected(bit.error());
      if (*bit == 0) return std::unexpected(std::format("\"{}\" is not a word of a fault", text));
      if ((seen_ & *bit) != 0) return std::unexpected(std::format("\"{}\" is one too many", text));
      seen_ |= *bit;
    }
    return seen_;
  }

 private:
  using Read = std::expected<unsigned, std::string>;

  std::string_view next() {
    if (words_.empty()) return "";
    const std::string_view text = words_.front();
    words_ = words_.subspan(1);
    return text;
  }

  Read read(std::string_view text, Fault& fault) {
    if (const auto named = std::ranges::find(directions, text, [](auto& row) { return row.first; });
        named != directions.end()) {
      fault.direction = named->second;
      return direction;
    }
    if (text.size() == 1 && text[0] >= 'x' && text[0] <= 'z') {
      fault.axis = all_axes[static_cast<std::size_t>(text[0] - 'x')];
      return axis;
    }
    if (text == "min" || text == "max") {
      fault.end = text == "min" ? AxisEnd::min : AxisEnd::max;
      return end;
    }
    if (text == "open" || text == "closed") {
      fault.closed = text == "closed";
      return contact;
    }
    if (text == "on" || text == "off") {
      fault.on = text == "on";
      return switched;
    }
    if (text == "without") {
      if (next() != "power") return std::unexpected("after \"without\" comes \"power\"");
      fault.without_power = true;
      return power;
    }
    if (text == "for" || text == "by") {
      const std::string_view amount = next();
      const auto time = parse_duration(amount);
      if (!time)
        return std::unexpected(std::format("\"{} {}\" names no time such as 200ms or 3s", text, amount));
      if (text == "by") {
        fault.by = *time;
        return by;
      }
      fault.lasting = *time;
      return lasting;
    }
    if (text == "at" || text == "pin") return number_after(text, fault);
    if (const auto number = parse_number(text)) return number_before(text, *number, fault);
    return 0U;
  }

  Read number_after(std::string_view text, Fault& fault) {
    const std::string_view amount = next();
    const auto number = parse_number(amount);
    if (text == "at") {
      if (!number) return std::unexpected(std::format("\"at {}\" names no place in mm", amount));
      fault.place_mm = *number;
      return place;
    }
    if (!number || *number < 0 || *number >= Pins::count || *number != std::trunc(*number))
      return std::unexpected(std::format("\"pin {}\" names no pin of 0 to {}", amount, Pins::count - 1));
    fault.pin = static_cast<int>(*number);
    return pin;
  }

  Read number_before(std::string_view text, double number, Fault& fault) {
    const std::string_view noun = next();
    if (noun == "times") {
      if (number < 1 || number > most_factor)
        return std::unexpected(std::format("\"{} times\" is not 1 to {:.0f} times", text, most_factor));
      fault.factor = number;
      return factor;
    }
    const bool counts_bytes = noun == "byte" || noun == "bytes";
    if (!counts_bytes && noun != "step" && noun != "steps")
      return std::unexpected(std::format("\"{}\" needs what it counts: bytes, steps or times", text));
    if (number < 1 || number > Fault::max_bytes || number != std::trunc(number))
      return std::unexpected(std::format("\"{} {}\" is not 1 to {}", text, noun, Fault::max_bytes));
    (counts_bytes ? fault.bytes : fault.steps) = static_cast<int>(number);
    return counts_bytes ? bytes : steps;
  }

  std::span<const std::string_view> words_;
  unsigned seen_ = 0;
};

std::string named_kinds() {
  std::string names;
  for (const FaultRow& row : rows) names += std::format("{}{}", names.empty() ? "" : ", ", row.name);
  return names;
}

}  // namespace

std::span<const FaultRow> fault_rows() {
  return rows;
}

const FaultRow& row_of(FaultKind kind) {
  return rows[static_cast<std::size_t>(kind)];
}

const FaultRow* find_fault(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &FaultRow::name);
  return found == rows.end() ? nullptr : &*found;
}

std::expected<Fault, std::string> parse_fault(std::span<const std::string_view> words) {
  // The direction may stand before the name: `on line "G00" byte 7 to-board drop`.
  const auto name = std::ranges::find_if(words, [](std::string_view text) { return find_fault(text); });
  if (name == words.end()) {
    if (words.empty()) return std::unexpected(std::format("a fault is missing: {}", named_kinds()));
    return std::unexpected(
        std::format("there is no fault in \"{}\"; the faults are {}", words.front(), named_kinds()));
  }
  const FaultRow& row = *find_fault(*name);
  std::vector<std::string_view> rest(words.begin(), name);
  rest.insert(rest.end(), name + 1, words.end());
  Fault fault{.kind = row.kind};
  const auto seen = WordReader(rest).read_into(fault);
  if (!seen) return std::unexpected(seen.error());
  for (const WordRow& each : words_of_faults) {
    if ((row.needs & ~*seen & each.bit) != 0)
      return std::unexpected(std::format("{} needs {}", row.name, each.example));
    if ((*seen & ~row.takes & each.bit) != 0)
      return std::unexpected(std::format("{} does not take {}", row.name, each.example));
  }
  if (fault.kind == FaultKind::delay && (*seen & bytes) != 0 && fault.lasting)
    return std::unexpected("delay takes a number of bytes or a time, not both");
  return fault;
}

std::string text_of(const Fault& fault) {
  const FaultRow& row = row_of(fault.kind);
  std::string text(row.name);
  const auto add = [&](unsigned bit, const std::string& words) {
    if ((row.takes & bit) != 0) text += " " + words;
  };
  if (fault.direction)
    add(direction, std::string(directions[static_cast<std::size_t>(*fault.direction)].first));
  add(axis, std::string(1, "xyz"[index(fault.axis)]));
  add(end, fault.end == AxisEnd::min ? "min" : "max");
  add(contact, fault.closed ? "closed" : "open");
  add(pin, std::format("pin {}", fault.pin));
  add(switched, fault.on ? "on" : "off");
  add(place, std::format("at {}", fault.place_mm));
  add(factor, std::format("{} times", fault.factor));
  if (fault.kind != FaultKind::delay || !fault.lasting)
    add(bytes, std::format("{} {}", fault.bytes, fault.bytes == 1 ? "byte" : "bytes"));
  if (fault.steps > 0) add(steps, std::format("{} steps", fault.steps));
  add(by, "by " + text_of(fault.by));
  if (fault.without_power) add(power, "without power");
  if (fault.lasting) add(lasting, "for " + text_of(*fault.lasting));
  return text;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  if (digits == std::string_view::npos) return std::nullopt;
  const auto number = parse_number(text.substr(0, digits));
  const auto unit = std::ranges::find(units, text.substr(digits), &UnitRow::name);
  if (!number || unit == units.end()) return std::nullopt;
  const double nanoseconds = *number * unit->nanoseconds;
  if (nanoseconds > static_cast<double>(longest.count())) return std::nullopt;
  return Duration(std::llround(nanoseconds));
}

std::string text_of(Duration duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  const auto fits = [&](const UnitRow& unit) { return nanoseconds >= unit.nanoseconds; };
  const auto seconds = units.begin() + 2;  // minutes and hours are read less well than seconds
  const auto unit = std::ranges::find_if(units.begin(), seconds, [&](const UnitRow& row) {
    return fits(row) && nanoseconds < 1000 * row.nanoseconds;
  });
  return std::format("{}{}", nanoseconds / unit->nanoseconds, unit->name);
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || rest != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace celeriac::firmware_sim
