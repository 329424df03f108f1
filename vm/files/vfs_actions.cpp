// What each action of vfs:distro:sys does.

#include <openssl/evp.h>

#include <array>
#include <format>
#include <limits>

#include "protocol/document.hpp"
#include "vm/files/vfs.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
constexpr OpenFlags to_read{.read = true};
constexpr OpenFlags to_write{.write = true};

const char* kind_name(FileKind kind) {
  return kind == FileKind::file ? "File" : "Directory";
}

Result<DrivePath> new_path_of(const json& parameters) {
  const auto path = parameters.is_object() ? parameters.value("new_path", json()) : json();
  if (!path.is_string()) return fail(Status::malformed, "The action needs a new_path.");
  auto text = path.get<std::string>();
  if (!text.starts_with('/')) text.insert(0, "/");
  return DrivePath::parse(text);
}

}  // namespace

std::span<const Vfs::Row> Vfs::rows() {
  static constexpr Row table[] = {
      {"CreateDrive", &Vfs::create_drive},
      {"CreateDir", &Vfs::create_dir},
      {"CreateDirAll", &Vfs::create_dir_all},
      {"CreateFile", &Vfs::create_file},
      {"OpenFile", &Vfs::open_file},
      {"CloseFile", &Vfs::close_file},
      {"Write", &Vfs::write},
      {"WriteAll", &Vfs::write_all},
      {"Append", &Vfs::append},
      {"SyncAll", &Vfs::sync_all},
      {"Read", &Vfs::read_whole},
      {"ReadToEnd", &Vfs::read_to_end},
      {"ReadExact", &Vfs::read_exact},
      {"ReadToString", &Vfs::read_to_string},
      {"ReadDir", &Vfs::read_dir},
      {"Seek", &Vfs::seek},
      {"RemoveFile", &Vfs::remove_path},
      {"RemoveDir", &Vfs::remove_path},
      {"RemoveDirAll", &Vfs::remove_dir_all},
      {"Rename", &Vfs::rename},
      {"CopyFile", &Vfs::copy_file},
      {"Metadata", &Vfs::metadata},
      {"Len", &Vfs::len},
      {"SetLen", &Vfs::set_len},
      {"Hash", &Vfs::hash},
  };
  return table;
}

// ---- drives and directories ----------------------------------------------------------------------

