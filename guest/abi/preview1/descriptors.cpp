// Descriptors: what is open, what is said of it, and the directories that were given.

#include <algorithm>
#include <format>

#include "guest/abi/mail.hpp"
#include "guest/abi/preview1/call.hpp"

namespace celeriac::guest::preview1 {

using namespace protocol::literals;
using protocol::Json;

Errno errno_of(const protocol::Reply& reply) {
  struct ByCode {
    std::string_view code;
    Errno number;
  };
  struct ByStatus {
    protocol::Status status;
    Errno number;
  };
  using protocol::Status;
  static constexpr ByCode codes[] = {{"exists", Errno::exist},
                                     {"not_empty", Errno::notempty},
                                     {"is_directory", Errno::isdir},
                                     {"not_directory", Errno::notdir},
                                     {"too_large", Errno::fbig}};
  static constexpr ByStatus statuses[] = {{Status::not_found, Errno::noent},
                                          {Status::malformed, Errno::inval},
                                          {Status::denied, Errno::acces},
                                          {Status::overloaded, Errno::again},
                                          {Status::out_of_resources, Errno::nospc}};
  if (reply.ok()) return Errno::success;
  const auto error = reply.error();
  for (const auto& row : codes)
    if (row.code == error.code) return row.number;
  for (const auto& row : statuses)
    if (row.status == error.status) return row.number;
  return Errno::io;
}

Preview1::Descriptor* Call::descriptor(std::size_t place) {
  auto& all = self.descriptors(guest);
  const auto found = all.find(u32(place));
  return found == all.end() ? nullptr : &found->second;
}

std::optional<std::uint32_t> add(Call& call, Preview1::Descriptor descriptor) {
  auto& all = call.self.descriptors(call.guest);
  if (all.size() >= max_descriptors) return std::nullopt;
  std::uint32_t number = 0;
  while (all.contains(number)) ++number;
  all.emplace(number, std::move(descriptor));
  return number;
}

Errno need_handle(Call& call, Preview1::Descriptor& descriptor) {
  if (descriptor.handle != 0) return Errno::success;
  const auto reply =
      mail::ask(call.guest, "FILE.OPEN"_op, {{"path", descriptor.path}, {"flags", {"read", "directory"}}});
  descriptor.handle = reply.value;
  if (!reply.ok()) descriptor.handle = 0;
  return errno_of(reply);
}

void close(Call& call, std::uint16_t handle) {
  if (handle != 0) mail::ask(call.guest, "FILE.CLOSE"_op, {{"file", handle}});
}

namespace {

/// Every right there is: what a file may, the kernel says when it is asked.
constexpr std::uint64_t all_rights = (std::uint64_t{1} << 30) - 1;
/// Reading and writing, not seeking: so a C library knows a terminal, and writes line by line.
constexpr std::uint64_t terminal_rights = (1u << 1) | (1u << 6);

FileType type_of(Kind kind) {
  return kind == Kind::directory ? FileType::directory
         : kind == Kind::file    ? FileType::regular_file
                                 : FileType::character_device;
}

/// A number that is the same for the same path, and not 0.
std::uint64_t inode(std::string_view path) {
  return std::hash<std::string_view>{}(path) | 1;
}

Errno write_filestat(Call& call, std::uint32_t at, FileType type, std::uint64_t node, std::uint64_t size,
                     std::uint64_t modified) {
  constexpr std::uint32_t filestat_size = 64;
  call.memory.refresh();
  if (!call.memory.holds(at, filestat_size)) return Errno::fault;
  std::ranges::fill(call.memory.at(at, filestat_size), std::uint8_t{0});
  call.memory.store(at + 8, node);
  call.memory.store(at + 16, static_cast<std::uint8_t>(type));
  call.memory.store(at + 24, std::uint64_t{1});  // links
  call.memory.store(at + 32, size);
  for (const std::uint32_t time : {40u, 48u, 56u}) call.memory.store(at + time, modified);
  return Errno::success;
}

}  // namespace

Errno stat(Call& call, std::uint16_t handle, const std::string& path, std::uint32_t address) {
  const auto reply = mail::ask(call.guest, "FILE.STAT"_op, {{"file", handle}});
  if (!reply.ok()) return errno_of(reply);
  const auto document = reply.document();
  if (!document) return Errno::io;
  const auto number = [&](const char* key) {
    const auto found = document->find(key);
    return found != document->end() && found->is_number()
               ? static_cast<std::uint64_t>(std::max(0.0, found->get<double>()))
               : 0;
  };
  const bool directory = document->value("kind", Json()) == "directory";
  return write_filestat(call, address, directory ? FileType::directory : FileType::regular_file, inode(path),
                        number("size"), number("modified") * 1'000'000);
}

namespace {

Errno fd_close(Call& call) {
  auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  close(call, descriptor->handle);
  call.self.descriptors(call.guest).erase(call.u32(0));
  return Errno::success;
}

Errno fd_renumber(Call& call) {
  auto& all = call.self.descriptors(call.guest);
  const auto from = all.find(call.u32(0)), to = all.find(call.u32(1));
  if (from == all.end() || to == all.end()) return Errno::badf;
  if (from == to) return Errno::success;
  close(call, to->second.handle);
  to->second = std::move(from->second);
  all.erase(from);
  return Errno::success;
}

Errno fd_fdstat_get(Call& call) {
  constexpr std::uint32_t fdstat_size = 24;
  const auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  const auto at = call.u32(1);
  if (!call.memory.holds(at, fdstat_size)) return Errno::fault;
  const bool terminal = descriptor->kind != Kind::file && descriptor->kind != Kind::directory;
  std::ranges::fill(call.memory.at(at, fdstat_size), std::uint8_t{0});
  call.memory.store(at, static_cast<std::uint8_t>(type_of(descriptor->kind)));
  call.memory.store(at + 2, static_cast<std::uint16_t>(descriptor->append ? 1 : 0));
  call.memory.store(at + 8, terminal ? terminal_rights : all_rights);
  call.memory.store(at + 16, terminal ? std::uint64_t{0} : all_rights);
  return Errno::success;
}

Errno fd_fdstat_set_flags(Call& call) {
  auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  descriptor->append = (call.u32(1) & 1) != 0;
  return Errno::success;
}

Errno fd_filestat_get(Call& call) {
  auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  if (descriptor->kind != Kind::file && descriptor->kind != Kind::directory)
    return write_filestat(call, call.u32(1), FileType::character_device, call.u32(0) + 1, 0, 0);
  const auto opened = need_handle(call, *descriptor);
  return opened == Errno::success ? stat(call, descriptor->handle, descriptor->path, call.u32(1)) : opened;
}

Errno fd_prestat_get(Call& call) {
  const auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr || !descriptor->given) return Errno::badf;
  const auto at = call.u32(1);
  if (!call.memory.holds(at, 8)) return Errno::fault;
  call.memory.store(at, std::uint32_t{0});
  call.memory.store(at + 4, static_cast<std::uint32_t>(descriptor->path.size()));
  return Errno::success;
}

Errno fd_prestat_dir_name(Call& call) {
  const auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr || !descriptor->given) return Errno::badf;
  if (call.u32(2) < descriptor->path.size()) return Errno::nametoolong;
  if (!call.memory.holds(call.u32(1), descriptor->path.size())) return Errno::fault;
  std::ranges::copy(descriptor->path, call.memory.at(call.u32(1), descriptor->path.size()).begin());
  return Errno::success;
}

