#pragma once
// Brings the account's resources here, kind by kind.
//
//     sync_now ──run()──► syncing: outbox sent, kinds fetched one after another ──► synced
//                            │ trouble on the way: tried again after 1 s, 2 s, 4 s
//     (at the start)         └──► sync_error; what was fetched stays, and the next run begins where this
//     ended
//
// What the account has not is removed, if it was the account's (ids above 0); what was made here stays. What
// waits in the outbox is newer than the account's, and stays too. One item or sequence that cannot be taken
// is a warning in the log; the others go on.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vm/assets/assets.hpp"
#include "vm/sync/outbox.hpp"
#include "vm/sync/sync_world.hpp"
#include "vm/sync/web_api.hpp"

namespace celeriac::vm {

/// Who waits for a sync that is under way; a further one is `overloaded`.
inline constexpr std::size_t max_sync_waiters = 64;
/// How often a kind is asked for before the sync gives up.
inline constexpr int max_fetches = 4;
inline constexpr std::chrono::milliseconds first_fetch_retry{1'000};
/// The sync of the start is tried again after so long, then ever less often, until one has succeeded: after a
/// power cut the network may come back minutes later than we do.
inline constexpr std::chrono::milliseconds first_start_retry{60'000};
inline constexpr std::chrono::milliseconds longest_start_retry{1'800'000};
/// Items that are compared before others have their turn: a few milliseconds.
inline constexpr std::size_t items_per_turn = 200;
/// Warnings of one kind; the rest are counted.
inline constexpr std::size_t max_item_warnings = 10;

class Sync {
 public:
  /// {changes: [{kind, new, changed, gone, refused}]}: the kinds where something is not 0.
  using Done = std::move_only_function<void(protocol::Result<nlohmann::json>)>;

  Sync(SyncWorld& world, WebApi& api, Outbox& outbox, Assets& assets, SequenceShelf& shelf);
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;

  /// Fetches everything; one that is under way is joined.
  void run(Done done);
  /// The sync of the start.
  void begin() { begin(first_start_retry); }

 private:
  struct Change {
    std::size_t added = 0, changed = 0, gone = 0, refused = 0;
  };
  /// A collection of the account: a kind of asset, or the sequences.
  struct Source {
    std::optional<AssetKind> kind;  ///< nullopt: sequences
    std::string_view one, many;     ///< "point", "points"
    std::string path;
  };

  void begin(std::chrono::milliseconds retry);
  void flush();
  void fetch();
  void fetched(protocol::Result<nlohmann::json> answer);
  void retry(protocol::Error error, std::function<void()> again);
  void take_items();
  void take(nlohmann::json& item);
  void take_sequence();
  void sweep();
  void next_source();
  void refused(const std::string& what, const protocol::Error& error);
  void fail(protocol::Error error);
  void finish(protocol::Result<nlohmann::json> result);
  [[nodiscard]] std::string summary() const;
  void later(std::chrono::milliseconds time, std::function<void()> then);
  [[nodiscard]] const Source& source() const { return sources_[place_]; }

  SyncWorld& world_;
  WebApi& api_;
  Outbox& outbox_;
  Assets& assets_;
  SequenceShelf& shelf_;
  std::vector<Source> sources_;
  std::size_t place_ = 0;     // of the source that is fetched now, or next
  std::size_t to_fetch_ = 0;  // sources left in this run
  int attempts_ = 0;
  nlohmann::json items_;
  std::size_t item_ = 0;
  std::set<std::int64_t> seen_;
  std::set<std::int64_t> held_;  // sequences that were here, and may have to go
  std::vector<Change> changes_;  // by source
  std::vector<Done> waiting_;    // not empty: a run is under way
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
