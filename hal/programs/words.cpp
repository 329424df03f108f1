#include "hal/programs/words.hpp"

#include <format>

namespace celeriac::hal::programs {

using protocol::Status;

protocol::Result<std::vector<std::string>> split_words(std::string_view line) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(blanks, at)) != std::string_view::npos) {
    if (words.size() == max_words)
      return protocol::fail(Status::malformed, std::format("A command has at most {} words.", max_words));
    std::string word;
    bool quoted = false;
    for (; at < line.size() && (quoted || !blanks.contains(line[at])); ++at) {
      if (line[at] == '"')
        quoted = !quoted;
      else if (quoted && line[at] == '\\' && at + 1 < line.size())
        word += line[++at];
      else
        word += line[at];
    }
    if (quoted)
      return protocol::fail(Status::malformed,
                            std::format("A quote does not end in: {}", line.substr(0, 200)));
    words.push_back(std::move(word));
  }
  if (words.empty() || words.front().empty())
    return protocol::fail(Status::malformed, "The command is empty: it begins with a program.");
  return words;
}

}  // namespace celeriac::hal::programs
