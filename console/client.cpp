#include "console/client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <cerrno>
#include <format>
#include <map>

#include "protocol/listener.hpp"
#include "protocol/payload.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;
using protocol::Status;

namespace {

Error was_interrupted() {
  return {.status = Status::cancelled, .message = "Interrupted.", .code = interrupted_code};
}

/// Waits for a timer that somebody else may end: true when the time is over or somebody ended it, false when
/// the coroutine was cancelled.
asio::awaitable<bool> over(asio::steady_timer& timer, const bool& done) {
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !error || done;
}

/// A socket that somebody listens on and that this user may not use.
bool is_closed_to_us(const Target& target) {
  return !target.socket.empty() &&
         ::faccessat(AT_FDCWD, target.socket.c_str(), R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES;
}

}  // namespace

std::string Target::place() const {
  return socket.empty() ? std::format("{}:{}", host, port) : socket.string();
}

std::chrono::seconds patience(const Operation& operation) {
  // Beside motion: what ends when a process or a time does, and what waits in the board's queue behind a
  // move.
  static const Operation* const patient[] = {
      &"PROC.PAUSE"_op,        &"PROC.STEP"_op,         &"PROC.WAIT"_op,           &"SYS.WAIT"_op,
      &"SYS.SLEEP"_op,         &"SYS.SYNC"_op,          &"SYS.TAKE_PHOTO"_op,      &"SYS.READ_PIN"_op,
      &"SYS.WRITE_PIN"_op,     &"SYS.TOGGLE_PIN"_op,    &"SYS.SET_PIN_IO_MODE"_op, &"SYS.SET_SERVO_ANGLE"_op,
      &"SYS.CONFIG_UPDATE"_op, &"PACKAGE.INSPECT"_op,   &"PACKAGE.INSTALL"_op,     &"PACKAGE.REMOVE"_op,
      &"MESSAGE.AWAIT"_op,     &"IMAGE.IMPORT"_op,      &"IMAGE.INSTANTIATE"_op,   &"IMAGE.EXPORT"_op,
      &"IMAGE.CHECK"_op,       &"IMAGE.COMPACT"_op,     &"SYS.REBOOT"_op,          &"SYS.POWER_OFF"_op,
      &"SYS.CHECK_UPDATES"_op, &"SYS.FACTORY_RESET"_op, &"SYS.FLASH_FIRMWARE"_op};
  if (operation.motion || std::ranges::contains(patient, &operation)) return patient_answer;
  return prompt_answer;
}

Error nobody_answers(const Target& target) {
  const bool local = !target.socket.empty();
  Error error{.status = Status::offline, .code = unreachable_code};
  error.details["place"] = target.place();
  if (is_closed_to_us(target)) {
    error.message = std::format(
        "This user may not use {}: `celeriac doctor` says which group may. On an installed host it is "
        "celeriac: `sudo usermod -aG celeriac $USER`, then log out and in again.",
        target.place());
    return error;
  }
  error.message = std::format(
      "Nobody answers on {}: {}", target.place(),
      local ? "start the host with `celeriac up --simulate` (or `celeriac up` with a board), or name "
              "its directory with --dir."
            : "is the host up, and does it listen on TCP at that address?");
  return error;
}

struct Client::Inbound {
  protocol::Dispatcher dispatcher{protocol::Server::vm};
  std::map<std::uint16_t, Changed> watched = {};  // by register id; a person names them, so they are few
  std::map<std::string, std::uint16_t> ids = {};  // of those, by name
  std::function<void()> after_change = nullptr;

  Inbound() {
    dispatcher.on("REGISTER.SET"_op, [this](protocol::Request& request, protocol::Responder responder) {
      const auto found = watched.find(request.arguments.id());
      if (found == watched.end())
        return responder.fail({.status = Status::not_found, .message = "This register is not watched."});
      responder.ok();
      found->second(request.arguments.value("value"), request.arguments.integer("time"));
      if (after_change) after_change();
    });
  }
};

Client::Client(Target target) : target_(std::move(target)), inbound_(std::make_shared<Inbound>()) {}

Client::~Client() {
  inbound_->watched.clear();
  if (session_) session_->close();
}

asio::awaitable<Result<std::unique_ptr<Client>>> Client::connect(asio::io_context& io, Target target) {
  std::unique_ptr<Client> client(new Client(std::move(target)));
  const Target& to = client->target_;
  auto session = to.socket.empty()
                     ? protocol::connect_tcp(io, to.host, to.port, &client->inbound_->dispatcher)
                     : protocol::connect_unix(io, to.socket, &client->inbound_->dispatcher);
  if (!session) {
    if (session.error().status == Status::offline) co_return std::unexpected(nobody_answers(to));
    session.error().code = unreachable_code;
    co_return std::unexpected(std::move(session.error()));
  }
  client->session_ = std::move(*session);
  client->session_->on_closed([inbound = client->inbound_] {});
  Json hello{{"protocol", 1}, {"client", "celeriac"}};
  if (!to.token.empty()) hello["token"] = to.token;
  auto payload = protocol::encode("SYS.HELLO"_op, hello);
  if (!payload) co_return std::unexpected(std::move(payload.error()));
  if (!to.socket.empty()) {
    // On a unix socket the greeting only lends logs a name: nobody waits for it.
    client->session_->request("SYS.HELLO"_op, *payload, [](Reply) {});
    co_return client;
  }
  auto answer = co_await client->send("SYS.HELLO"_op, std::move(*payload), prompt_answer);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return client;
}

Error Client::lost() const {
  Error error{.status = Status::offline, .code = unreachable_code};
  error.message =
      std::format("{} closed the connection ({}): look at its log, then start it again with `celeriac up`.",
                  target_.who, target_.place());
  error.message[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(error.message[0])));
  return error;
}

