#include "celeryscript/diagnostic.hpp"

#include <algorithm>
#include <format>

#include "protocol/words.hpp"

namespace celeriac::celeryscript {

using protocol::append_code_point;
using protocol::joined;
using protocol::shown;
namespace {

// An excerpt shows a longer line as a window: so many code points before the marked place, and from it on.
// Lines without end are common: clients send a sequence as one line.
constexpr std::size_t columns_before = 44;
constexpr std::size_t columns_after = 56;
// The error document of a refused sequence goes through slices and logs: it stays below this many bytes.
constexpr std::size_t most_details_bytes = 56 * 1024;
// What a person sees of a pointer.
constexpr std::size_t longest_shown_pointer = 400;
// What `expected` may list in one diagnostic of an error document.
constexpr std::size_t most_expected = 40;

constexpr bool continues(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Code points of well-formed text; stray continuation bytes go with what stands before them.
std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

/// The last code point boundary at or before `position`, at most 3 bytes away.
std::size_t boundary_before(std::string_view line, std::size_t position) noexcept {
  for (int i = 0; i < 3 && position > 0 && position < line.size() && continues(line[position]); ++i)
    --position;
  return position;
}

std::vector<std::uint32_t> starts_of_lines(std::string_view source) {
  std::vector<std::uint32_t> starts{0};
  for (std::size_t at = source.find('\n'); at != std::string_view::npos; at = source.find('\n', at + 1)) {
    starts.push_back(static_cast<std::uint32_t>(at + 1));
  }
  return starts;
}

/// Fills in excerpt and marker; `begin` and `end` are offsets into `line`.
void excerpt(Diagnostic& diagnostic, std::string_view line, std::size_t begin, std::size_t end) {
  const bool whole = line.size() <= 4 * (columns_before + columns_after) &&
                     code_points(line) <= columns_before + columns_after;
  std::size_t from = whole ? 0 : begin;
  for (std::size_t count = 0; from > 0 && count < columns_before; ++count) {
    from = boundary_before(line, from - 1);  // a byte that belongs to no code point counts like one
  }
  std::string text;
  std::string marker;
  if (from > 0) {
    text = "…";
    marker = " ";
  }
  std::size_t at = from;
  while (at < begin) {
    append_code_point(text, line, at, ' ');
    marker += ' ';
  }
  marker += '^';
  for (std::size_t count = 0; at < line.size(); ++count) {
    if (!whole && count == columns_after) {
      text += "…";
      break;
    }
    if (count > 0 && at < end) marker += '~';
    append_code_point(text, line, at, ' ');
  }
  diagnostic.excerpt = std::move(text);
  diagnostic.marker = std::move(marker);
}

constexpr std::string_view name(Severity severity) noexcept {
  return severity == Severity::error ? "error" : "warning";
}

struct Colours {
  std::string_view strong, error, warning, marker, end;
};
constexpr Colours plain{};
constexpr Colours ansi{"\x1B[1m", "\x1B[1;31m", "\x1B[1;35m", "\x1B[1;32m", "\x1B[0m"};

}  // namespace

bool Diagnostics::room() noexcept {
  if (list_.size() < most) return true;
  ++omitted_;
  ++errors_;
  return false;
}

void Diagnostics::add(std::string_view source, Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  if (list_.size() >= most) {
    ++omitted_;
    return;
  }
  if (line_starts_.empty()) line_starts_ = starts_of_lines(source);
  const std::size_t begin = std::min<std::size_t>(diagnostic.span.begin, source.size());
  const auto next = std::ranges::upper_bound(line_starts_, static_cast<std::uint32_t>(begin));
  const std::size_t line_begin = *(next - 1);
  std::size_t line_end = next == line_starts_.end() ? source.size() : *next - 1;
  if (line_end > line_begin && source[line_end - 1] == '\r') --line_end;

  std::size_t text_begin = line_begin;  // a byte order mark is not a column
  if (line_begin == 0 && source.starts_with("\xEF\xBB\xBF")) text_begin = std::min<std::size_t>(3, begin);
  const std::string_view line = source.substr(text_begin, std::max(line_end, begin) - text_begin);
  diagnostic.line = static_cast<std::uint32_t>(next - line_starts_.begin());
  if (diagnostic.line != counted_line_ || begin < counted_to_) {
    counted_line_ = diagnostic.line;
    counted_to_ = text_begin;
    counted_points_ = 0;
  }
  counted_points_ += code_points(source.substr(counted_to_, begin - counted_to_));
  counted_to_ = begin;
  diagnostic.column = static_cast<std::uint32_t>(1 + counted_points_);
  excerpt(diagnostic, line, begin - text_begin,
          std::max<std::size_t>(diagnostic.span.end, begin) - text_begin);
  list_.push_back(std::move(diagnostic));
}

void Diagnostics::sort() {
  std::ranges::stable_sort(list_, {}, [](const Diagnostic& d) { return d.span.begin; });
}

bool Diagnostics::mentions(Span span) const noexcept {
  return std::ranges::any_of(
      list_, [&](const Diagnostic& d) { return d.span.begin == span.begin && d.span.end == span.end; });
}

std::string render(const Diagnostic& d, const Style& style) {
  const Colours& c = style.colour ? ansi : plain;
  std::string text = std::format("{}{}:{}:{}:{} {}{}:{} {}{}{}\n", c.strong, style.file, d.line, d.column,
                                 c.end, d.severity == Severity::error ? c.error : c.warning, name(d.severity),
                                 c.end, c.strong, d.message, c.end);
  if (!d.pointer.empty()) text += std::format("  at {}\n", shown(d.pointer, longest_shown_pointer));
  text += std::format("{:>6} | {}\n       | {}{}{}\n", d.line, d.excerpt, c.marker, d.marker, c.end);
  if (!d.expected.empty()) text += std::format("  expected: {}\n", joined(d.expected));
  if (!d.suggestion.empty()) text += std::format("  did you mean `{}`?\n", d.suggestion);
  return text;
}

std::string render(const Diagnostics& diagnostics, const Style& style) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    if (!text.empty()) text += '\n';
    text += render(diagnostic, style);
  }
  if (diagnostics.omitted() > 0) text += std::format("\nand {} more\n", diagnostics.omitted());
  return text;
}

