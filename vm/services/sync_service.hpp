#pragma once
// SYS.SYNC and the register `sync_status`: the account's web API, where one is configured.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/registers.hpp"
#include "vm/assets/assets.hpp"
#include "vm/image/image.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sync/account.hpp"
#include "vm/sync/code_shelf.hpp"
#include "vm/sync/outbox.hpp"
#include "vm/sync/sync.hpp"
#include "vm/sync/sync_world.hpp"
#include "vm/sync/web_api.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class SyncService final : public SyncWorld {
 public:
  /// Without an account every sync is refused with a sentence that says how to have one.
  SyncService(boost::asio::io_context& io, Worker& worker, Image& image, Assets& assets, CodeStore& store,
              protocol::Registers& registers, std::optional<Account> account);
  ~SyncService() override;
  SyncService(const SyncService&) = delete;
  SyncService& operator=(const SyncService&) = delete;

  /// Serves SYS.SYNC of clients.
  void install(protocol::Dispatcher& dispatcher);
  /// Fetches everything; with an account, the first time at the start.
  void run(Sync::Done done);
  /// nullptr: there is none.
  [[nodiscard]] const Account* account() const noexcept { return api_ ? &api_->account() : nullptr; }
  /// The account's API, for those who ask it themselves; nullptr: there is none.
  [[nodiscard]] WebApi* api() noexcept { return api_.get(); }

  void after(std::chrono::milliseconds time, std::move_only_function<void()> then) override;
  void log(std::string_view type, int verbosity, std::string message) override;
  void status(std::string_view word) override;
  void save_outbox(std::string text) override;

 private:
  boost::asio::io_context& io_;
  Worker& worker_;
  Image& image_;
  protocol::Registers& registers_;
  CodeShelf shelf_;
  std::unique_ptr<AccountApi> api_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Sync> sync_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // timers may outlive us
};

}  // namespace celeriac::vm
