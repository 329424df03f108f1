#include "vm/files/drives.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>

#include "protocol/words.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::shown;
using protocol::Status;

namespace {

/// An error of the system, about a path.
std::unexpected<protocol::Error> failed(const DrivePath& path, int error) {
  struct Row {
    int error;
    Status status;
    const char* words;
  };
  static constexpr Row rows[] = {
      {ENOENT, Status::not_found, "there is no such file"},
      {EEXIST, Status::wrong_state, "it is there already"},
      {ENOTDIR, Status::wrong_state, "a part of the path is no directory"},
      {EISDIR, Status::wrong_state, "it is a directory"},
      {ENOTEMPTY, Status::wrong_state, "the directory is not empty"},
      {EINVAL, Status::wrong_state, "a directory cannot be put into itself"},
      {ELOOP, Status::denied, "it is a link, and links are not followed"},
      {EXDEV, Status::denied, "it leads out of the drive"},
      {ENOSPC, Status::out_of_resources, "the disk is full"},
      {EDQUOT, Status::out_of_resources, "the disk is full"},
      {EMFILE, Status::out_of_resources, "too many files are open"},
      {ENFILE, Status::out_of_resources, "too many files are open"},
  };
  const auto row = std::ranges::find(rows, error, &Row::error);
  const bool known = row != std::end(rows);
  return fail(known ? row->status : Status::failed,
              std::format("{}: {}.", shown(path.text(), 200), known ? row->words : std::strerror(error)));
}

FileStat stat_of(const struct stat& found) {
  return {.kind = S_ISDIR(found.st_mode) ? FileKind::directory : FileKind::file,
          .size = S_ISDIR(found.st_mode) ? 0 : static_cast<std::uint64_t>(found.st_size),
          .modified = found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1'000'000};
}

/// Writes all of it; 0, or the error.
int write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : ENOSPC;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return 0;
}

}  // namespace

Result<OpenFlags> parse_open_flags(const std::vector<std::string>& words) {
  static constexpr std::pair<std::string_view, bool OpenFlags::*> table[] = {
      {"read", &OpenFlags::read},         {"write", &OpenFlags::write},
      {"create", &OpenFlags::create},     {"exclusive", &OpenFlags::exclusive},
      {"truncate", &OpenFlags::truncate}, {"directory", &OpenFlags::directory},
  };
  OpenFlags made;
  for (const auto& word : words) {
    const auto row = std::ranges::find(table, word, [](const auto& each) { return each.first; });
    if (row == std::end(table))
      return fail(Status::malformed,
                  std::format("\"{}\" is no way to open a file: there are read, write, create, "
                              "exclusive, truncate and directory.",
                              shown(word)));
    made.*(row->second) = true;
  }
  made.read = made.read || !made.changes();
  return made;
}

