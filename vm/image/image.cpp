#include "vm/image/image.hpp"

#include <format>

namespace celeriac::vm {

using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::int64_t application_id = 0x43454c52;  // "CELR"
constexpr std::int64_t schema_version = 1;

constexpr const char* schema = R"sql(
  BEGIN IMMEDIATE;
  CREATE TABLE codes (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
    resource_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, created INTEGER NOT NULL, source TEXT NOT NULL);
  CREATE TABLE user_env (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  PRAGMA application_id = 1128614994;
  PRAGMA user_version = 1;
  COMMIT;
)sql";
static_assert(application_id == 1128614994 && schema_version == 1);

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
  const auto version = scalar(database_, "PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  const auto tables = scalar(database_, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());

  if (*tables == 0) return database_.run(schema);
  if (*application != application_id)
    return fail(Status::wrong_state, "It is a database of another program.");
  if (*version != schema_version)
    return fail(Status::wrong_state,
                std::format("Its schema version is {}, and this program knows version {}.", *version,
                            schema_version));
  auto check = database_.prepare("PRAGMA quick_check(1)");
  if (!check) return std::unexpected(std::move(check.error()));
  auto row = check->step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row || check->text(0) != "ok")
    return fail(Status::internal, std::format("It is damaged: {}.", check->text(0)));
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

Result<std::map<std::string, std::string>> Image::user_env() {
  auto statement = database_.prepare("SELECT name, value FROM user_env");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::map<std::string, std::string> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.emplace(statement->text(0), statement->text(1));
  }
}

Result<void> Image::set_user_env(std::string_view name, std::string_view value) {
  auto others = database_.prepare("SELECT count(*) FROM user_env WHERE name <> ?");
  if (!others) return std::unexpected(std::move(others.error()));
  if (auto row = others->bind(1, name).step(); !row) return std::unexpected(std::move(row.error()));
  if (others->integer(0) >= max_user_env)
    return fail(Status::out_of_resources,
                std::format("The user environment holds at most {} variables.", max_user_env));
  auto statement = database_.prepare("INSERT OR REPLACE INTO user_env (name, value) VALUES (?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, name).bind(2, value);
  return finish(*statement);
}

}  // namespace celeriac::vm
