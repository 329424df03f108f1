#pragma once
// The service vfs:distro:sys: files by messages, with the JSON of Kinode's own service.
//
//   request   {"path": "/package:publisher/drive/…", "action": "Read"}, bytes to write in the blob
//             {"file": "<id>", "action": {"ReadExact": {"length": 10}}} for an open file that was handed on
//   response  "Ok", "Read" with the bytes in the blob, {"Len": 3}, …, {"Err": {"NotFound": {"path": …}}}
//
// Actions: CreateDrive CreateDir CreateDirAll CreateFile OpenFile{create} CloseFile Write WriteAll Append
// SyncAll Read ReadToEnd ReadExact{length} ReadToString ReadDir Seek{Start|End|Current} RemoveFile RemoveDir
// RemoveDirAll Rename{new_path} CopyFile{new_path} Metadata Len SetLen Hash (SHA-256).
//
// Rights are capabilities that this service issues: {"kind": "read"|"write", "drive":
// "/package:publisher/drive"}, and, attached to the answer of OpenFile and CreateFile, {"kind": …, "file":
// "<id>"}: the two halves of the open file, which may be handed on separately, and are good for as long as
// the opener lives and keeps it open.
//
// Blocks, and belongs on the Worker.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/envelope.hpp"
#include "vm/files/drives.hpp"
#include "vm/kernel/message.hpp"

namespace celeriac::vm {

/// Files that one process has open here.
inline constexpr std::size_t max_vfs_files = 64;
/// Bytes of a request's JSON.
inline constexpr std::size_t max_vfs_request = std::size_t{64} * 1024;

struct VfsCall {
  std::string source;  ///< process:package:publisher
  /// Params of the capabilities of this service that came along, or that the source holds.
  std::vector<std::string> rights = {};
  std::string body = {};
  std::shared_ptr<const Blob> blob = {};
};

struct VfsReply {
  std::string body;
  std::optional<std::string> blob = {};
  std::vector<std::string> attached = {};  ///< params of capabilities that go along with the answer
  std::vector<std::string> granted = {};   ///< params of capabilities that the source is given
};

class Vfs {
 public:
  /// `random` gives the ids of open files, which nobody shall guess.
  Vfs(Drives& drives, std::function<std::uint64_t()> random) : drives_(drives), random_(std::move(random)) {}

  VfsReply serve(const VfsCall& call);
  /// Closes what a process has open.
  void ended(std::string_view source);
  /// Closes what it has open in a drive: a right to that has been taken away.
  void revoked(std::string_view source, std::string_view drive);
  [[nodiscard]] std::size_t open_count() const noexcept { return files_.size(); }

 private:
  struct File {
    FileId id;
    std::string owner;
    DrivePath path;
    OpenFlags flags;
    std::uint64_t cursor = 0;
  };
  struct Request {
    const VfsCall& call;
    std::string action;
    nlohmann::json parameters;
    DrivePath path;
    std::string file;  ///< id of an open file; then `path` is that file's
    VfsReply reply;
  };
  using Serve = protocol::Result<void> (Vfs::*)(Request&);
  struct Row {
    std::string_view action;
    Serve serve;
  };
  static std::span<const Row> rows();

  protocol::Result<Request> read(const VfsCall& call);
  static bool holds(const VfsCall& call, std::string_view kind, std::string_view what,
                    std::string_view value);
  static protocol::Result<void> need(const Request& request, std::string_view kind, const DrivePath& path);
  protocol::Result<void> need_file(const Request& request, std::string_view kind) const;
  File* find_open(const Request& request);
  protocol::Result<void> keep(Request& request, FileId id, OpenFlags flags);
  void forget(const std::string& id);
  using Use = std::function<protocol::Result<void>(File&)>;
  protocol::Result<void> with_file(Request& request, OpenFlags flags, const Use& use);
  protocol::Result<std::string> read_range(FileId file, std::uint64_t from, std::uint64_t length);
  protocol::Result<void> remove_all(const DrivePath& path);
  static protocol::Result<std::string_view> bytes_of(const Request& request);
  static void answer(Request& request, const nlohmann::json& body);

  protocol::Result<void> create_drive(Request& request);
  protocol::Result<void> create_dir(Request& request);
  protocol::Result<void> create_dir_all(Request& request);
  protocol::Result<void> create_file(Request& request);
  protocol::Result<void> open_file(Request& request);
  protocol::Result<void> close_file(Request& request);
  protocol::Result<void> write(Request& request);
  protocol::Result<void> write_all(Request& request);
  protocol::Result<void> append(Request& request);
  protocol::Result<void> sync_all(Request& request);
  protocol::Result<void> read_whole(Request& request);
  protocol::Result<void> read_to_end(Request& request);
  protocol::Result<void> read_exact(Request& request);
  protocol::Result<void> read_to_string(Request& request);
  protocol::Result<void> read_dir(Request& request);
  protocol::Result<void> seek(Request& request);
  protocol::Result<void> remove_path(Request& request);
  protocol::Result<void> remove_dir_all(Request& request);
  protocol::Result<void> rename(Request& request);
  protocol::Result<void> copy_file(Request& request);
  protocol::Result<void> metadata(Request& request);
  protocol::Result<void> len(Request& request);
  protocol::Result<void> set_len(Request& request);
  protocol::Result<void> hash(Request& request);

  Drives& drives_;
  std::function<std::uint64_t()> random_;
  std::map<std::string, File, std::less<>> files_;  // by id
};

}  // namespace celeriac::vm
