#pragma once
// FILE.* of the wire protocol: the open files of each process, and whether it may.
//
//   request ─ may it? ─► Worker: drives ─► answer on the loop
//
// A right is asked for at every operation, not only when a file is opened: what has been taken away is gone
// at once. Everything here runs on the loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vm/files/drives.hpp"
#include "vm/sequences/ids.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

/// Files that one process has open, those on their way among them.
inline constexpr std::size_t max_open_files = 64;

enum class FileAccess : std::uint8_t { read, write };

class OpenFiles {
 public:
  /// Whether a process may read or write a drive ("/package:publisher/drive").
  using MayUse = std::function<bool(ProcessId process, const std::string& drive, FileAccess access)>;
  template <class T>
  using Done = std::move_only_function<void(protocol::Result<T>)>;

  /// `drives` is used on the worker only, and must outlive it.
  OpenFiles(Worker& worker, Drives& drives, MayUse may)
      : worker_(worker), drives_(drives), may_(std::move(may)) {}
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// The number of the open file among those of the process.
  void open(ProcessId process, std::string_view path, const std::vector<std::string>& flags,
            Done<std::uint16_t> done);
  void read(ProcessId process, std::uint16_t file, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done);
  /// `append`: `offset` does not count.
  void write(ProcessId process, std::uint16_t file, std::uint64_t offset, std::string bytes, bool append,
             Done<void> done);
  void resize(ProcessId process, std::uint16_t file, std::uint64_t size, Done<void> done);
  void stat(ProcessId process, std::uint16_t file, Done<FileStat> done);
  void list(ProcessId process, std::uint16_t directory, Done<std::vector<FileEntry>> done);
  protocol::Result<void> close(ProcessId process, std::uint16_t file);

  void make_directory(ProcessId process, std::string_view path, Done<void> done);
  void remove(ProcessId process, std::string_view path, Done<void> done);
  void rename(ProcessId process, std::string_view from, std::string_view to, Done<void> done);

  /// Closes all that a process has open.
  void ended(ProcessId process);
  [[nodiscard]] std::size_t count(ProcessId process) const;

 private:
  struct Handle {
    FileId id;
    std::string drive;
  };
  struct Table {
    std::map<std::uint16_t, Handle> files;
    std::size_t on_their_way = 0;
    std::uint16_t last = 0;
  };

  protocol::Result<DrivePath> place(ProcessId process, std::string_view path, FileAccess access) const;
  protocol::Result<void> allowed(ProcessId process, const std::string& drive, FileAccess access) const;
  protocol::Result<FileId> file_of(ProcessId process, std::uint16_t file, FileAccess access) const;
  void close_on_worker(FileId file);

  Worker& worker_;
  Drives& drives_;
  MayUse may_;
  std::map<std::uint16_t, std::shared_ptr<Table>> tables_;
};

}  // namespace celeriac::vm
