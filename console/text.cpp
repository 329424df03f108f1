#include "console/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <format>
#include <span>

namespace celeriac::console {
namespace {

/// One character of UTF-8: its code point and length; length 1 and code point 0 where the bytes are not
/// UTF-8.
struct Character {
  char32_t point = 0;
  std::size_t length = 1;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                                                           : 0;
  if (length == 0 || text.size() < length) return {};
  char32_t point = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};
  return {point, length};
}

struct Range {
  char32_t first, last;
};
// Unicode's East Asian wide characters and emoji, as far as names of plants and messages use them.
constexpr Range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
                          {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
                          {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
// Marks that stand on the character before them, and joiners.
constexpr Range combining[] = {{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
// Controls: C0, DEL, C1, and the marks that turn the direction of text around.
constexpr Range controls[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

bool in(std::span<const Range> ranges, char32_t point) {
  return std::ranges::any_of(ranges, [&](Range r) { return point >= r.first && point <= r.last; });
}

std::size_t width_of(char32_t point) {
  return in(wide, point) ? 2 : in(combining, point) ? 0 : 1;
}

bool looks_like_number(std::string_view cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.-+%:") == std::string_view::npos &&
         cell.find_first_of("0123456789") != std::string_view::npos;
}

std::string number(double value) {
  if (!std::isfinite(value)) return "unknown";
  std::string text = std::format("{:.6g}", value);
  if (text.contains('e')) text = std::format("{}", value);
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [point, length] = first_character(text);
    if (point == '\n' || point == '\t')
      out += ' ';
    else if (in(controls, point))
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto [point, length] = first_character(text);
    columns += width_of(point);
    text.remove_prefix(length);
  }
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns, bool unicode) {
  if (width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t taken = 0, used = 0;
  while (taken < text.size()) {
    const auto [point, length] = first_character(text.substr(taken));
    if (used + width_of(point) > columns - 1) break;
    used += width_of(point);
    taken += length;
  }
  return std::string(text.substr(0, taken)) + (unicode ? "…" : ".");
}

std::string padded(std::string text, std::size_t columns) {
  const std::size_t have = width(text);
  if (have < columns) text.append(columns - have, ' ');
  return text;
}

std::string elapsed(std::chrono::nanoseconds duration) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(duration).count());
  if (seconds < 60) return std::format("{:.1f} s", std::floor(seconds * 10) / 10);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return std::format("{}:{:02} min", whole / 60, whole % 60);
  return std::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string millimetres(const nlohmann::json& value) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) return "?";
  const std::string text = std::format("{:.2f}", value.get<double>());
  return text == "-0.00" ? "0.00" : text;
}

std::string position(const nlohmann::json& xyz) {
  const auto axis = [&](const char* name) {
    return millimetres(xyz.is_object() ? xyz.value(name, nlohmann::json()) : nlohmann::json());
  };
  return std::format("x {}  y {}  z {} mm", axis("x"), axis("y"), axis("z"));
}

std::string bytes(double count) {
  if (count < 1000) return std::format("{:.0f} B", count);
  if (count < 1e6) return std::format("{:.1f} kB", count / 1e3);
  return std::format("{:.1f} MB", count / 1e6);
}

std::string time_of_day(const nlohmann::json& milliseconds) {
  if (!milliseconds.is_number()) return "-";
  const auto seconds = static_cast<std::time_t>(milliseconds.get<double>() / 1000);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return "-";
  return std::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string brief(const nlohmann::json& value) {
  if (value.is_null()) return "unknown";
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_number_float()) return number(value.get<double>());
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [name, item] : value.items()) {
    if (!text.empty()) text += ", ";
    if (value.is_object()) text += printable(name) + ' ';
    text += item.is_structured() ? '(' + brief(item) + ')' : brief(item);
  }
  return text.empty() ? "nothing" : text;
}

std::string json_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      if (c == widths.size()) {
        widths.push_back(0);
        numeric.push_back(true);
      }
      widths[c] = std::max(widths[c], width(rows[r][c]));
      if (r > 0 && !rows[r][c].empty() && rows[r][c] != "-" && !looks_like_number(rows[r][c]))
        numeric[c] = false;
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      if (numeric[c]) line.append(widths[c] - width(row[c]), ' ');
      line += numeric[c] ? row[c] : padded(row[c], widths[c]);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

}  // namespace celeriac::console
