#include "console/source_file.hpp"

#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>
#include <iostream>
#include <iterator>

#include "celeryscript/parser.hpp"

namespace celeriac::console {
using protocol::Status;

namespace {

/// At most one byte more than a sequence may have: enough to see that it is too long.
std::string read_bounded(std::istream& stream) {
  std::string text(celeryscript::most_source_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

protocol::Result<std::string> read_source(const std::filesystem::path& path) {
  std::string text;
  if (path == "-") {
    text = read_bounded(std::cin);
  } else {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
      return protocol::fail(Status::malformed,
                            std::format("{} is a directory; name a JSON file in it.", path.string()));
    std::ifstream file(path, std::ios::binary);
    if (!file)
      return protocol::fail(Status::malformed,
                            std::format("Cannot read {}: {}.", path.string(), std::strerror(errno)));
    text = read_bounded(file);
  }
  if (text.size() > celeryscript::most_source_bytes)
    return protocol::fail(Status::malformed,
                          std::format("{} is longer than {} MiB, the most that a sequence may have.",
                                      path.string(), celeryscript::most_source_bytes >> 20));
  return text;
}

}  // namespace celeriac::console