/// A package makes its own drives, and holds both rights to them from then on.
Result<void> Vfs::create_drive(Request& request) {
  const DrivePath& path = request.path;
  if (!path.rest.empty() || !request.file.empty())
    return fail(Status::malformed, "A drive is /package:publisher/drive.");
  if (!request.call.source.ends_with(':' + path.package_id()))
    if (auto good = need(request, "write", path); !good) return good;
  if (auto made = drives_.make(path); !made) return made;
  for (const char* kind : {"read", "write"})
    request.reply.granted.push_back(json{{"kind", kind}, {"drive", path.drive_text()}}.dump());
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::create_dir(Request& request) {
  if (auto good = need_file(request, "write"); !good) return good;
  if (auto made = drives_.make_directory(request.path); !made) return made;
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::create_dir_all(Request& request) {
  if (auto good = need_file(request, "write"); !good) return good;
  DrivePath part = request.path;
  for (std::size_t slash = 0; slash != std::string::npos && !request.path.rest.empty();) {
    slash = request.path.rest.find('/', slash + 1);
    part.rest = request.path.rest.substr(0, slash);
    if (auto made = drives_.make_directory(part); !made) {
      const auto there = drives_.open(part, {.read = true, .directory = true});
      if (!there) return made;
      drives_.close(*there);
    }
  }
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::read_dir(Request& request) {
  return with_file(request, {.read = true, .directory = true}, [&](File& file) -> Result<void> {
    const auto entries = drives_.list(file.id);
    if (!entries) return std::unexpected(entries.error());
    auto list = json::array();
    for (const auto& entry : *entries)
      list.push_back(
          {{"path", request.path.text().substr(1) + '/' + entry.name}, {"file_type", kind_name(entry.kind)}});
    answer(request, {{"ReadDir", std::move(list)}});
    return {};
  });
}

Result<void> Vfs::remove_path(Request& request) {
  if (auto good = need_file(request, "write"); !good) return good;
  if (auto done = drives_.remove(request.path); !done) return done;
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::remove_all(const DrivePath& path) {
  if (const auto directory = drives_.open(path, {.read = true, .directory = true}); directory) {
    const auto entries = drives_.list(*directory);
    drives_.close(*directory);
    if (!entries) return std::unexpected(entries.error());
    for (const auto& entry : *entries) {
      DrivePath inner = path;
      inner.rest += '/' + entry.name;
      auto done = entry.kind == FileKind::directory ? remove_all(inner) : drives_.remove(inner);
      if (!done) return done;
    }
  }
  return drives_.remove(path);
}

Result<void> Vfs::remove_dir_all(Request& request) {
  if (auto good = need_file(request, "write"); !good) return good;
  if (request.path.rest.empty()) return fail(Status::denied, "A drive stays where it is.");
  if (auto done = remove_all(request.path); !done) return done;
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::rename(Request& request) {
  const auto to = new_path_of(request.parameters);
  if (!to) return std::unexpected(to.error());
  for (const auto& path : {request.path, *to})
    if (auto good = need(request, "write", path); !good) return good;
  if (auto done = drives_.rename(request.path, *to); !done) return done;
  answer(request, "Ok");
  return {};
}

Result<void> Vfs::copy_file(Request& request) {
  const auto to = new_path_of(request.parameters);
  if (!to) return std::unexpected(to.error());
  if (auto good = need(request, "write", *to); !good) return good;
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    const auto bytes = read_range(file.id, 0, everything);
    if (!bytes) return std::unexpected(bytes.error());
    const auto copy = drives_.open(*to, {.write = true, .create = true, .truncate = true});
    if (!copy) return std::unexpected(copy.error());
    auto done = drives_.write(*copy, 0, *bytes);
    drives_.close(*copy);
    if (done) answer(request, "Ok");
    return done;
  });
}

// ---- opening -------------------------------------------------------------------------------------

Result<void> Vfs::create_file(Request& request) {
  if (!request.file.empty()) return fail(Status::malformed, "It is open already.");
  request.parameters = {{"create", true}};
  if (auto good = need(request, "write", request.path); !good) return good;
  const auto emptied = drives_.open(request.path, {.write = true, .create = true, .truncate = true});
  if (!emptied) return std::unexpected(emptied.error());
  drives_.close(*emptied);
  return open_file(request);
}

Result<void> Vfs::open_file(Request& request) {
  if (!request.file.empty()) return fail(Status::malformed, "It is open already.");
  const bool create = request.parameters.is_object() && request.parameters.value("create", json()) == true;
  const bool reads = holds(request.call, "read", "drive", request.path.drive_text());
  const bool writes = holds(request.call, "write", "drive", request.path.drive_text());
  if (create || !reads)
    if (auto good = need(request, "write", request.path); !good) return good;
  // One that is open already is opened anew: its place is the beginning again.
  std::string stale;
  for (const auto& [id, file] : files_)
    if (file.owner == request.call.source && file.path.text() == request.path.text()) stale = id;
  forget(stale);
  const auto count = std::ranges::count_if(
      files_, [&](const auto& each) { return each.second.owner == request.call.source; });
  if (static_cast<std::size_t>(count) >= max_vfs_files)
    return fail(Status::out_of_resources,
                std::format("{} files are open, which is the limit.", max_vfs_files));
  const OpenFlags flags{.read = reads, .write = writes, .create = create};
  const auto opened = drives_.open(request.path, flags);
  if (!opened) return std::unexpected(opened.error());
  return keep(request, *opened, flags);
}

Result<void> Vfs::close_file(Request& request) {
  // Whoever was handed the file cannot close it for its opener; nor is one that is not open any trouble.
  for (const auto& [id, file] : files_) {
    if (file.owner != request.call.source || file.path.text() != request.path.text()) continue;
    forget(std::string(id));
    break;
  }
  answer(request, "Ok");
  return {};
}

// ---- reading and writing -------------------------------------------------------------------------

Result<void> Vfs::write(Request& request) {
  const auto bytes = bytes_of(request);
  if (!bytes) return std::unexpected(bytes.error());
  if (!request.file.empty()) return write_all(request);
  return with_file(request, {.write = true, .create = true, .truncate = true},
                   [&](File& file) -> Result<void> {
                     if (auto done = drives_.write(file.id, 0, *bytes); !done) return done;
                     answer(request, "Ok");
                     return {};
                   });
}

Result<void> Vfs::write_all(Request& request) {
  const auto bytes = bytes_of(request);
  if (!bytes) return std::unexpected(bytes.error());
  return with_file(request, to_write, [&](File& file) -> Result<void> {
    if (auto done = drives_.write(file.id, file.cursor, *bytes); !done) return done;
    file.cursor += bytes->size();
    answer(request, "Ok");
    return {};
  });
}

Result<void> Vfs::append(Request& request) {
  const auto bytes = bytes_of(request);
  if (!bytes) return std::unexpected(bytes.error());
  return with_file(request, {.write = true, .create = request.file.empty()}, [&](File& file) -> Result<void> {
    if (auto done = drives_.append(file.id, *bytes); !done) return done;
    answer(request, "Ok");
    return {};
  });
}

Result<void> Vfs::sync_all(Request& request) {
  return with_file(request, to_write, [&](File& file) -> Result<void> {
    if (auto done = drives_.sync(file.id); !done) return done;
    answer(request, "Ok");
    return {};
  });
}

Result<void> Vfs::read_whole(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    auto bytes = read_range(file.id, 0, everything);
    if (!bytes) return std::unexpected(bytes.error());
    request.reply.blob = std::move(*bytes);
    answer(request, "Read");
    return {};
  });
}

Result<void> Vfs::read_to_end(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    auto bytes = read_range(file.id, file.cursor, everything);
    if (!bytes) return std::unexpected(bytes.error());
    file.cursor += bytes->size();
    request.reply.blob = std::move(*bytes);
    answer(request, "Read");
    return {};
  });
}

