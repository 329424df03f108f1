#include "console/tui/history.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "console/text.hpp"

namespace celeriac::console::tui {

bool History::add(std::string line) {
  line = printable(line);
  if (line.find_first_not_of(' ') == std::string::npos || line.size() > longest_line) return false;
  if (!lines_.empty() && lines_.back() == line) return false;
  if (lines_.size() == most_lines) lines_.erase(lines_.begin());
  lines_.push_back(std::move(line));
  return true;
}

History History::load(const std::filesystem::path& file) {
  // Whatever lies there, no more is read than a full history has.
  constexpr std::streamoff most_bytes = most_lines * (longest_line + 1);
  History history;
  std::ifstream input(file, std::ios::binary | std::ios::ate);
  if (!input) return history;
  const std::streamoff size = input.tellg();
  input.seekg(std::max<std::streamoff>(0, size - most_bytes));
  std::string line;
  if (size > most_bytes) std::getline(input, line);  // cut off
  while (std::getline(input, line)) history.add(std::move(line));
  return history;
}

bool History::append(const std::filesystem::path& file, const std::string& line) {
  std::error_code error;
  const auto directory = file.parent_path();
  if (!std::filesystem::exists(directory, error)) {
    std::filesystem::create_directories(directory, error);
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  }
  History history = load(file);
  if (!history.add(line)) return true;
  std::string text;
  for (const auto& kept : history.lines_) text += kept + '\n';
  const std::string temporary = file.string() + '.' + std::to_string(::getpid());
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return false;
  bool well = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  well = ::fsync(descriptor) == 0 && well;
  well = ::close(descriptor) == 0 && well;
  if (well && ::rename(temporary.c_str(), file.c_str()) == 0) return true;
  ::unlink(temporary.c_str());
  return false;
}

std::optional<std::filesystem::path> history_file(
    const std::function<std::optional<std::string>(const char*)>& variable) {
  std::filesystem::path state;
  if (const auto named = variable("XDG_STATE_HOME"); named && named->starts_with('/'))
    state = *named;
  else if (const auto home = variable("HOME"); home && home->starts_with('/'))
    state = std::filesystem::path(*home) / ".local/state";
  else
    return std::nullopt;
  return state / "celeriac/console-history";
}

}  // namespace celeriac::console::tui
