#pragma once
// What outlives the VM of guests: processes that come back, what they keep, snapshots of objects, messages
// that were accepted for an object and not dealt with yet, and the namespace's modules. Calls may take
// milliseconds: they belong on the Worker.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/snapshot.hpp"
#include "vm/image/database.hpp"

namespace celeriac::vm {

/// Bytes that a process may keep for itself.
inline constexpr std::size_t max_state = std::size_t{64} << 20;

struct StoredMessage {
  std::uint64_t number = 0;
  std::string target;
  std::string bytes;
};

/// A module in the namespace.
struct StoredObject {
  std::string path;
  std::string sha256;
  std::uint64_t bytes = 0;
};

class KernelStore {
 public:
  explicit KernelStore(Database& database) : database_(database) {}

  /// Name and record (vm/kernel/records.hpp), by name.
  protocol::Result<std::vector<std::pair<std::string, std::string>>> processes();
  protocol::Result<void> put_process(std::string_view name, std::string_view record);
  protocol::Result<void> remove_process(std::string_view name);
  /// Also its state, its snapshot and its messages.
  protocol::Result<void> purge_process(std::string_view name);

  /// nullopt: nothing is kept.
  protocol::Result<std::optional<std::string>> state(std::string_view name);
  protocol::Result<void> put_state(std::string_view name, std::string_view bytes);
  protocol::Result<void> remove_state(std::string_view name);

  /// In the order in which they were accepted.
  protocol::Result<std::vector<StoredMessage>> messages();
  protocol::Result<void> put_message(const StoredMessage& message);
  protocol::Result<void> remove_message(std::uint64_t number);

  /// nullopt: none was ever taken.
  protocol::Result<std::optional<protocol::Snapshot>> snapshot(std::string_view name);
  /// What a run has changed (BSON of protocol/snapshot.hpp, "" for nothing), the message that it has dealt
  /// with (0: none) and those that leave: all or nothing.
  protocol::Result<void> commit(std::string_view name, std::string_view change, std::uint64_t dealt_with,
                                const std::vector<StoredMessage>& outbox);

  protocol::Result<std::vector<StoredObject>> objects();
  protocol::Result<std::optional<std::string>> object(std::string_view path);
  /// Status::wrong_state (object_already_exists) if something stands there.
  protocol::Result<void> put_object(std::string_view path, std::string_view sha256, std::string_view bytes);
  protocol::Result<void> remove_object(std::string_view path);
  /// sha256 of a module by its path below a package's pkg/. Status::not_found.
  protocol::Result<std::string> package_module(std::string_view package, std::string_view path);
  /// Status::not_found.
  protocol::Result<std::string> module(std::string_view sha256);
  protocol::Result<void> put_module(std::string_view sha256, std::string_view bytes);

 private:
  protocol::Result<void> run(std::string_view sql, std::initializer_list<std::string_view> texts);
  protocol::Result<void> change_snapshot(std::string_view name, const protocol::SnapshotView& change);
  Database& database_;
};

}  // namespace celeriac::vm
