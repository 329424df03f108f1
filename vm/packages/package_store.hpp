#pragma once
// The installed packages in the image: what they are, and their files. Modules stand there once each, by
// their hash, and go when no package and no object of the namespace uses them any more; kernel_store.hpp
// reads them. Calls may take milliseconds: they belong on the Worker.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/error.hpp"
#include "vm/image/database.hpp"
#include "vm/packages/package.hpp"

namespace celeriac::vm {

/// Packages that are installed at once.
inline constexpr std::size_t max_packages = 256;

struct StoredPackage {
  std::string package;  ///< package:publisher
  std::string version;
  std::string manifest_hash;
  std::string manifest;  ///< canonical text
  std::string metadata;
  std::string signed_by;       ///< name of a key, "" for nobody
  std::int64_t installed = 0;  ///< ms since 1970
};

/// A file below pkg/.
struct StoredFile {
  std::string path;
  std::string sha256;  ///< of a module, "" for data
  std::string bytes;   ///< of data, "" for a module
};

class PackageStore {
 public:
  explicit PackageStore(Database& database) : database_(database) {}

  /// By name.
  protocol::Result<std::vector<StoredPackage>> list();
  /// nullopt: it is not installed.
  protocol::Result<std::optional<StoredPackage>> find(std::string_view package);
  /// Makes or replaces it, files and all, or nothing. Status::out_of_resources: there are too many.
  protocol::Result<void> put(const Package& package, std::int64_t now);
  /// One that is not there is no error.
  protocol::Result<void> remove(std::string_view package);

  protocol::Result<std::vector<StoredFile>> files(std::string_view package);
  /// Path and bytes of all files, modules among them.
  protocol::Result<std::vector<std::pair<std::string, std::string>>> contents(std::string_view package);
  /// The hash of a module by its path below pkg/; nullopt if there is none.
  protocol::Result<std::optional<std::string>> module_at(std::string_view package, std::string_view path);

 private:
  protocol::Result<void> run(std::string_view sql, std::initializer_list<std::string_view> texts);
  protocol::Result<void> put_file(std::string_view package, std::string_view path, std::string_view bytes);
  protocol::Result<void> sweep();
  Database& database_;
};

/// Whether a file is kept as a module: it begins as Wasm does.
bool is_module(std::string_view bytes);

}  // namespace celeriac::vm
