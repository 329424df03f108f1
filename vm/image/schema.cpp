#include "vm/image/schema.hpp"

#include <iterator>

namespace celeriac::vm {

const char* const first_schema = R"sql(
  BEGIN IMMEDIATE;
  CREATE TABLE codes (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
    resource_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, created INTEGER NOT NULL, source TEXT NOT NULL);
  CREATE TABLE assets (
    kind TEXT NOT NULL, id INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  PRAGMA application_id = 1128614994;
  PRAGMA user_version = 2;
  COMMIT;
)sql";
static_assert(application_id == 1128614994);

std::span<const char* const> migrations() {
  static constexpr const char* steps[] = {// 1 to 2. Version 1 had the user environment in a table of its own.
                                          R"sql(
  BEGIN IMMEDIATE;
  CREATE TABLE assets (
    kind TEXT NOT NULL, id INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO assets
    SELECT 'farmware_env', id, json_object('id', id, 'key', name, 'value', value)
    FROM (SELECT -row_number() OVER (ORDER BY name) AS id, name, value FROM user_env);
  DROP TABLE user_env;
  PRAGMA user_version = 2;
  COMMIT;
)sql",
                                          // 2 to 3: packages, guests and their messages.
                                          R"sql(
  BEGIN IMMEDIATE;
  CREATE TABLE packages (
    package TEXT PRIMARY KEY, version TEXT NOT NULL, manifest_hash TEXT NOT NULL, manifest TEXT NOT NULL,
    metadata TEXT NOT NULL, signed_by TEXT NOT NULL, installed INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE modules (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE package_files (
    package TEXT NOT NULL REFERENCES packages ON DELETE CASCADE, path TEXT NOT NULL,
    sha256 TEXT REFERENCES modules, bytes BLOB,
    PRIMARY KEY (package, path), CHECK ((sha256 IS NULL) <> (bytes IS NULL)));
  CREATE TABLE processes (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE states (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE messages (number INTEGER PRIMARY KEY, target TEXT NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE objects (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL REFERENCES modules) WITHOUT ROWID;
  CREATE TABLE snapshots (name TEXT PRIMARY KEY, memory_pages INTEGER NOT NULL, globals BLOB NOT NULL);
  CREATE TABLE chunks (
    name TEXT NOT NULL REFERENCES snapshots ON DELETE CASCADE, place INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (name, place)) WITHOUT ROWID;
  PRAGMA user_version = 3;
  COMMIT;
)sql"};
  static_assert(std::size(steps) == schema_version - 1);
  return steps;
}

}  // namespace celeriac::vm
