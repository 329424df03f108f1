#include "vm/image/image.hpp"

#include <format>

#include "vm/image/schema.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

/// The one number that a query gives.
Result<std::int64_t> scalar(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->step();
  if (!row) return std::unexpected(std::move(row.error()));
  return *row ? statement->integer(0) : 0;
}

/// Runs a statement that gives no rows.
Result<void> finish(Statement& statement) {
  auto row = statement.step();
  if (!row) return std::unexpected(std::move(row.error()));
  return {};
}

/// Whether the file is whole.
Result<void> check(Database& database) {
  auto statement = database.prepare("PRAGMA quick_check(1)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row || statement->text(0) != "ok")
    return fail(Status::internal, std::format("It is damaged: {}.", statement->text(0)));
  return {};
}

}  // namespace

Result<std::unique_ptr<Image>> Image::open(const std::filesystem::path& file) {
  auto database = Database::open(file);
  Result<void> ready;
  std::unique_ptr<Image> image;
  if (database) {
    image.reset(new Image(std::move(*database)));
    ready = image->prepare();
  } else {
    ready = std::unexpected(std::move(database.error()));
  }
  if (!ready) {
    return fail(
        ready.error().status,
        std::format("{} cannot be used as the image. {} Move the file away to start with an empty image.",
                    file.string(), ready.error().message));
  }
  return image;
}

Result<void> Image::prepare() {
  // FULL: a commit that was acknowledged survives a power cut. The rest keeps the idle daemon small.
  if (auto set =
          database_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                        "PRAGMA cache_size = -1024;");
      !set)
    return set;
  const auto application = scalar(database_, "PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  auto version = scalar(database_, "PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  const auto tables = scalar(database_, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());

  if (*tables == 0) {
    if (auto made = database_.run(first_schema); !made) return made;
    version = first_version;
  } else if (*application != application_id) {
    return fail(Status::wrong_state, "It is a database of another program.");
  }
  if (*version < 1 || *version > schema_version)
    return fail(Status::wrong_state,
                std::format("Its schema version is {}, and this program knows the versions up to {}.",
                            *version, schema_version));
  if (auto sound = check(database_); !sound) return sound;
  for (auto from = *version; from < schema_version; ++from)
    if (auto moved = database_.run(migrations()[static_cast<std::size_t>(from - 1)]); !moved) return moved;
  return {};
}

Result<std::vector<CodeEntry>> Image::codes() {
  auto statement =
      database_.prepare("SELECT id, resource_id, name, kind, bytes, sha256, created FROM codes ORDER BY id");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<CodeEntry> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back({.id = CodeId{static_cast<std::uint16_t>(statement->integer(0))},
                    .resource_id = statement->integer(1),
                    .name = statement->text(2),
                    .kind = statement->text(3),
                    .bytes = static_cast<std::uint64_t>(statement->integer(4)),
                    .sha256 = statement->text(5),
                    .created = statement->integer(6)});
  }
}

Result<std::string> Image::source(CodeId id) {
  auto statement = database_.prepare("SELECT source FROM codes WHERE id = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, number(id)).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return fail(Status::not_found, std::format("The image has no code {}.", number(id)));
  return statement->text(0);
}

Result<void> Image::put(const CodeEntry& entry, std::string_view source) {
  auto statement = database_.prepare(
      "INSERT OR REPLACE INTO codes (id, resource_id, name, kind, bytes, sha256, created, source) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, number(entry.id))
      .bind(2, entry.resource_id)
      .bind(3, std::string_view(entry.name))
      .bind(4, std::string_view(entry.kind))
      .bind(5, static_cast<std::int64_t>(entry.bytes))
      .bind(6, std::string_view(entry.sha256))
      .bind(7, entry.created)
      .bind(8, source);
  return finish(*statement);
}

Result<void> Image::remove(CodeId id) {
  auto statement = database_.prepare("DELETE FROM codes WHERE id = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, number(id));
  return finish(*statement);
}

Result<std::vector<AssetEntry>> Image::assets() {
  auto statement = database_.prepare("SELECT kind, id, json FROM assets ORDER BY kind, id");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<AssetEntry> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back({.kind = statement->text(0), .id = statement->integer(1), .json = statement->text(2)});
  }
}

Result<void> Image::write_one(const AssetEntry& entry) {
  auto statement =
      database_.prepare(entry.json ? "INSERT OR REPLACE INTO assets (kind, id, json) VALUES (?, ?, ?)"
                                   : "DELETE FROM assets WHERE kind = ? AND id = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, std::string_view(entry.kind)).bind(2, entry.id);
  if (entry.json) statement->bind(3, std::string_view(*entry.json));
  return finish(*statement);
}

Result<void> Image::write(const std::vector<AssetEntry>& entries) {
  return database_.transaction([&]() -> Result<void> {
    for (const AssetEntry& entry : entries)
      if (auto done = write_one(entry); !done) return done;
    return {};
  });
}

Result<std::string> Image::note(std::string_view name) {
  auto statement = database_.prepare("SELECT text FROM notes WHERE name = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, name).step();
  if (!row) return std::unexpected(std::move(row.error()));
  return *row ? statement->text(0) : std::string();
}

Result<void> Image::set_note(std::string_view name, std::string_view text) {
  auto statement = database_.prepare("INSERT OR REPLACE INTO notes (name, text) VALUES (?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, name).bind(2, text);
  return finish(*statement);
}

Result<void> Image::copy_to(const std::filesystem::path& file) {
  if (!file.is_absolute()) return fail(Status::malformed, "The path of the copy must be absolute.");
  std::error_code error;
  if (std::filesystem::exists(file, error))
    return std::unexpected(
        protocol::Error{.status = Status::wrong_state,
                        .message = std::format("There is a file {} already.", file.string()),
                        .code = "image_already_exists"});
  auto statement = database_.prepare("VACUUM INTO ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  const std::string name = file.string();
  statement->bind(1, std::string_view(name));
  return finish(*statement);
}

Result<nlohmann::json> Image::examine() {
  auto findings = nlohmann::json::array();
  for (const char* pragma : {"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"}) {
    auto statement = database_.prepare(pragma);
    if (!statement) return std::unexpected(std::move(statement.error()));
    while (true) {
      auto row = statement->step();
      if (!row) return std::unexpected(std::move(row.error()));
      if (!*row) break;
      if (auto text = statement->text(0); text != "ok") findings.push_back(std::move(text));
    }
  }
  const auto page = scalar(database_, "PRAGMA page_size"), pages = scalar(database_, "PRAGMA page_count"),
             unused = scalar(database_, "PRAGMA freelist_count");
  if (!page || !pages || !unused) return fail(Status::internal, "The image does not tell its size.");
  return nlohmann::json{{"whole", findings.empty()},
                        {"bytes", *page * *pages},
                        {"free_bytes", *page * *unused},
                        {"findings", findings}};
}

Result<nlohmann::json> Image::compact() {
  auto before = examine();
  if (!before) return before;
  if (auto done = database_.run("VACUUM"); !done) return std::unexpected(std::move(done.error()));
  auto after = examine();
  if (!after) return after;
  return nlohmann::json{{"before", (*before)["bytes"]}, {"after", (*after)["bytes"]}};
}

}  // namespace celeriac::vm
