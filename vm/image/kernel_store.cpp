#include "vm/image/kernel_store.hpp"

#include <bit>
#include <cstring>
#include <format>

namespace celeriac::vm {

using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

Result<void> finish(Statement& statement) {
  auto row = statement.step();
  if (!row) return std::unexpected(std::move(row.error()));
  return {};
}

std::string bytes_of(const std::vector<std::uint64_t>& globals) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(globals.data()), globals.size() * sizeof(std::uint64_t)};
}

std::vector<std::uint64_t> globals_of(const std::string& bytes) {
  std::vector<std::uint64_t> made(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(made.data(), bytes.data(), made.size() * sizeof(std::uint64_t));
  return made;
}

}  // namespace

Result<void> KernelStore::run(std::string_view sql, std::initializer_list<std::string_view> texts) {
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  int place = 0;
  for (const auto text : texts) statement->bind(++place, text);
  return finish(*statement);
}

Result<std::vector<std::pair<std::string, std::string>>> KernelStore::processes() {
  auto statement = database_.prepare("SELECT name, record FROM processes ORDER BY name");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<std::pair<std::string, std::string>> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.emplace_back(statement->text(0), statement->blob(1));
  }
}

Result<void> KernelStore::put_process(std::string_view name, std::string_view record) {
  auto statement = database_.prepare("INSERT OR REPLACE INTO processes (name, record) VALUES (?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, name).bind_blob(2, record);
  return finish(*statement);
}

Result<void> KernelStore::remove_process(std::string_view name) {
  return run("DELETE FROM processes WHERE name = ?", {name});
}

Result<void> KernelStore::purge_process(std::string_view name) {
  return database_.transaction([&]() -> Result<void> {
    for (const auto* sql : {"DELETE FROM processes WHERE name = ?", "DELETE FROM states WHERE name = ?",
                            "DELETE FROM snapshots WHERE name = ?", "DELETE FROM messages WHERE target = ?"})
      if (auto done = run(sql, {name}); !done) return done;
    return {};
  });
}

Result<std::optional<std::string>> KernelStore::state(std::string_view name) {
  auto statement = database_.prepare("SELECT bytes FROM states WHERE name = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, name).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return std::nullopt;
  return statement->blob(0);
}

Result<void> KernelStore::put_state(std::string_view name, std::string_view bytes) {
  auto statement = database_.prepare("INSERT OR REPLACE INTO states (name, bytes) VALUES (?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, name).bind_blob(2, bytes);
  return finish(*statement);
}

Result<void> KernelStore::remove_state(std::string_view name) {
  return run("DELETE FROM states WHERE name = ?", {name});
}

Result<std::vector<StoredMessage>> KernelStore::messages() {
  auto statement = database_.prepare("SELECT number, target, bytes FROM messages ORDER BY number");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<StoredMessage> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back(
        {static_cast<std::uint64_t>(statement->integer(0)), statement->text(1), statement->blob(2)});
  }
}

Result<void> KernelStore::put_message(const StoredMessage& message) {
  auto statement = database_.prepare("INSERT INTO messages (number, target, bytes) VALUES (?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, static_cast<std::int64_t>(message.number))
      .bind(2, std::string_view(message.target))
      .bind_blob(3, message.bytes);
  return finish(*statement);
}

Result<void> KernelStore::remove_message(std::uint64_t number) {
  auto statement = database_.prepare("DELETE FROM messages WHERE number = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, static_cast<std::int64_t>(number));
  return finish(*statement);
}

Result<std::optional<protocol::Snapshot>> KernelStore::snapshot(std::string_view name) {
  auto head = database_.prepare("SELECT memory_pages, globals FROM snapshots WHERE name = ?");
  if (!head) return std::unexpected(std::move(head.error()));
  auto row = head->bind(1, name).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return std::nullopt;
  protocol::Snapshot made{.memory_pages = static_cast<std::uint32_t>(head->integer(0)),
                          .globals = globals_of(head->blob(1))};
  auto chunks = database_.prepare("SELECT place, bytes FROM chunks WHERE name = ? ORDER BY place");
  if (!chunks) return std::unexpected(std::move(chunks.error()));
  chunks->bind(1, name);
  while (true) {
    row = chunks->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.chunks.emplace(static_cast<std::uint32_t>(chunks->integer(0)), chunks->blob(1));
  }
}

Result<void> KernelStore::change_snapshot(std::string_view name, const protocol::SnapshotView& change) {
  auto head = database_.prepare(
      "INSERT INTO snapshots (name, memory_pages, globals) VALUES (?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET memory_pages = excluded.memory_pages, globals = excluded.globals");
  if (!head) return std::unexpected(std::move(head.error()));
  const std::string globals = bytes_of(change.globals);
  head->bind(1, name).bind(2, static_cast<std::int64_t>(change.memory_pages)).bind_blob(3, globals);
  if (auto done = finish(*head); !done) return done;
  for (std::size_t i = 0; i < change.size(); ++i) {
    auto row = database_.prepare("INSERT OR REPLACE INTO chunks (name, place, bytes) VALUES (?, ?, ?)");
    if (!row) return std::unexpected(std::move(row.error()));
    row->bind(1, name).bind(2, static_cast<std::int64_t>(change.index(i))).bind_blob(3, change.chunk(i));
    if (auto done = finish(*row); !done) return done;
  }
  return {};
}

Result<void> KernelStore::commit(std::string_view name, std::string_view change, std::uint64_t dealt_with,
                                 const std::vector<StoredMessage>& outbox) {
  std::optional<protocol::SnapshotView> view;
  if (!change.empty()) {
    auto read = protocol::decode_snapshot(change);
    if (!read) return std::unexpected(std::move(read.error()));
    view = std::move(*read);
  }
  return database_.transaction([&]() -> Result<void> {
    if (view)
      if (auto done = change_snapshot(name, *view); !done) return done;
    if (dealt_with != 0)
      if (auto done = remove_message(dealt_with); !done) return done;
    for (const StoredMessage& message : outbox)
      if (auto done = put_message(message); !done) return done;
    return {};
  });
}

Result<std::vector<StoredObject>> KernelStore::objects() {
  auto statement = database_.prepare(
      "SELECT path, sha256, length(bytes) FROM objects JOIN modules USING (sha256) ORDER BY path");
  if (!statement) return std::unexpected(std::move(statement.error()));
  std::vector<StoredObject> made;
  while (true) {
    auto row = statement->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return made;
    made.push_back(
        {statement->text(0), statement->text(1), static_cast<std::uint64_t>(statement->integer(2))});
  }
}

Result<std::optional<std::string>> KernelStore::object(std::string_view path) {
  auto statement = database_.prepare("SELECT sha256 FROM objects WHERE path = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, path).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return std::nullopt;
  return statement->text(0);
}

Result<void> KernelStore::put_object(std::string_view path, std::string_view sha256, std::string_view bytes) {
  return database_.transaction([&]() -> Result<void> {
    auto there = object(path);
    if (!there) return std::unexpected(std::move(there.error()));
    if (*there)
      return std::unexpected(Error{.status = Status::wrong_state,
                                   .message = std::format("There is a module at {} already.", path),
                                   .code = "object_already_exists"});
    if (auto done = put_module(sha256, bytes); !done) return done;
    return run("INSERT INTO objects (path, sha256) VALUES (?, ?)", {path, sha256});
  });
}

Result<void> KernelStore::remove_object(std::string_view path) {
  return database_.transaction([&]() -> Result<void> {
    if (auto done = run("DELETE FROM objects WHERE path = ?", {path}); !done) return done;
    return run(
        "DELETE FROM modules WHERE sha256 NOT IN (SELECT sha256 FROM objects) AND sha256 NOT IN "
        "(SELECT sha256 FROM package_files WHERE sha256 IS NOT NULL)",
        {});
  });
}

Result<std::string> KernelStore::package_module(std::string_view package, std::string_view path) {
  auto statement = database_.prepare(
      "SELECT sha256 FROM package_files WHERE package = ? AND path = ? AND sha256 IS NOT NULL");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, package).bind(2, path).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return fail(Status::not_found, std::format("The package {} has no module {}.", package, path));
  return statement->text(0);
}

Result<std::string> KernelStore::module(std::string_view sha256) {
  auto statement = database_.prepare("SELECT bytes FROM modules WHERE sha256 = ?");
  if (!statement) return std::unexpected(std::move(statement.error()));
  auto row = statement->bind(1, sha256).step();
  if (!row) return std::unexpected(std::move(row.error()));
  if (!*row) return fail(Status::not_found, std::format("The image has no module {}.", sha256));
  return statement->blob(0);
}

Result<void> KernelStore::put_module(std::string_view sha256, std::string_view bytes) {
  auto statement = database_.prepare("INSERT OR IGNORE INTO modules (sha256, bytes) VALUES (?, ?)");
  if (!statement) return std::unexpected(std::move(statement.error()));
  statement->bind(1, sha256).bind_blob(2, bytes);
  return finish(*statement);
}

}  // namespace celeriac::vm
