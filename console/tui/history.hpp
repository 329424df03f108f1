#pragma once
// The lines that a person typed, across runs.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::console::tui {

class History {
 public:
  static constexpr std::size_t most_lines = 1000;
  static constexpr std::size_t longest_line = 1000;  ///< bytes; longer ones are not kept

  /// Appends a line; one that repeats the last, is empty or too long is not kept. False if it was not.
  bool add(std::string line);
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

  /// Reads the file, as much of its end as is kept; an empty history if there is none.
  static History load(const std::filesystem::path& file);
  /// Adds the line to what the file holds now (another console may have added to it), in one rename: no
  /// reader and no power cut sees half of it. Directories are made; only the user may read them. False if it
  /// cannot be written.
  static bool append(const std::filesystem::path& file, const std::string& line);

 private:
  std::vector<std::string> lines_;  // oldest first
};

/// XDG_STATE_HOME/celeriac/console-history, else ~/.local/state/celeriac/console-history; nullopt without a
/// home.
std::optional<std::filesystem::path> history_file(
    const std::function<std::optional<std::string>(const char*)>& variable);

}  // namespace celeriac::console::tui