nlohmann::json to_json(const Diagnostic& d) {
  nlohmann::json expected = nlohmann::json::array();
  for (std::size_t i = 0; i < std::min(d.expected.size(), most_expected); ++i)
    expected.push_back(d.expected[i]);
  return {{"code", d.code},
          {"severity", name(d.severity)},
          {"message", d.message},
          {"path", d.pointer},
          {"line", d.line},
          {"column", d.column},
          {"excerpt", d.excerpt + '\n' + d.marker},
          {"expected", std::move(expected)},
          {"suggestion", d.suggestion}};
}

protocol::Error to_error(const Diagnostics& diagnostics) {
  protocol::Error error{.status = protocol::Status::invalid_code, .message = "The document is refused."};
  const auto& list = diagnostics.list();
  const auto first = std::ranges::find(list, Severity::error, &Diagnostic::severity);
  if (first != list.end()) {
    error.message = first->message;
    if (!first->suggestion.empty()) error.message += std::format(" Did you mean '{}'?", first->suggestion);
    if (diagnostics.errors() > 1) error.message += std::format(" (and {} more)", diagnostics.errors() - 1);
    error.path = first->pointer;
    error.code = first->code;
  }
  nlohmann::json items = nlohmann::json::array();
  std::size_t bytes = 0;
  for (const Diagnostic& diagnostic : list) {
    nlohmann::json item = to_json(diagnostic);
    // BSON holds about as many bytes as compact JSON; names and lengths are within the slack.
    bytes += item.dump().size() + 32;
    if (bytes > most_details_bytes) break;
    items.push_back(std::move(item));
  }
  const std::size_t omitted = diagnostics.omitted() + list.size() - items.size();
  error.details = {{"diagnostics", std::move(items)}, {"omitted", omitted}};
  return error;
}

}  // namespace celeriac::celeryscript
