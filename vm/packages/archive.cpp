#include "vm/packages/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <format>
#include <memory>
#include <set>

#include "protocol/document.hpp"
#include "protocol/package_file.hpp"
#include "protocol/words.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

namespace {

constexpr std::string_view drive = "pkg/";
/// Names in `left_out`; more are not worth a line each.
constexpr std::size_t max_left_out = 16;

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

std::unexpected<protocol::Error> broken(archive* reader) {
  const char* why = archive_error_string(reader);
  return fail(
      Status::malformed,
      std::format("This is no archive of a package: {}. It must be a tar, as it is or compressed with "
                  "gzip or zstd.",
                  why != nullptr ? shown(why) : "it cannot be read"));
}

std::unexpected<protocol::Error> refuse(std::string_view path, std::string_view why) {
  return fail(Status::malformed, std::format("The archive is refused: \"{}\" {}.", shown(path, 100), why));
}

std::unexpected<protocol::Error> too_large() {
  return fail(Status::out_of_resources,
              std::format("The archive is refused: its files are larger than {} MiB together.",
                          max_unpacked_bytes >> 20));
}

/// The path without "./" in front and "/" behind. malformed: it may lead elsewhere, or is none.
Result<std::string> clean(const archive_entry* const_entry) {
  auto* entry = const_cast<archive_entry*>(const_entry);  // libarchive converts names as they are asked for
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  std::string_view path = name != nullptr ? name : "";
  if (path.size() > max_archive_path)
    return refuse(path, std::format("is longer than {} bytes", max_archive_path));
  if (!protocol::is_utf8(path)) return refuse(path, "is not UTF-8");
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return refuse(path, "has control characters in its name");
  if (path.starts_with('/')) return refuse(path, "is an absolute path");
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path == ".") path = "";
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    if (segment.empty() || segment == "." || segment == "..") return refuse(path, "is no plain path");
    at = end + 1;
  }
  return std::string(path);
}

/// A file that is also somebody's directory cannot be put on a disk.
Result<void> check_tree(const Archive& unpacked) {
  for (const auto& [path, bytes] : unpacked.files)
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (unpacked.files.contains(path.substr(0, slash)))
        return refuse("pkg/" + path.substr(0, slash), "is a file and a directory");
  return {};
}

class Unpacking {
 public:
  explicit Unpacking(archive* reader) : reader_(reader) {}

  Result<Archive> run() {
    while (true) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(reader_, &entry);
      if (code == ARCHIVE_EOF) break;
      if (code != ARCHIVE_OK) return broken(reader_);
      if (++entries_ > max_archive_entries)
        return fail(Status::out_of_resources,
                    std::format("The archive is refused: it has more than {} entries.", max_archive_entries));
      if (auto taken = take(entry); !taken) return std::unexpected(std::move(taken.error()));
    }
    if (auto good = check_tree(made_); !good) return std::unexpected(std::move(good.error()));
    for (const char* needed : {"manifest.json", "metadata.json"})
      if (!seen_.contains(needed))
        return fail(Status::malformed, std::format("The archive is no package: it has no {}.", needed));
    return std::move(made_);
  }

 private:
  Result<void> take(archive_entry* entry) {
    const auto path = clean(entry);
    if (!path) return std::unexpected(path.error());
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr)
      return refuse(*path, "is a link");
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) return {};
    if (type != AE_IFREG) return refuse(*path, "is no regular file");
    if (path->empty()) return refuse(*path, "is a file without a name");
    if (!seen_.insert(*path).second) return refuse(*path, "stands there twice");
    auto bytes = read(entry);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    if (*path == "manifest.json")
      made_.manifest = std::move(*bytes);
    else if (*path == "metadata.json")
      made_.metadata = std::move(*bytes);
    else if (path->starts_with(drive))
      made_.files.emplace(path->substr(drive.size()), std::move(*bytes));
    else if (made_.left_out.size() < max_left_out)
      made_.left_out.push_back(*path);
    return {};
  }

  /// Files that are left out count as well: nothing may make us unpack without end.
  Result<std::string> read(archive_entry* entry) {
    const auto told = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
    if (told < 0 || static_cast<std::uint64_t>(told) > max_unpacked_bytes - total_) return too_large();
    std::string bytes(static_cast<std::size_t>(told) + 1, '\0');  // one more than there should be
    std::size_t filled = 0;
    while (true) {
      const auto count = archive_read_data(reader_, bytes.data() + filled, bytes.size() - filled);
      if (count < 0) return broken(reader_);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
      if (filled == bytes.size())
        return fail(Status::malformed, "The archive is damaged: a file is longer than it says.");
    }
    bytes.resize(filled);
    total_ += filled;
    return bytes;
  }

  archive* reader_;
  Archive made_;
  std::set<std::string, std::less<>> seen_;
  std::size_t entries_ = 0;
  std::size_t total_ = 0;
};

}  // namespace

Result<Archive> unpack(std::string_view bytes) {
  if (bytes.size() > protocol::max_package_bytes)
    return fail(Status::out_of_resources, std::format("The package is refused: it is larger than {} MiB.",
                                                      protocol::max_package_bytes >> 20));
  const Reader reader(archive_read_new(), &archive_read_free);
  if (!reader) return fail(Status::out_of_resources, "There is no memory for an archive.");
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_zstd(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return broken(reader.get());
  // One compression and the plain bytes: a compressed archive in a compressed archive could grow without end
  // and never show it.
  if (archive_filter_count(reader.get()) > 2)
    return fail(Status::malformed, "The archive is refused: it is compressed more than once.");
  return Unpacking(reader.get()).run();
}

}  // namespace celeriac::vm
