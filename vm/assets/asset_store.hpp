#pragma once
// Keeps assets in the image: reads them at the start, writes every change on the Worker's thread.
//
//   change ──► waiting ──► being written ──► on disk      What changes while a write is under way waits and
//      ▲          ▲              │                        goes with the next one, all in one transaction; of
//      └──────────┴── failed ────┘                        several changes of an asset only the last is
//      written.
//
// After a write that failed, what it held waits for the next change, or the next question for saved().

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vm/assets/assets.hpp"
#include "vm/image/image.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class AssetStore {
 public:
  using Done = std::move_only_function<void(protocol::Result<void>)>;

  /// Fills `assets` with what the image holds, and follows its changes from then on. The store must live as
  /// long as the assets change.
  static protocol::Result<std::unique_ptr<AssetStore>> open(Worker& worker, Image& image, Assets& assets);
  /// Gives the worker what has not been written yet.
  ~AssetStore();
  AssetStore(const AssetStore&) = delete;
  AssetStore& operator=(const AssetStore&) = delete;

  /// Answers when everything so far is on disk; the error of the first write that failed since the last
  /// answer.
  void saved(Done done);
  /// When an asset of the kind changed last; the time of open() if none has since. Milliseconds since 1970.
  [[nodiscard]] std::int64_t changed_ms(AssetKind kind) const {
    return changed_ms_[static_cast<std::size_t>(kind)];
  }

 private:
  using Key = std::pair<AssetKind, std::int64_t>;
  /// What is to be written of each asset; nullopt: it is gone.
  using Changes = std::map<Key, std::optional<std::string>>;

  AssetStore(Worker& worker, Image& image);
  static std::vector<AssetEntry> entries_of(const Changes& changes);
  void take(AssetKind kind, std::int64_t id, const nlohmann::json* now);
  void write();
  void written(Changes changes, protocol::Result<void> result);

  Worker& worker_;
  Image& image_;
  Changes waiting_;
  bool writing_ = false;
  std::vector<Done> asked_;    // answered when waiting_ is on disk
  std::vector<Done> in_turn_;  // answered by the write that is under way
  std::optional<protocol::Error> failure_;
  std::array<std::int64_t, asset_kind_count> changed_ms_{};
};

}  // namespace celeriac::vm
