#include "vm/kernel/names.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <format>

#include "protocol/document.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<Error> bad(const char* code, std::string message) {
  return std::unexpected(Error{.status = Status::malformed, .message = std::move(message), .code = code});
}

bool made_of(std::string_view text, std::string_view marks) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || marks.contains(c);
  });
}

/// FNV-1a, 32 bits: the same path has the same id on every machine and after every restart.
std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2166136261;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619;
  return value;
}

}  // namespace

std::string ProcessName::text() const {
  return process + ':' + package + ':' + publisher;
}
std::string ProcessName::package_id() const {
  return package + ':' + publisher;
}
std::string ProcessName::path() const {
  return "/proc/" + publisher + '/' + package + '/' + process;
}
std::string Address::text() const {
  return node + '@' + process.text();
}

ProcessName system_name(std::string_view process) {
  return {std::string(process), "distro", "sys"};
}

Result<ProcessName> parse_process_name(std::string_view text) {
  const auto shown = text.substr(0, 100);
  if (text.size() > max_name_bytes)
    return bad("too_long", std::format("A name of {} bytes is too long.", text.size()));
  if (!protocol::is_utf8(text)) return bad("missing_field", "A process's name must be UTF-8.");
  const auto first = text.find(':');
  const auto second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (second == text.npos)
    return bad("missing_field",
               std::format("\"{}\" is no process: it takes the form process:package:publisher.", shown));
  if (text.find(':', second + 1) != text.npos)
    return bad("too_many_colons", std::format("\"{}\" is no process: it has more than three parts.", shown));
  ProcessName name{std::string(text.substr(0, first)),
                   std::string(text.substr(first + 1, second - first - 1)),
                   std::string(text.substr(second + 1))};
  if (name.process.empty() || name.package.empty() || name.publisher.empty())
    return bad("missing_field", std::format("\"{}\" is no process: a part of it is empty.", shown));
  return name;
}

Result<Address> parse_address(std::string_view text) {
  const auto shown = text.substr(0, 100);
  const auto at = text.find('@');
  if (at == text.npos || at == 0)
    return bad("missing_node",
               std::format("\"{}\" is no address: it takes the form node@process:package:publisher.", shown));
  if (text.find('@', at + 1) != text.npos)
    return bad("too_many_ats", std::format("\"{}\" is no address: it has more than one @.", shown));
  auto name = parse_process_name(text.substr(at + 1));
  if (!name) return std::unexpected(std::move(name.error()));
  return Address{std::string(text.substr(0, at)), std::move(*name)};
}

Result<void> check_name(const ProcessName& name) {
  const auto refuse = [&](std::string_view part, std::string_view text, std::string_view may) {
    return bad("bad_name", std::format("The {} of a process is made of {}, and \"{}\" is not.", part, may,
                                       text.substr(0, 100)));
  };
  if (!made_of(name.process, "-")) return refuse("name", name.process, "a-z, 0-9 and -");
  if (!made_of(name.package, "-")) return refuse("package", name.package, "a-z, 0-9 and -");
  if (!made_of(name.publisher, ".-")) return refuse("publisher", name.publisher, "a-z, 0-9, - and .");
  if (name.text().size() > max_name_bytes) return bad("too_long", "The name of a process is too long.");
  return {};
}

Result<void> check_node(std::string_view node) {
  if (made_of(node, ".-") && node.size() <= max_path_bytes) return {};
  return bad("bad_name", std::format("The name of a node is made of a-z, 0-9, - and ., and \"{}\" is not.",
                                     node.substr(0, 100)));
}

ProcessName name_of_path(std::string_view path) {
  std::string slug;
  for (const char c : path.substr(path.rfind('/') + 1)) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    slug += (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ? lower : '-';
  }
  if (slug.empty()) slug = "root";
  return {std::format("{}-{:08x}", slug.substr(0, 64), hash(path)), "othismo", "local"};
}

}  // namespace celeriac::vm
