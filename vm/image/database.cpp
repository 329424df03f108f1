#include "vm/image/database.hpp"

#include <format>

namespace celeriac::vm {
namespace {

protocol::Error sqlite_error(sqlite3* database, std::string_view doing) {
  const int code = database != nullptr ? sqlite3_errcode(database) : SQLITE_NOMEM;
  const bool full = code == SQLITE_FULL || code == SQLITE_NOMEM;
  return {.status = full ? protocol::Status::out_of_resources : protocol::Status::internal,
          .message = std::format("The image cannot be {}: {}.", doing,
                                 database != nullptr ? sqlite3_errmsg(database) : "out of memory")};
}

}  // namespace

Statement& Statement::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), place, value);
  return *this;
}

Statement& Statement::bind(int place, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int place, std::string_view bytes) {
  // A null pointer would bind NULL, and no bytes are not the same as none.
  sqlite3_bind_blob64(statement_.get(), place, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int place) {
  sqlite3_bind_null(statement_.get(), place);
  return *this;
}

protocol::Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return std::unexpected(sqlite_error(sqlite3_db_handle(statement_.get()), "read or written"));
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text != nullptr
             ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
             : std::string();
}

std::string Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return bytes != nullptr
             ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
             : std::string();
}

bool Statement::null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

protocol::Result<Database> Database::open(const std::filesystem::path& file) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(opened, "opened"));
  sqlite3_extended_result_codes(opened, 0);
  sqlite3_busy_timeout(opened, 1000);
  return database;
}

protocol::Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("read or written"));
  return {};
}

protocol::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK)
    return std::unexpected(error("read or written"));
  return Statement(statement);
}

protocol::Error Database::error(std::string_view doing) const {
  return sqlite_error(database_.get(), doing);
}

}  // namespace celeriac::vm
