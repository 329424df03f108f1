#pragma once
// Completion of a line of the console: its own commands, those of the command line, operations and their
// fields, and names that only the host knows.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace celeriac::console::tui {

/// What can be named at this moment.
struct Names {
  std::vector<std::string> registers = {};
  std::vector<std::string> parameters = {};  ///< of the firmware
  std::vector<std::string> settings = {};    ///< of the host
  /// Ids with what they are called: {"3", "Water a plant"}.
  std::vector<std::pair<std::string, std::string>> processes = {}, codes = {};
};

struct Suggestion {
  std::string text;       ///< replaces the word
  std::string note = {};  ///< beside it: a summary, a unit
};

struct Suggestions {
  std::size_t from = 0;  ///< where the word that they replace begins, in bytes
  std::vector<Suggestion> offers = {};
  std::string usage = {};  ///< of the command or operation that the line begins with; "" before there is one

  /// The longest text that all offers begin with.
  [[nodiscard]] std::string common() const;
};

/// Most offers that are made.
inline constexpr std::size_t most_offers = 200;

/// What may stand at the end of `line` (up to the cursor).
Suggestions suggest(std::string_view line, const Names& names);

/// A line with the suggestions taken as far as they agree; with one offer, it and a blank (or, behind "=" and
/// ".", no blank).
std::string completed(std::string_view line, const Suggestions& suggestions);

}  // namespace celeriac::console::tui
