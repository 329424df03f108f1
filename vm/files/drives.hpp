#pragma once
// The drives on disk: files and directories of packages, with a limit each. Every path is resolved by the
// system beneath the directory of all drives, without following links (openat2), so nothing leads out of it.
//
// Calls block, and belong on the Worker: one at a time, and nobody else changes the files meanwhile. Open
// files are named by numbers that are never used twice.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/error.hpp"
#include "vm/files/drive_path.hpp"

namespace celeriac::vm {

/// What one drive may hold.
struct DriveLimits {
  std::uint64_t bytes = std::uint64_t{64} * 1024 * 1024;
  std::uint64_t entries = 4096;  ///< files and directories
};
/// Drives of one package.
inline constexpr std::size_t max_drives = 16;
/// Bytes that one read gives at most.
inline constexpr std::size_t max_file_read = std::size_t{8} * 1024 * 1024;

enum class FileKind : std::uint8_t { file, directory };

struct FileStat {
  FileKind kind = FileKind::file;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< ms since 1970
};

struct FileEntry {
  std::string name;
  FileKind kind = FileKind::file;
  std::uint64_t size = 0;
};

struct OpenFlags {
  bool read = false;
  bool write = false;
  bool create = false;
  bool exclusive = false;  ///< with create: it must not be there
  bool truncate = false;
  bool directory = false;

  /// Whether opening changes something, or lets its holder do so.
  [[nodiscard]] bool changes() const noexcept { return write || create || truncate; }
};

/// "read", "write", "create", "exclusive", "truncate", "directory"; none means "read". Status::malformed.
protocol::Result<OpenFlags> parse_open_flags(const std::vector<std::string>& words);

enum class FileId : std::uint64_t {};

class Drives {
 public:
  /// `root` is made if need be.
  explicit Drives(std::filesystem::path root, DriveLimits limits = {});
  ~Drives();
  Drives(const Drives&) = delete;
  Drives& operator=(const Drives&) = delete;

  // ---- drives ----

  /// Makes the drive of a path; one that is there stays. out_of_resources: the package has too many.
  protocol::Result<void> make(const DrivePath& drive);
  /// Replaces all contents of a drive. `files`: path and bytes.
  protocol::Result<void> fill(const DrivePath& drive,
                              const std::vector<std::pair<std::string, std::string>>& files);
  /// Removes all drives of a package, and closes what is open in them.
  protocol::Result<void> remove_package(std::string_view package, std::string_view publisher);

  // ---- open files; not_found for a number that is not open ----

  /// not_found; wrong_state: exclusive and there, or a directory where a file is meant, or the other way
  /// round.
  protocol::Result<FileId> open(const DrivePath& path, OpenFlags flags);
  void close(FileId file);
  /// At most `length` bytes, and max_file_read; "" at the end. denied: not opened for it.
  protocol::Result<std::string> read(FileId file, std::uint64_t offset, std::uint64_t length);
  /// All of it or nothing. out_of_resources: the drive would be over its limit, or the disk is full.
  protocol::Result<void> write(FileId file, std::uint64_t offset, std::string_view bytes);
  protocol::Result<void> append(FileId file, std::string_view bytes);
  protocol::Result<void> resize(FileId file, std::uint64_t size);
  protocol::Result<FileStat> stat(FileId file);
  /// By name.
  protocol::Result<std::vector<FileEntry>> list(FileId directory);
  /// On disk when it returns.
  protocol::Result<void> sync(FileId file);

  // ---- paths ----

  protocol::Result<void> make_directory(const DrivePath& path);
  /// A file, or an empty directory; not a drive.
  protocol::Result<void> remove(const DrivePath& path);
  /// Within one drive. A file that is there is replaced.
  protocol::Result<void> rename(const DrivePath& from, const DrivePath& to);

  [[nodiscard]] std::size_t open_count() const noexcept { return open_.size(); }
  /// Bytes in a drive.
  protocol::Result<std::uint64_t> used(const DrivePath& drive);

 private:
  /// A descriptor with an owner.
  class Descriptor {
   public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
    }
    ~Descriptor();
    [[nodiscard]] int get() const noexcept { return fd_; }

   private:
    int fd_;
  };
  using Inode = std::pair<std::uint64_t, std::uint64_t>;  // device, number
  struct Open {
    Descriptor fd;
    DrivePath path;
    OpenFlags flags;
    bool directory = false;
    Inode inode;
  };
  struct Usage {
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
  };

  protocol::Result<Descriptor> at(const DrivePath& path, int flags) const;
  protocol::Result<std::pair<Descriptor, std::string>> parent_of(const DrivePath& path) const;
  protocol::Result<Usage*> usage(const DrivePath& path);
  protocol::Result<void> room_for(const DrivePath& path, std::uint64_t bytes, std::uint64_t entries);
  protocol::Result<Open*> find(FileId file);
  protocol::Result<Open*> find_file(FileId file, bool to_write);
  void gone(const DrivePath& path, int parent, const std::string& name);
  [[nodiscard]] bool is_open(const Inode& inode) const;
  [[nodiscard]] std::filesystem::path on_disk(const DrivePath& drive) const;

  std::filesystem::path root_;
  DriveLimits limits_;
  Descriptor root_fd_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t last_ = 0;
  std::map<std::string, Usage, std::less<>> usage_;  // by drive_text()
};

}  // namespace celeriac::vm
