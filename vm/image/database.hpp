#pragma once
// SQLite's C interface with owners: a database, and statements that are finalised by themselves.

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// A prepared statement. Texts and bytes that are bound must live until it has been stepped.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(int place, std::int64_t value);
  Statement& bind(int place, std::string_view text);
  Statement& bind_blob(int place, std::string_view bytes);
  Statement& bind_null(int place);

  /// True if there is a row, false at the end; the error names what SQLite says.
  protocol::Result<bool> step();
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string blob(int column) const;
  [[nodiscard]] bool null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static protocol::Result<Database> open(const std::filesystem::path& file);

  /// Runs SQL without results, several statements if need be.
  protocol::Result<void> run(const char* sql);
  protocol::Result<Statement> prepare(std::string_view sql);
  /// Runs `work` in one transaction: all of what it writes or, if it fails, nothing.
  template <class Work>
  protocol::Result<void> transaction(Work work);
  /// What SQLite says went wrong last, as an error: a full disk is out_of_resources, all else internal.
  [[nodiscard]] protocol::Error error(std::string_view doing) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

template <class Work>
protocol::Result<void> Database::transaction(Work work) {
  auto done = run("BEGIN IMMEDIATE");
  if (done) done = work();
  if (done) done = run("COMMIT");
  if (!done) static_cast<void>(run("ROLLBACK"));  // there may be nothing to take back
  return done;
}

}  // namespace celeriac::vm