Drives::Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Drives::Drives(std::filesystem::path root, DriveLimits limits) : root_(std::move(root)), limits_(limits) {
  std::error_code ignored;  // every later call says what is wrong
  std::filesystem::create_directories(root_, ignored);
  std::filesystem::permissions(root_, std::filesystem::perms::owner_all, ignored);  // nobody else's business
  root_fd_ = Descriptor(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Drives::~Drives() = default;

std::filesystem::path Drives::on_disk(const DrivePath& drive) const {
  return root_ / drive.publisher / drive.package / drive.drive;
}

Result<Drives::Descriptor> Drives::at(const DrivePath& path, int flags) const {
  std::string relative = path.publisher + '/' + path.package + '/' + path.drive;
  if (!path.rest.empty()) relative += '/' + path.rest;
  struct open_how how = {};
  how.flags = static_cast<__u64>(static_cast<unsigned>(flags | O_CLOEXEC));
  how.mode = (flags & O_CREAT) != 0 ? 0600 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, root_fd_.get(), relative.c_str(), &how, sizeof how);
  if (fd < 0) return failed(path, errno);
  return Descriptor(static_cast<int>(fd));
}

Result<std::pair<Drives::Descriptor, std::string>> Drives::parent_of(const DrivePath& path) const {
  if (path.rest.empty())
    return fail(Status::denied, std::format("{} is a drive, and stays where it is.", path.drive_text()));
  DrivePath parent = path;
  const auto slash = path.rest.rfind('/');
  parent.rest = slash == std::string::npos ? "" : path.rest.substr(0, slash);
  auto fd = at(parent, O_PATH | O_DIRECTORY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return std::pair(std::move(*fd), slash == std::string::npos ? path.rest : path.rest.substr(slash + 1));
}

// ---- how full a drive is -------------------------------------------------------------------------

Result<Drives::Usage*> Drives::usage(const DrivePath& path) {
  const std::string name = path.drive_text();
  if (const auto found = usage_.find(name); found != usage_.end()) return &found->second;
  Usage counted;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator each(on_disk(path), error), end; !error && each != end;
       each.increment(error)) {
    ++counted.entries;
    std::error_code ignored;
    if (each->is_regular_file(ignored) && !each->is_symlink(ignored))
      counted.bytes += each->file_size(ignored);
  }
  if (error) return failed(path, error.value());
  return &usage_.emplace(name, counted).first->second;
}

Result<void> Drives::room_for(const DrivePath& path, std::uint64_t bytes, std::uint64_t entries) {
  const auto used = usage(path);
  if (!used) return std::unexpected(used.error());
  if (bytes > limits_.bytes || (*used)->bytes > limits_.bytes - bytes)
    return fail(Status::out_of_resources,
                std::format("{} is full: it holds {} bytes at most.", path.drive_text(), limits_.bytes));
  if ((*used)->entries + entries > limits_.entries)
    return fail(Status::out_of_resources,
                std::format("{} is full: it holds {} files and directories at most.", path.drive_text(),
                            limits_.entries));
  return {};
}

bool Drives::is_open(const Inode& inode) const {
  return std::ranges::any_of(open_, [&](const auto& each) { return each.second.inode == inode; });
}

/// Takes a name that is about to go out of the count; the bytes of a file that is open stay in it until it is
/// closed, for they stay on the disk.
void Drives::gone(const DrivePath& path, int parent, const std::string& name) {
  struct stat found = {};
  if (::fstatat(parent, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return;
  const auto used = usage(path);
  if (!used) return;
  if ((*used)->entries > 0) --(*used)->entries;
  if (S_ISREG(found.st_mode) && !is_open({found.st_dev, found.st_ino}))
    (*used)->bytes -= std::min((*used)->bytes, static_cast<std::uint64_t>(found.st_size));
}

Result<std::uint64_t> Drives::used(const DrivePath& drive) {
  const auto counted = usage(drive);
  if (!counted) return std::unexpected(counted.error());
  return (*counted)->bytes;
}

// ---- drives --------------------------------------------------------------------------------------

Result<void> Drives::make(const DrivePath& drive) {
  std::error_code error;
  const auto directory = on_disk(drive);
  if (std::filesystem::is_directory(directory, error)) return {};
  std::filesystem::create_directories(directory.parent_path(), error);
  const auto count = std::distance(std::filesystem::directory_iterator(directory.parent_path(), error), {});
  if (static_cast<std::size_t>(count) >= max_drives)
    return fail(Status::out_of_resources,
                std::format("{} has {} drives already, which is the limit.", drive.package_id(), max_drives));
  std::filesystem::create_directory(directory, error);
  if (error) return failed(drive, error.value());
  return {};
}

Result<void> Drives::fill(const DrivePath& drive,
                          const std::vector<std::pair<std::string, std::string>>& files) {
  std::uint64_t bytes = 0;
  for (const auto& [path, contents] : files) bytes += contents.size();
  if (bytes > limits_.bytes || files.size() > limits_.entries)
    return fail(Status::out_of_resources,
                std::format("{} is too small for what is to be in it.", drive.drive_text()));
  if (auto made = make(drive); !made) return made;
  std::erase_if(open_, [&](const auto& each) { return each.second.path.drive_text() == drive.drive_text(); });
  usage_.erase(drive.drive_text());

  // The new contents are made beside the old ones and change places with them when they are on disk. No drive
  // has a dot in its name.
  const auto present = on_disk(drive);
  const auto coming = present.parent_path() / ("." + drive.drive);
  std::error_code error;
  std::filesystem::remove_all(coming, error);
  std::filesystem::create_directories(coming, error);
  for (const auto& [path, contents] : files) {
    const auto parsed = DrivePath::parse(drive.drive_text() + '/' + path);
    if (!parsed) return std::unexpected(parsed.error());
    std::filesystem::create_directories((coming / parsed->rest).parent_path(), error);
    const Descriptor file(
        ::open((coming / parsed->rest).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const int trouble = file.get() < 0 ? errno : write_all(file.get(), contents, 0);
    if (trouble != 0) return failed(*parsed, trouble);
  }
  const Descriptor directory(::open(coming.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::syncfs(directory.get()) != 0 ||
      ::renameat2(AT_FDCWD, coming.c_str(), AT_FDCWD, present.c_str(), RENAME_EXCHANGE) != 0)
    return failed(drive, errno);
  std::filesystem::remove_all(coming, error);
  return {};
}

Result<void> Drives::remove_package(std::string_view package, std::string_view publisher) {
  const std::string id = std::format("{}:{}", package, publisher);
  std::erase_if(open_, [&](const auto& each) { return each.second.path.package_id() == id; });
  std::erase_if(usage_, [&](const auto& each) { return each.first.starts_with('/' + id + '/'); });
  std::error_code error;
  std::filesystem::remove_all(root_ / publisher / package, error);
  if (error)
    return fail(Status::failed, std::format("The drives of {} cannot be removed: {}.", id, error.message()));
  return {};
}

// ---- open files ----------------------------------------------------------------------------------

Result<Drives::Open*> Drives::find(FileId file) {
  const auto found = open_.find(static_cast<std::uint64_t>(file));
  if (found == open_.end()) return fail(Status::not_found, "This file is not open, or not any more.");
  return &found->second;
}

Result<Drives::Open*> Drives::find_file(FileId file, bool to_write) {
  auto found = find(file);
  if (!found) return found;
  if ((*found)->directory) return failed((*found)->path, EISDIR);
  if (to_write ? !(*found)->flags.write : !(*found)->flags.read)
    return fail(Status::denied, std::format("{} was not opened to {}.", shown((*found)->path.text(), 200),
                                            to_write ? "write" : "read"));
  return found;
}

Result<FileId> Drives::open(const DrivePath& path, OpenFlags flags) {
  // Nobody waits for a pipe that a person has put there.
  const int access = flags.write || flags.truncate ? O_RDWR : O_RDONLY;
  const int base = access | O_NONBLOCK | O_NOCTTY | (flags.directory ? O_DIRECTORY : 0);
  auto fd = at(path, base);
  if (fd && flags.create && flags.exclusive) return failed(path, EEXIST);
  if (!fd && flags.create && fd.error().status == Status::not_found) {
    if (auto room = room_for(path, 0, 1); !room) return std::unexpected(std::move(room.error()));
    fd = at(path, base | O_CREAT | O_EXCL);
    if (fd) ++usage_[path.drive_text()].entries;
  }
  if (!fd) return std::unexpected(std::move(fd.error()));
  struct stat found = {};
  if (::fstat(fd->get(), &found) != 0) return failed(path, errno);
  const bool directory = S_ISDIR(found.st_mode);
  if (!directory && !S_ISREG(found.st_mode))
    return fail(Status::denied, std::format("{} is no file and no directory.", shown(path.text(), 200)));
  if (flags.truncate && found.st_size > 0) {
    const auto used = usage(path);
    if (!used) return std::unexpected(used.error());
    if (::ftruncate(fd->get(), 0) != 0) return failed(path, errno);
    (*used)->bytes -= std::min((*used)->bytes, static_cast<std::uint64_t>(found.st_size));
  }
  const auto id = ++last_;
  open_.emplace(id, Open{.fd = std::move(*fd),
                         .path = path,
                         .flags = flags,
                         .directory = directory,
                         .inode = {found.st_dev, found.st_ino}});
  return FileId{id};
}

void Drives::close(FileId file) {
  const auto found = open_.find(static_cast<std::uint64_t>(file));
  if (found == open_.end()) return;
  const Open closed = std::move(found->second);
  open_.erase(found);
  struct stat now = {};
  const auto used = usage_.find(closed.path.drive_text());
  if (used != usage_.end() && ::fstat(closed.fd.get(), &now) == 0 && now.st_nlink == 0 &&
      S_ISREG(now.st_mode) && !is_open(closed.inode))
    used->second.bytes -= std::min(used->second.bytes, static_cast<std::uint64_t>(now.st_size));
}

Result<std::string> Drives::read(FileId file, std::uint64_t offset, std::uint64_t length) {
  const auto open = find_file(file, false);
  if (!open) return std::unexpected(open.error());
  struct stat found = {};
  if (::fstat((*open)->fd.get(), &found) != 0) return failed((*open)->path, errno);
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (offset >= size) return std::string();
  std::string bytes(std::min({length, std::uint64_t{max_file_read}, size - offset}), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto count = ::pread((*open)->fd.get(), bytes.data() + filled, bytes.size() - filled,
                               static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed((*open)->path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> Drives::write(FileId file, std::uint64_t offset, std::string_view bytes) {
  const auto open = find_file(file, true);
  if (!open) return std::unexpected(open.error());
  struct stat found = {};
  if (::fstat((*open)->fd.get(), &found) != 0) return failed((*open)->path, errno);
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (offset > limits_.bytes)  // also keeps the sum below from going round
    return fail(Status::out_of_resources,
                std::format("{} holds {} bytes at most.", (*open)->path.drive_text(), limits_.bytes));
  const auto grown = std::max(size, offset + bytes.size()) - size;
  if (auto room = room_for((*open)->path, grown, 0); !room) return room;
  if (const int trouble = write_all((*open)->fd.get(), bytes, offset); trouble != 0) {
    usage_.erase((*open)->path.drive_text());  // counted anew: nobody knows how much of it is there
    return failed((*open)->path, trouble);
  }
  usage_[(*open)->path.drive_text()].bytes += grown;
  return {};
}

Result<void> Drives::append(FileId file, std::string_view bytes) {
  const auto now = stat(file);
  if (!now) return std::unexpected(now.error());
  return write(file, now->size, bytes);
}

Result<void> Drives::resize(FileId file, std::uint64_t size) {
  const auto open = find_file(file, true);
  if (!open) return std::unexpected(open.error());
  struct stat found = {};
  if (::fstat((*open)->fd.get(), &found) != 0) return failed((*open)->path, errno);
  const auto before = static_cast<std::uint64_t>(found.st_size);
  if (auto room = room_for((*open)->path, size > before ? size - before : 0, 0); !room) return room;
  if (::ftruncate((*open)->fd.get(), static_cast<off_t>(size)) != 0) return failed((*open)->path, errno);
  auto& used = usage_[(*open)->path.drive_text()].bytes;
  used = used + size - std::min(used + size, before);
  return {};
}

Result<FileStat> Drives::stat(FileId file) {
  const auto open = find(file);
  if (!open) return std::unexpected(open.error());
  struct stat found = {};
  if (::fstat((*open)->fd.get(), &found) != 0) return failed((*open)->path, errno);
  return stat_of(found);
}

Result<std::vector<FileEntry>> Drives::list(FileId directory) {
  const auto open = find(directory);
  if (!open) return std::unexpected(open.error());
  if (!(*open)->directory) return failed((*open)->path, ENOTDIR);
  // A descriptor of its own: the stream moves its place.
  const int again = ::openat((*open)->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return failed((*open)->path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again), &::closedir);
  std::vector<FileEntry> made;
  while (const auto* entry = ::readdir(stream.get())) {
    struct stat found = {};
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || ::fstatat(again, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (!S_ISDIR(found.st_mode) && !S_ISREG(found.st_mode)) continue;
    const auto told = stat_of(found);
    made.push_back({.name = std::string(name), .kind = told.kind, .size = told.size});
  }
  std::ranges::sort(made, {}, &FileEntry::name);
  return made;
}

Result<void> Drives::sync(FileId file) {
  const auto open = find(file);
  if (!open) return std::unexpected(open.error());
  if (::fsync((*open)->fd.get()) != 0) return failed((*open)->path, errno);
  return {};
}

// ---- paths ---------------------------------------------------------------------------------------

Result<void> Drives::make_directory(const DrivePath& path) {
  const auto parent = parent_of(path);
  if (!parent) return std::unexpected(parent.error());
  if (auto room = room_for(path, 0, 1); !room) return room;
  if (::mkdirat(parent->first.get(), parent->second.c_str(), 0700) != 0) return failed(path, errno);
  ++usage_[path.drive_text()].entries;
  return {};
}

Result<void> Drives::remove(const DrivePath& path) {
  const auto parent = parent_of(path);
  if (!parent) return std::unexpected(parent.error());
  if (auto counted = usage(path); !counted) return std::unexpected(counted.error());
  struct stat found = {};
  if (::fstatat(parent->first.get(), parent->second.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(path, errno);
  const Usage before = usage_[path.drive_text()];
  gone(path, parent->first.get(), parent->second);
  if (::unlinkat(parent->first.get(), parent->second.c_str(), S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0) !=
      0) {
    const int trouble = errno;
    usage_[path.drive_text()] = before;
    return failed(path, trouble);
  }
  return {};
}

Result<void> Drives::rename(const DrivePath& from, const DrivePath& to) {
  if (from.drive_text() != to.drive_text())
    return fail(Status::denied, "A file is renamed within its drive; copy it to another one.");
  const auto old_parent = parent_of(from);
  if (!old_parent) return std::unexpected(old_parent.error());
  const auto new_parent = parent_of(to);
  if (!new_parent) return std::unexpected(new_parent.error());
  if (from.rest == to.rest) return {};
  if (auto counted = usage(from); !counted) return std::unexpected(counted.error());
  const Usage before = usage_[from.drive_text()];
  gone(to, new_parent->first.get(), new_parent->second);
  if (::renameat(old_parent->first.get(), old_parent->second.c_str(), new_parent->first.get(),
                 new_parent->second.c_str()) != 0) {
    const int trouble = errno;
    usage_[from.drive_text()] = before;
    return failed(from, trouble);
  }
  return {};
}

}  // namespace celeriac::vm