Result<void> Vfs::read_exact(Request& request) {
  const auto length =
      request.parameters.is_object() ? request.parameters.value("length", json()) : request.parameters;
  if (!length.is_number_unsigned()) return fail(Status::malformed, "ReadExact needs a length.");
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    auto bytes = read_range(file.id, file.cursor, length.get<std::uint64_t>());
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->size() < length.get<std::uint64_t>())
      return fail(Status::failed, std::format("There are only {} bytes left.", bytes->size()));
    file.cursor += bytes->size();
    request.reply.blob = std::move(*bytes);
    answer(request, "Read");
    return {};
  });
}

Result<void> Vfs::read_to_string(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    const auto bytes = read_range(file.id, file.cursor, everything);
    if (!bytes) return std::unexpected(bytes.error());
    if (!protocol::is_utf8(*bytes)) return fail(Status::failed, "The file is not UTF-8.");
    file.cursor += bytes->size();
    answer(request, {{"ReadToString", *bytes}});
    return {};
  });
}

Result<void> Vfs::seek(Request& request) {
  const json& from = request.parameters;
  if (!from.is_object() || from.size() != 1 || !from.begin()->is_number_integer())
    return fail(Status::malformed, R"(Seek needs {"Start": n}, {"End": n} or {"Current": n}.)");
  File* file = find_open(request);
  if (file == nullptr) return fail(Status::not_found, "The file is not open.");
  if (!need_file(request, "read"))
    if (auto good = need_file(request, "write"); !good) return good;
  const auto stat = drives_.stat(file->id);
  if (!stat) return std::unexpected(stat.error());
  const auto base = from.begin().key() == "End"       ? static_cast<std::int64_t>(stat->size)
                    : from.begin().key() == "Current" ? static_cast<std::int64_t>(file->cursor)
                                                      : 0;
  // Beyond what a drive can hold there is nothing to be done.
  constexpr std::int64_t farthest = std::int64_t{1} << 40;
  const auto by = std::clamp(from.begin()->get<std::int64_t>(), -farthest, farthest);
  if (base + by < 0) return fail(Status::failed, "That is before the beginning.");
  file->cursor = static_cast<std::uint64_t>(std::min(base + by, farthest));
  answer(request, {{"SeekFrom", {{"new_offset", file->cursor}}}});
  return {};
}

// ---- what a file is ------------------------------------------------------------------------------

Result<void> Vfs::metadata(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    const auto stat = drives_.stat(file.id);
    if (!stat) return std::unexpected(stat.error());
    answer(request, {{"Metadata", {{"file_type", kind_name(stat->kind)}, {"len", stat->size}}}});
    return {};
  });
}

Result<void> Vfs::len(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    const auto stat = drives_.stat(file.id);
    if (!stat) return std::unexpected(stat.error());
    answer(request, {{"Len", stat->size}});
    return {};
  });
}

Result<void> Vfs::set_len(Request& request) {
  if (!request.parameters.is_number_unsigned())
    return fail(Status::malformed, "SetLen needs a number of bytes.");
  return with_file(request, to_write, [&](File& file) -> Result<void> {
    if (auto done = drives_.resize(file.id, request.parameters.get<std::uint64_t>()); !done) return done;
    answer(request, "Ok");
    return {};
  });
}

Result<void> Vfs::hash(Request& request) {
  return with_file(request, to_read, [&](File& file) -> Result<void> {
    const auto bytes = read_range(file.id, 0, everything);
    if (!bytes) return std::unexpected(bytes.error());
    std::array<unsigned char, 32> digest{};
    EVP_Digest(bytes->data(), bytes->size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    answer(request, {{"Hash", digest}});
    return {};
  });
}

}  // namespace celeriac::vm
