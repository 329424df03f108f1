#pragma once
// Words and numbers as a person reads them, and what fits into a line.

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::console {

/// Text of a peer made safe for a terminal: control characters, escape sequences among them, and bytes that
/// are not UTF-8 become `?`, line feeds and tabs blanks.
std::string printable(std::string_view text);

/// Columns that printable UTF-8 takes on a terminal: wide characters two, combining ones none.
std::size_t width(std::string_view text);

/// At most `columns` wide: the end gives way to "…" (or "." without Unicode).
std::string fitted(std::string_view text, std::size_t columns, bool unicode = true);

/// Padded with blanks on the right to `columns`.
std::string padded(std::string text, std::size_t columns);

/// "0.4 s", "12.3 s", "4:05 min", "2:04:05 h".
std::string elapsed(std::chrono::nanoseconds duration);

/// "120.00" of millimetres, "?" of anything that is no number (an unknown position).
std::string millimetres(const nlohmann::json& value);

/// "x 120.00  y 340.00  z 0.00 mm" of a position `{x, y, z}`.
std::string position(const nlohmann::json& xyz);

/// "1.5 kB", "312 B".
std::string bytes(double count);

/// The wall clock, "14:05:09", of milliseconds since 1970; "-" of anything else.
std::string time_of_day(const nlohmann::json& milliseconds);

/// One line of any value: numbers as short as they are exact, objects as `name value, name value`, texts
/// without quotes, null as "unknown".
std::string brief(const nlohmann::json& value);

/// The document on one line; bytes that are not UTF-8 are replaced.
std::string json_line(const nlohmann::json& value);

/// Rows of cells with aligned columns, two blanks between; the first row is the heading. Cells that look like
/// numbers are set to the right.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace celeriac::console
