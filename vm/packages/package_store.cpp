#include "vm/packages/package_store.hpp"

#include <algorithm>
#include <format>

#include "vm/packages/digest.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view all_packages =
    "SELECT package, version, manifest_hash, manifest, metadata, signed_by, installed FROM packages "
    "ORDER BY package";
constexpr std::string_view one_package =
    "SELECT package, version, manifest_hash, manifest, metadata, signed_by, installed FROM packages "
    "WHERE package = ?";

StoredPackage row_of(const Statement& statement) {
  return {.package = statement.text(0),
          .version = statement.text(1),
          .manifest_hash = statement.text(2),
          .manifest = statement.text(3),
          .metadata = statement.text(4),
          .signed_by = statement.text(5),
          .installed = statement.integer(6)};
}

Result<void> finish(Statement& statement) {
  auto row = statement.step();
  if (!row) return std::unexpected(std::move(row.error()));
  return {};
}

}  // namespace

bool is_module(std::string_view bytes) {
  return bytes.starts_with(std::string_view("\0asm", 4));
}

Result<void> PackageStore::run(std::string_view sql, std::initializer_list<std::string_view> texts) {
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  int place = 0;
  for (const auto text : texts) statement->bind(++place, text);
  return finish(*statement);
}

Result<std::vector<StoredPackage>> PackageStore::list() {
  auto statement = database_.prepare(all_packages);
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<StoredPackage> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back(row_of(*statement));
  }
}

Result<std::optional<StoredPackage>> PackageStore::find(std::string_view package) {
  auto statement = database_.prepare(one_package);
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, package).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return std::optional<StoredPackage>();
  return std::optional(row_of(*statement));
}

Result<void> PackageStore::put_file(std::string_view package, std::string_view path, std::string_view bytes) {
  const bool module = is_module(bytes);
  const std::string sha256 = module ? sha256_hex(bytes) : "";
  if (module) {
    auto statement = database_.prepare("INSERT OR IGNORE INTO modules (sha256, bytes) VALUES (?, ?)");
    if (!statement) return std::unexpected(std::move(statement.error()));
    statement->bind(1, std::string_view(sha256)).bind_blob(2, bytes);
    if (auto done = finish(*statement); !done) return done;
  }
  auto statement =
      database_.prepare("INSERT INTO package_files (package, path, sha256, bytes) VALUES (?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, package).bind(2, path);
  if (module)
    statement->bind(3, std::string_view(sha256)).bind_null(4);
  else
    statement->bind_null(3).bind_blob(4, bytes);
  return finish(*statement);
}

Result<void> PackageStore::sweep() {
  return run(
      "DELETE FROM modules WHERE sha256 NOT IN (SELECT sha256 FROM package_files WHERE sha256 IS NOT NULL) "
      "AND sha256 NOT IN (SELECT sha256 FROM objects)",
      {});
}

Result<void> PackageStore::put(const Package& package, std::int64_t now) {
  const std::string id = package.metadata.id();
  return database_.transaction([&]() -> Result<void> {
    const auto present = list();
    if (!present) return std::unexpected(present.error());
    const bool known = std::ranges::contains(*present, id, &StoredPackage::package);
    if (!known && present->size() >= max_packages)
      return fail(Status::out_of_resources,
                  std::format("There are {} packages already, which is the limit.", max_packages));
    if (auto done = run("DELETE FROM packages WHERE package = ?", {id}); !done) return done;
    auto statement = database_.prepare(
        "INSERT INTO packages (package, version, manifest_hash, manifest, metadata, signed_by, installed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!statement) return std::unexpected(std::move(statement.error()));
    statement->bind(1, std::string_view(id))
        .bind(2, std::string_view(package.metadata.version))
        .bind(3, std::string_view(package.manifest.hash))
        .bind(4, std::string_view(package.manifest.text))
        .bind(5, std::string_view(package.metadata_text))
        .bind(6, std::string_view(package.signed_by))
        .bind(7, now);
    if (auto done = finish(*statement); !done) return done;
    for (const auto& [path, bytes] : package.files)
      if (auto done = put_file(id, path, bytes); !done) return done;
    return sweep();
  });
}

Result<void> PackageStore::remove(std::string_view package) {
  return database_.transaction([&]() -> Result<void> {
    if (auto done = run("DELETE FROM packages WHERE package = ?", {package}); !done) return done;
    return sweep();
  });
}

Result<std::vector<StoredFile>> PackageStore::files(std::string_view package) {
  auto statement =
      database_.prepare("SELECT path, sha256, bytes FROM package_files WHERE package = ? ORDER BY path");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, package);
  std::vector<StoredFile> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back({.path = statement->text(0), .sha256 = statement->text(1), .bytes = statement->blob(2)});
  }
}

Result<std::vector<std::pair<std::string, std::string>>> PackageStore::contents(std::string_view package) {
  auto statement = database_.prepare(
      "SELECT path, coalesce(package_files.bytes, modules.bytes) FROM package_files LEFT JOIN modules USING "
      "(sha256) "
      "WHERE package = ? ORDER BY path");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, package);
  std::vector<std::pair<std::string, std::string>> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.emplace_back(statement->text(0), statement->blob(1));
  }
}

Result<std::optional<std::string>> PackageStore::module_at(std::string_view package, std::string_view path) {
  auto statement = database_.prepare(
      "SELECT sha256 FROM package_files WHERE package = ? AND path = ? AND sha256 IS NOT NULL");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, package).bind(2, path).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return std::optional<std::string>();
  return std::optional(statement->text(0));
}

}  // namespace celeriac::vm
