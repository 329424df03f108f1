#pragma once
// What has changed here and is not in the account yet: sent one by one, in the order of the changes.
//
//     change ──► waiting ──► being sent ──► taken: forgotten
//                   ▲            ├ no network, trouble there: tried again after 5 s, 10 s … 5 min
//                   └────────────┤ the token is not good: rests until the next sync or start
//                                └ refused: a warning in the log, and the next sync brings the account's back
//
// An asset goes whole, as it is when its turn comes, so several changes are one. What was made here has an id
// below 0 until the account has given it one. The list of what waits is kept over restarts.

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vm/assets/assets.hpp"
#include "vm/sync/sync_world.hpp"
#include "vm/sync/web_api.hpp"

namespace celeriac::vm {

/// Assets that wait to be sent; a change of a further one is not sent, and the log says so.
inline constexpr std::size_t max_outbox = 1000;
inline constexpr std::chrono::milliseconds outbox_pause{200};  ///< several changes of an asset come in a row
inline constexpr std::chrono::milliseconds first_outbox_retry{5'000};
inline constexpr std::chrono::milliseconds longest_outbox_retry{300'000};

class Outbox {
 public:
  using Emptied = std::move_only_function<void(protocol::Result<void>)>;

  /// `state` is what world.save_outbox() was given last. Follows the changes of the assets from now on.
  Outbox(SyncWorld& world, WebApi& api, Assets& assets, const std::string& state);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Sends all there is now, and answers when it is empty, or with what stands in the way.
  void flush(Emptied emptied);
  [[nodiscard]] bool waits(AssetKind kind, std::int64_t id) const { return places_.contains({kind, id}); }
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

  /// While one lives, changes are the account's own, and not sent back to it.
  class FromAccount {
   public:
    explicit FromAccount(Outbox& outbox) : outbox_(outbox) { ++outbox_.from_account_; }
    ~FromAccount() { --outbox_.from_account_; }
    FromAccount(const FromAccount&) = delete;
    FromAccount& operator=(const FromAccount&) = delete;

   private:
    Outbox& outbox_;
  };

 private:
  using Key = std::pair<AssetKind, std::int64_t>;

  void changed(Key key, bool is_gone);
  void read(const std::string& state);
  void save();
  void forget(Key key);
  void send_later(std::chrono::milliseconds time);
  void send();
  void answered(Key key, protocol::Result<nlohmann::json> answer);
  void taken(Key key, const nlohmann::json& answer);
  void blocked(const protocol::Error& error);
  void tell(const protocol::Result<void>& result);

  SyncWorld& world_;
  WebApi& api_;
  Assets& assets_;
  std::list<Key> waiting_;
  std::map<Key, std::list<Key>::iterator> places_;
  int from_account_ = 0;
  bool sending_ = false;
  bool changed_meanwhile_ = false;  ///< the asset that is being sent
  bool told_of_full_ = false;
  bool told_of_trouble_ = false;
  bool saving_ = false;
  std::chrono::milliseconds retry_ = first_outbox_retry;
  std::uint64_t timer_ = 0;  ///< serial of the latest
  std::vector<Emptied> flushing_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