Errno fd_readdir(Call& call) {
  constexpr std::uint32_t dirent_size = 24;
  auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  if (descriptor->kind != Kind::directory) return Errno::notdir;
  const auto buffer = call.u32(1), capacity = call.u32(2);
  if (!call.memory.holds(buffer, capacity) || !call.memory.holds(call.u32(4), 4)) return Errno::fault;
  const auto cookie = call.u64(3);
  if (cookie == 0 || !descriptor->entries.is_array()) {
    if (const auto opened = need_handle(call, *descriptor); opened != Errno::success) return opened;
    const auto reply = mail::ask(call.guest, "FILE.LIST"_op, {{"file", descriptor->handle}});
    if (!reply.ok()) return errno_of(reply);
    const auto document = reply.document();
    if (!document) return Errno::io;
    descriptor->entries = document->value("entries", Json::array());
    if (!descriptor->entries.is_array()) descriptor->entries = Json::array();
    call.memory.refresh();
  }
  // An entry that does not fit is cut: a buffer that is full says that there is more.
  std::string bytes;
  for (std::uint64_t i = cookie; i < descriptor->entries.size() && bytes.size() < capacity; ++i) {
    const auto& entry = descriptor->entries[i];
    if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) continue;
    const auto& name = entry["name"].get_ref<const std::string&>();
    std::array<char, dirent_size> head{};
    const auto next = i + 1, node = inode(descriptor->path + "/" + name);
    const auto length = static_cast<std::uint32_t>(name.size());
    std::memcpy(head.data(), &next, 8);
    std::memcpy(head.data() + 8, &node, 8);
    std::memcpy(head.data() + 16, &length, 4);
    head[20] = static_cast<char>(entry.value("kind", Json()) == "directory" ? FileType::directory
                                                                            : FileType::regular_file);
    bytes.append(head.data(), head.size());
    bytes += name;
  }
  bytes.resize(std::min<std::size_t>(bytes.size(), capacity));
  std::ranges::copy(bytes, call.memory.at(buffer, bytes.size()).begin());
  return call.store(call.u32(4), static_cast<std::uint32_t>(bytes.size()));
}

Errno fd_nothing(Call& call) {
  return call.descriptor(0) == nullptr ? Errno::badf : Errno::success;
}
Errno fd_unsupported(Call& call) {
  return call.descriptor(0) == nullptr ? Errno::badf : Errno::notsup;
}

constexpr Row rows[] = {
    {"fd_advise", "iIIi", fd_nothing},
    {"fd_allocate", "iII", fd_unsupported},
    {"fd_close", "i", fd_close},
    {"fd_datasync", "i", fd_nothing},  // what FILE.WRITE has answered is written
    {"fd_fdstat_get", "ii", fd_fdstat_get},
    {"fd_fdstat_set_flags", "ii", fd_fdstat_set_flags},
    {"fd_fdstat_set_rights", "iII", fd_nothing},
    {"fd_filestat_get", "ii", fd_filestat_get},
    {"fd_filestat_set_times", "iIIi", fd_unsupported},
    {"fd_prestat_get", "ii", fd_prestat_get},
    {"fd_prestat_dir_name", "iii", fd_prestat_dir_name},
    {"fd_readdir", "iiiIi", fd_readdir},
    {"fd_renumber", "ii", fd_renumber},
    {"fd_sync", "i", fd_nothing},
};

}  // namespace

std::span<const Row> descriptor_rows() {
  return rows;
}

}  // namespace celeriac::guest::preview1
