#include "vm/services/sync_service.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>

#include "vm/log_entry.hpp"

namespace celeriac::vm {

using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

constexpr const char* note_name = "outbox";

}  // namespace

SyncService::SyncService(boost::asio::io_context& io, Worker& worker, Image& image, Assets& assets,
                         CodeStore& store, protocol::Registers& registers, std::optional<Account> account)
    : io_(io), worker_(worker), image_(image), registers_(registers), shelf_(store) {
  status("sync_now");
  if (!account) return;
  if (account->server.starts_with("http://"))
    spdlog::warn("The web API {} is not secure: whoever listens on the way can take the token.",
                 account->server);
  api_ = std::make_unique<AccountApi>(io.get_executor(), worker, std::move(*account));
  const auto waiting = image_.note(note_name);
  if (!waiting)
    log("warn", 1, "Changes that wait to be sent are not known any more: " + waiting.error().message);
  outbox_ = std::make_unique<Outbox>(*this, *api_, assets, waiting.value_or(""));
  sync_ = std::make_unique<Sync>(*this, *api_, *outbox_, assets, shelf_);
  after(std::chrono::milliseconds(0), [this] { sync_->begin(); });
}

SyncService::~SyncService() = default;

void SyncService::run(Sync::Done done) {
  if (sync_) return sync_->run(std::move(done));
  done(protocol::fail(Status::wrong_state,
                      "No account is configured: start the VM with --web-api https://my.farm.bot and "
                      "--web-token-file FILE, a file with the answer of its /api/tokens."));
}

void SyncService::install(protocol::Dispatcher& dispatcher) {
  dispatcher.on("SYS.SYNC"_op, [this](Request&, Responder responder) {
    run([held = std::move(responder)](Result<nlohmann::json> result) mutable {
      if (result)
        held.document(*result);
      else
        held.fail(result.error());
    });
  });
}

void SyncService::after(std::chrono::milliseconds time, std::move_only_function<void()> then) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, time);
  timer->async_wait([timer, alive = std::weak_ptr(alive_),
                     then = std::move(then)](const boost::system::error_code&) mutable {
    if (!alive.expired()) then();
  });
}

void SyncService::log(std::string_view type, int verbosity, std::string message) {
  write_log(registers_, {{"type", type}, {"verbosity", verbosity}, {"message", std::move(message)}}, "sync");
}

void SyncService::status(std::string_view word) {
  registers_.publish("sync_status", word);
}

void SyncService::save_outbox(std::string text) {
  worker_.run([&image = image_, text = std::move(text)] { return image.set_note(note_name, text); },
              [](const Result<void>& kept) {
                if (!kept)
                  spdlog::error("What waits to be sent to the account cannot be noted: {}",
                                kept.error().message);
              });
}

}  // namespace celeriac::vm
