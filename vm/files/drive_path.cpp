#include "vm/files/drive_path.hpp"

#include <algorithm>
#include <format>

#include "protocol/document.hpp"
#include "protocol/words.hpp"
#include "vm/kernel/names.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<protocol::Error> bad(std::string_view text, std::string_view why) {
  return fail(Status::malformed,
              std::format("\"{}\" is no path of a file: {}.", protocol::shown(text, 100), why));
}

/// The next segment, and what follows its slash.
std::string_view take(std::string_view& rest) {
  const auto end = rest.find('/');
  const auto segment = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return segment;
}

}  // namespace

bool is_drive_name(std::string_view name) {
  return !name.empty() && name.size() <= max_file_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<DrivePath> DrivePath::parse(std::string_view text) {
  if (text.size() > max_file_path) return bad(text, std::format("it is longer than {} bytes", max_file_path));
  if (!protocol::is_utf8(text)) return bad(text, "it is not UTF-8");
  if (!text.starts_with('/')) return bad(text, "it does not begin with /package:publisher/drive");
  auto rest = text.substr(1);
  const auto package = take(rest);
  const auto colon = package.find(':');
  const auto drive = take(rest);
  if (colon == std::string_view::npos) return bad(text, "it does not begin with /package:publisher/drive");
  DrivePath made{.package = std::string(package.substr(0, colon)),
                 .publisher = std::string(package.substr(colon + 1)),
                 .drive = std::string(drive),
                 .rest = {}};
  // The rules for names keep slashes out of it, and the dots are ours to keep out.
  if (!check_name({"x", made.package, made.publisher}) ||
      made.publisher.find_first_not_of('.') == std::string::npos)
    return bad(text, std::format("\"{}\" is no package", protocol::shown(package)));
  if (!is_drive_name(drive))
    return bad(text,
               std::format("\"{}\" is no drive, whose name is of a-z, 0-9, - and _", protocol::shown(drive)));
  while (rest.ends_with('/')) rest.remove_suffix(1);
  made.rest = rest;
  for (std::size_t depth = 1; !rest.empty(); ++depth) {
    if (depth > max_file_depth)
      return bad(text, std::format("it is more than {} levels deep", max_file_depth));
    const auto segment = take(rest);
    if (segment.empty() || segment == "." || segment == ".." || segment.size() > max_file_name)
      return bad(text, "each of its parts must be a plain name");
    if (std::ranges::any_of(segment,
                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
      return bad(text, "it has control characters");
  }
  return made;
}

}  // namespace celeriac::vm