asio::awaitable<Result<Reply>> Client::exchange(const Operation& operation, Send send,
                                                std::chrono::milliseconds patience) {
  struct Pending {
    asio::steady_timer timer;
    bool done = false;
    Reply reply = {};
  };
  auto pending = std::make_shared<Pending>(asio::steady_timer(session_->io(), patience));
  send(*session_, [pending](Reply reply) {
    pending->reply = std::move(reply);
    pending->done = true;
    pending->timer.cancel();
  });
  if (!co_await over(pending->timer, pending->done)) co_return std::unexpected(was_interrupted());
  if (!pending->done) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
    co_return protocol::fail(
        Status::timeout,
        std::format("{} did not answer {} within {} s: is it busy, or stuck? `celeriac status` tells, or "
                    "its log.",
                    target_.place(), operation.long_name, seconds));
  }
  if (pending->reply.ok()) co_return std::move(pending->reply);
  if (!session_->open() && pending->reply.data.empty()) co_return std::unexpected(lost());
  co_return std::unexpected(pending->reply.error());
}

asio::awaitable<Result<Reply>> Client::send(const Operation& operation, std::string payload,
                                            std::chrono::milliseconds patience) {
  co_return co_await exchange(
      operation,
      [&](protocol::Session& session, protocol::Session::Completion completion) {
        session.request(operation, payload, std::move(completion));
      },
      patience);
}

asio::awaitable<Result<Reply>> Client::send_on(protocol::Channel& channel, const Operation& operation,
                                               std::string payload, std::chrono::milliseconds patience) {
  co_return co_await exchange(
      operation,
      [&](protocol::Session& session, protocol::Session::Completion completion) {
        if (channel == protocol::emergency_channel)
          channel = session.request(operation, payload, std::move(completion));
        else
          session.request_on(channel, operation, payload, std::move(completion));
      },
      patience);
}

asio::awaitable<Result<Reply>> Client::send_urgent(const Operation& operation,
                                                   std::chrono::milliseconds patience) {
  co_return co_await exchange(
      operation,
      [&](protocol::Session& session, protocol::Session::Completion completion) {
        session.request_urgent(operation, {}, std::move(completion));
      },
      patience);
}

asio::awaitable<Result<Reply>> Client::call(const Operation& operation, const Json& fields) {
  auto payload = protocol::encode(operation, fields);
  if (!payload) co_return std::unexpected(std::move(payload.error()));
  co_return co_await send(operation, std::move(*payload), patience(operation));
}

asio::awaitable<Result<Json>> Client::ask(const Operation& operation, const Json& fields) {
  auto reply = co_await call(operation, fields);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return reply->document();
}

asio::awaitable<Result<std::uint16_t>> Client::open(const std::string& name) {
  auto opened = co_await call("REGISTER.NEW"_op, {{"name", name}});
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  co_return opened->value;
}

asio::awaitable<Result<Json>> Client::read(const std::string& name) {
  const auto id = co_await open(name);
  if (!id) co_return std::unexpected(id.error());
  auto document = co_await ask("REGISTER.READ"_op, {{"id", *id}});
  co_await call("REGISTER.RM"_op, {{"id", *id}});
  if (!document) co_return std::unexpected(std::move(document.error()));
  co_return document->value("value", Json());
}

asio::awaitable<Result<void>> Client::watch(const std::string& name, Changed changed) {
  const auto id = co_await open(name);
  if (!id) co_return std::unexpected(id.error());
  inbound_->ids[name] = *id;
  inbound_->watched[*id] = std::move(changed);  // before WATCH: the first change may overtake its answer
  auto watching = co_await call("REGISTER.WATCH"_op, {{"id", *id}});
  if (watching) co_return Result<void>();
  inbound_->watched.erase(*id);
  inbound_->ids.erase(name);
  co_return std::unexpected(std::move(watching.error()));
}

asio::awaitable<void> Client::unwatch(const std::string& name) {
  const auto found = inbound_->ids.find(name);
  if (found == inbound_->ids.end()) co_return;
  const std::uint16_t id = found->second;
  inbound_->ids.erase(found);
  // Changes that are on their way are still answered: the entry goes when the host knows.
  co_await call("REGISTER.RM"_op, {{"id", id}});
  inbound_->watched.erase(id);
}

asio::awaitable<Error> Client::ended(std::function<bool()> enough) {
  struct Pending {
    asio::steady_timer timer;
    bool done = false;
    void end() {
      done = true;
      timer.cancel();
    }
  };
  if (!session_->open() || enough()) co_return lost();
  auto pending = std::make_shared<Pending>(asio::steady_timer(session_->io(), patient_answer));
  session_->on_closed([pending] { pending->end(); });
  inbound_->after_change = [pending, enough] {
    if (enough()) pending->end();
  };
  const bool done = co_await over(pending->timer, pending->done);
  inbound_->after_change = nullptr;
  co_return done ? lost() : was_interrupted();
}

}  // namespace celeriac::console
