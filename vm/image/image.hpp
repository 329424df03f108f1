#pragma once
// The image: everything of the VM that outlives it, in one SQLite file.
//
//   codes     id, resource_id, name, kind, bytes, sha256 (hex), created (ms since 1970), source
//   user_env  name, value
//
// A write has reached the disk when its call returns (write-ahead log, synchronous=FULL). The file carries
// Celeriac's application id and a schema version; a file of another program, of a newer version or with
// damage is refused, never repaired in silence. Calls may take milliseconds: they belong on the Worker.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "vm/image/database.hpp"
#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

/// Variables of the user environment that are kept.
inline constexpr std::int64_t max_user_env = 1024;

/// A code as lists show it.
struct CodeEntry {
  CodeId id{};
  std::int64_t resource_id = 0;  ///< of the document, 0 for none
  std::string name;
  std::string kind;  ///< of the root; "" while the code has no contents
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 hex digits
  std::int64_t created = 0;
};

class Image {
 public:
  /// Opens or makes the file. The error's message names the file and says what to do.
  static protocol::Result<std::unique_ptr<Image>> open(const std::filesystem::path& file);

  protocol::Result<std::vector<CodeEntry>> codes();
  /// Status::not_found if there is no such code.
  protocol::Result<std::string> source(CodeId id);
  /// Makes or replaces a code.
  protocol::Result<void> put(const CodeEntry& entry, std::string_view source);
  protocol::Result<void> remove(CodeId id);

  protocol::Result<std::map<std::string, std::string>> user_env();
  /// Status::out_of_resources beyond max_user_env.
  protocol::Result<void> set_user_env(std::string_view name, std::string_view value);

 private:
  explicit Image(Database database) : database_(std::move(database)) {}
  protocol::Result<void> prepare();
  Database database_;
};

}  // namespace celeriac::vm
