// estop, unlock, abort.

#include <CLI/App.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <format>
#include <memory>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Reply;
using protocol::Result;

namespace {

/// The board's confirmation is in it: some 100 ms where all is well. The stop itself goes out at once.
constexpr std::chrono::seconds stop_patience{5};

asio::awaitable<Result<Reply>> stop(asio::io_context& io, Target target) {
  const auto client = co_await Client::connect(io, std::move(target));
  if (!client) co_return std::unexpected(client.error());
  co_return co_await (*client)->send_urgent("SYS.EMERGENCY_LOCK"_op, stop_patience);
}

/// A stop that goes out now, while another one is awaited.
class Beside {
 public:
  Beside(asio::io_context& io, Target target)
      : state_(std::make_shared<State>(asio::steady_timer(io, stop_patience))) {
    asio::co_spawn(io, stop(io, std::move(target)),
                   [state = state_](const std::exception_ptr& defect, Result<Reply> reply) {
                     if (!defect) state->reply = std::move(reply);
                     state->done = true;
                     state->timer.cancel();
                   });
  }

  asio::awaitable<Result<Reply>> answer() {
    if (!state_->done) co_await state_->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return state_->reply;
  }

 private:
  struct State {
    asio::steady_timer timer;
    bool done = false;
    Result<Reply> reply = protocol::fail(protocol::Status::timeout, "There was no answer in time.");
  };
  std::shared_ptr<State> state_;
};

/// Asks everybody who can stop the machine, all at the same time: one may be gone or stuck. One yes is
/// enough.
asio::awaitable<Exit> emergency_stop(Context& context) {
  auto& io = context.world().io;
  std::vector<std::pair<std::string, Result<Reply>>> answers;
  if (context.remote()) {
    auto target = context.target();
    if (!target) co_return context.failed(target.error());
    answers.emplace_back("host", co_await stop(io, *target));
  } else {
    Beside through_vm(io, context.vm());
    answers.emplace_back("hypervisor", co_await stop(io, context.hypervisor()));
    answers.emplace_back("VM", co_await through_vm.answer());
  }
  Json result{{"operation", "SYS.EMERGENCY_LOCK"}, {"ok", false}, {"answers", Json::object()}};
  std::string confirmed;
  for (const auto& [who, answer] : answers) {
    result["answers"][who] = answer ? Json("ok") : answer.error().document();
    if (!answer) continue;
    result["ok"] = true;
    confirmed += (confirmed.empty() ? "" : " and the ") + who;
  }
  if (!confirmed.empty())
    co_return context.done(
        result, std::format("stopped and locked, says the {}; `celeriac unlock` ends the lock", confirmed));
  protocol::Error error = answers.front().second.error();
  error.message = "NOT STOPPED, cut the power if you have to. " + error.message;
  co_return context.failed(error);
}

}  // namespace

Action declare_estop(CLI::App&) {
  return [](Context& context) { return emergency_stop(context); };
}

Action declare_unlock(CLI::App&) {
  return [](Context& context) {
    return perform(context, "SYS.EMERGENCY_UNLOCK"_op, Json::object(), "unlocked");
  };
}

Action declare_abort(CLI::App&) {
  return [](Context& context) {
    return perform(context, "SYS.ABORT"_op, Json::object(), "aborted: no move is in progress any more");
  };
}

}  // namespace celeriac::console
