#pragma once
// The image: everything of the VM that outlives it, in one SQLite file.
//
//   codes     id, resource_id, name, kind, bytes, sha256 (hex), created (ms since 1970), source
//   assets    kind ("point"), id, json
//   notes     name, text: what a part of the VM keeps for itself ("schedule")
//
// Tables of packages and processes have stores of their own, which work on database(); schema.hpp lists them.
//
// A write has reached the disk when its call returns (write-ahead log, synchronous=FULL). The file carries
// Celeriac's application id and a schema version. One of an older version is brought up to date when it is
// opened; a file of another program, of a newer version or with damage is refused, never repaired in silence.
// Calls may take milliseconds: they belong on the Worker.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "vm/image/database.hpp"
#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

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

/// An asset as it is kept, and what is to become of one.
struct AssetEntry {
  std::string kind;
  std::int64_t id = 0;
  std::optional<std::string> json;  ///< nullopt: it is to be gone
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

  /// By kind and id.
  protocol::Result<std::vector<AssetEntry>> assets();
  /// All of them or none.
  protocol::Result<void> write(const std::vector<AssetEntry>& entries);

  /// "" if there is none.
  protocol::Result<std::string> note(std::string_view name);
  protocol::Result<void> set_note(std::string_view name, std::string_view text);

  /// For the stores of other parts, which keep to the Worker as well.
  /// Writes a copy, whole and consistent, into a file that is not there yet. wrong_state: it is; malformed:
  /// its path is not absolute.
  protocol::Result<void> copy_to(const std::filesystem::path& file);
  /// `{whole, bytes, free_bytes, findings: [sentence]}`
  protocol::Result<nlohmann::json> examine();
  /// Gives back what is not used: `{before, after}`, bytes.
  protocol::Result<nlohmann::json> compact();

  [[nodiscard]] Database& database() noexcept { return database_; }

 private:
  explicit Image(Database database) : database_(std::move(database)) {}
  protocol::Result<void> prepare();
  protocol::Result<void> write_one(const AssetEntry& entry);
  Database database_;
};

}  // namespace celeriac::vm
