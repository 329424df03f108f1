#include "celeryscript/syntax.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <string>

#include "protocol/words.hpp"

namespace celeriac::celeryscript {

using protocol::shown;
namespace {

constexpr std::string_view blanks = " \t\r\n";

enum class Place : std::uint8_t {
  token,  ///< the whole token that holds the trouble
  byte,   ///< exactly where reading stopped
};

/// What the library says about characters, and what we say.
struct Trouble {
  std::string_view complaint;
  std::string_view message;
  Place place;
};
constexpr std::array troubles = {
    Trouble{"ill-formed UTF-8", "The text is not valid UTF-8 here.", Place::byte},
    Trouble{"missing closing quote", "This string has no closing quote.", Place::token},
    Trouble{"control character",
            "A string holds a control character: write line breaks as \\n and tabs as \\t.", Place::byte},
    Trouble{"forbidden character after backslash",
            "There is no such escape: after a backslash may stand one of \" \\ / b f n r t u.", Place::byte},
    Trouble{"must be followed by 4 hex digits", "After \\u there must be four hexadecimal digits.",
            Place::byte},
    Trouble{"surrogate",
            "This is half of a surrogate pair: \\uD800 to \\uDBFF and \\uDC00 to \\uDFFF come in pairs.",
            Place::byte},
    Trouble{"number overflow", "This number is out of range.", Place::token},
    Trouble{"invalid number", "This is not a number as JSON writes them, such as 0, -12 or 3.5e2.",
            Place::token},
    Trouble{"invalid BOM", "The text starts with bytes that are no UTF-8 byte order mark.", Place::byte},
    Trouble{
        "invalid literal",
        "This is no JSON value: there are strings in double quotes, numbers, true, false, null, {…} and […], "
        "and no NaN, Infinity, comments or single quotes.",
        Place::token},
};

/// What the library expected, and what we call it. (The semicolon: "unexpected end of input" is no
/// expectation.)
struct Expectation {
  std::string_view complaint;
  std::string_view words;
};
constexpr std::array expectations = {
    Expectation{"; expected end of input", "the end of the document"},
    Expectation{"; expected string literal", "a key in double quotes"},
    Expectation{"; expected ':'", "a colon"},
    Expectation{"; expected '}'", "a comma or the end of the object, '}'"},
    Expectation{"; expected ']'", "a comma or the end of the array, ']'"},
    Expectation{"; expected '[', '{'", "a value"},
};

bool part_of_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
         c == '.' || c == '_';
}

/// End of the token that starts at `begin`.
std::size_t token_end(std::string_view source, std::size_t begin) {
  if (source[begin] == '"') {
    for (std::size_t at = begin + 1; at < source.size(); ++at) {
      if (source[at] == '\\') {
        ++at;
      } else if (source[at] == '"') {
        return at + 1;
      } else if (source[at] == '\n') {
        return at;
      }
    }
    return source.size();
  }
  std::size_t end = begin;
  while (end < source.size() && part_of_word(source[end])) ++end;
  return std::max(end, begin + 1);
}

/// The token that the library had read last: the one that holds the byte before `position`, or a word
/// that it found cut short by that byte.
Span offending_token(std::string_view source, std::size_t position, std::size_t after) {
  std::size_t begin = after;
  std::size_t end = after;
  for (std::size_t at = after; at < position && at < source.size();) {
    if (blanks.contains(source[at])) {
      ++at;
      continue;
    }
    const bool cut_word = at + 1 == position && at == end && end > begin && part_of_word(source[begin]);
    if (cut_word) break;
    begin = at;
    end = at = token_end(source, at);
  }
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

}  // namespace

Diagnostic syntax_error(std::string_view source, std::string_view complaint, std::size_t position,
                        std::size_t after) {
  Diagnostic diagnostic{.code = "syntax_error"};
  const std::size_t byte = std::min(position == 0 ? 0 : position - 1, source.size());
  const Span token = offending_token(source, position, after);

  for (const Trouble& trouble : troubles) {
    if (!complaint.contains(trouble.complaint)) continue;
    diagnostic.message = trouble.message;
    diagnostic.span = trouble.place == Place::token
                          ? token
                          : Span{static_cast<std::uint32_t>(byte), static_cast<std::uint32_t>(byte + 1)};
    return diagnostic;
  }

  std::string_view expected = "a value";
  for (const Expectation& expectation : expectations) {
    if (!complaint.contains(expectation.complaint)) continue;
    expected = expectation.words;
    break;
  }
  diagnostic.expected = {std::string(expected)};
  // Behind the last thing that is there.
  const std::size_t last = source.find_last_not_of(blanks);
  const auto end = static_cast<std::uint32_t>(last == std::string_view::npos ? 0 : last + 1);
  if (end == 0 || complaint.contains("unexpected end of input")) {
    diagnostic.span = {end, end};
    diagnostic.message =
        end == 0 ? "The document is empty." : std::format("The text ends too early: expected {}.", expected);
    return diagnostic;
  }
  diagnostic.span = token;
  const std::string got = shown(source.substr(token.begin, token.end - token.begin), 24);
  diagnostic.message = std::format("Expected {}, but got {}.", expected, got);
  return diagnostic;
}

}  // namespace celeriac::celeryscript
