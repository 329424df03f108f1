// Paths below a directory that was given. There are no links, so a path says where it leads.

#include <algorithm>

#include "guest/abi/mail.hpp"
#include "guest/abi/preview1/call.hpp"
#include "protocol/othismo.hpp"

namespace celeriac::guest::preview1 {

using namespace protocol::literals;
using protocol::Json;

Call::Path Call::path(std::size_t place, std::size_t text) {
  const auto* directory = descriptor(place);
  if (directory == nullptr) return {Errno::badf, {}};
  if (directory->kind != Kind::directory) return {Errno::notdir, {}};
  const auto at = u32(text), length = u32(text + 1);
  if (!memory.holds(at, length)) return {Errno::fault, {}};
  const auto bytes = memory.at(at, length);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (rest.empty()) return {Errno::noent, {}};
  if (rest.size() > protocol::max_path) return {Errno::nametoolong, {}};
  if (rest.contains('\0')) return {Errno::inval, {}};
  if (!protocol::is_utf8(rest)) return {Errno::ilseq, {}};
  if (rest.starts_with('/')) return {Errno::notcapable, {}};
  std::vector<std::string_view> segments;
  while (!rest.empty()) {
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment.size() > protocol::max_path_segment) return {Errno::nametoolong, {}};
    if (segment != "..") {
      segments.push_back(segment);
    } else if (segments.empty()) {
      return {Errno::notcapable, {}};
    } else {
      segments.pop_back();
    }
  }
  Path made{.wrong = Errno::success, .path = directory->path};
  for (const auto segment : segments) made.path.append("/").append(segment);
  return made;
}

namespace {

/// A directory that was given stays where it is.
bool is_given(Call& call, const std::string& path) {
  for (const auto& [number, descriptor] : call.self.descriptors(call.guest))
    if (descriptor.given && descriptor.path == path) return true;
  return false;
}

constexpr std::uint64_t right_read = 1u << 1, right_write = 1u << 6, right_allocate = 1u << 8,
                        right_readdir = 1u << 14, right_resize = 1u << 22;
enum : std::uint32_t { o_create = 1, o_directory = 2, o_exclusive = 4, o_truncate = 8 };

Json flags_of(std::uint32_t how, std::uint64_t rights) {
  Json flags = Json::array();
  const bool write = (rights & (right_write | right_allocate | right_resize)) != 0 || (how & o_truncate) != 0;
  if ((how & o_directory) != 0) return {"read", "directory"};
  if (!write || (rights & (right_read | right_readdir)) != 0) flags.push_back("read");
  if (write) flags.push_back("write");
  if ((how & o_create) != 0) flags.push_back("create");
  if ((how & o_exclusive) != 0) flags.push_back("exclusive");
  if ((how & o_truncate) != 0) flags.push_back("truncate");
  return flags;
}

Errno path_open(Call& call) {
  auto path = call.path(0, 2);
  if (path.wrong != Errno::success) return path.wrong;
  if (!call.memory.holds(call.u32(8), 4)) return Errno::fault;
  if (call.self.descriptors(call.guest).size() >= max_descriptors) return Errno::mfile;
  const auto how = call.u32(4);
  const auto reply =
      mail::ask(call.guest, "FILE.OPEN"_op, {{"path", path.path}, {"flags", flags_of(how, call.u64(5))}});
  if (!reply.ok()) return errno_of(reply);
  // A directory may be opened without saying so.
  const auto about = mail::ask(call.guest, "FILE.STAT"_op, {{"file", reply.value}}).document();
  const bool directory = (how & o_directory) != 0 || (about && about->value("kind", Json()) == "directory");
  const auto number = add(call, {.kind = directory ? Kind::directory : Kind::file,
                                 .path = std::move(path.path),
                                 .handle = reply.value,
                                 .append = (call.u32(7) & 1) != 0});
  return number ? call.store(call.u32(8), *number) : Errno::mfile;
}

Errno path_filestat_get(Call& call) {
  const auto path = call.path(0, 2);
  if (path.wrong != Errno::success) return path.wrong;
  if (!call.memory.holds(call.u32(4), 64)) return Errno::fault;
  const auto reply = mail::ask(call.guest, "FILE.OPEN"_op, {{"path", path.path}, {"flags", {"read"}}});
  if (!reply.ok()) return errno_of(reply);
  const auto outcome = stat(call, reply.value, path.path, call.u32(4));
  close(call, reply.value);
  return outcome;
}

Errno on_path(Call& call, const protocol::Operation& operation) {
  const auto path = call.path(0, 1);
  if (path.wrong != Errno::success) return path.wrong;
  if (is_given(call, path.path)) return Errno::perm;
  return errno_of(mail::ask(call.guest, operation, {{"path", path.path}}));
}

Errno path_create_directory(Call& call) {
  return on_path(call, "FILE.MAKE_DIRECTORY"_op);
}
Errno path_remove(Call& call) {
  return on_path(call, "FILE.REMOVE"_op);
}

Errno path_rename(Call& call) {
  const auto from = call.path(0, 1), to = call.path(3, 4);
  if (from.wrong != Errno::success) return from.wrong;
  if (to.wrong != Errno::success) return to.wrong;
  if (is_given(call, from.path) || is_given(call, to.path)) return Errno::perm;
  return errno_of(mail::ask(call.guest, "FILE.RENAME"_op, {{"path", from.path}, {"to", to.path}}));
}

Errno no_links(Call&) {
  return Errno::notsup;
}

constexpr Row rows[] = {
    {"path_create_directory", "iii", path_create_directory},
    {"path_filestat_get", "iiiii", path_filestat_get},
    {"path_filestat_set_times", "iiiiIIi", no_links},
    {"path_link", "iiiiiii", no_links},
    {"path_open", "iiiiiIIii", path_open},
    {"path_readlink", "iiiiii", no_links},
    {"path_remove_directory", "iii", path_remove},
    {"path_rename", "iiiiii", path_rename},
    {"path_symlink", "iiiii", no_links},
    {"path_unlink_file", "iii", path_remove},
};

}  // namespace

std::span<const Row> path_rows() {
  return rows;
}

}  // namespace celeriac::guest::preview1
