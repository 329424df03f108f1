#include "vm/hypervisor.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <format>
#include <utility>

#include "protocol/listener.hpp"

namespace celeriac::vm {

using protocol::Channel;
using protocol::Operation;
using protocol::Reply;
using protocol::Status;
using namespace protocol::literals;

namespace {

Reply reply_of(const protocol::Error& error) {
  return {.status = static_cast<std::uint16_t>(error.status), .data = protocol::to_bson(error.document())};
}

}  // namespace

Hypervisor::Hypervisor(boost::asio::io_context& io, std::filesystem::path socket)
    : io_(io), socket_(std::move(socket)), retry_(io), alive_timer_(io) {
  dispatcher_.on("REGISTER.SET"_op, [this](protocol::Request& request, protocol::Responder responder) {
    responder.ok();
    if (register_hook_) register_hook_(request.arguments.id(), request.arguments.value("value"));
  });
}

Hypervisor::~Hypervisor() {
  alive_.reset();
  if (session_) session_->close();
}

// ---- the link ------------------------------------------------------------------------------------

void Hypervisor::start() {
  connect();
}

void Hypervisor::connect() {
  auto session = protocol::connect_unix(io_, socket_, &dispatcher_);
  if (session) return connected(std::move(*session));
  if (pause_ == first_retry)
    spdlog::info("{} The VM keeps trying; steps that need the bot are refused.", session.error().message);
  retry_.expires_after(pause_);
  pause_ = std::min(pause_ * 2, longest_retry);
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) connect();
  });
}

void Hypervisor::connected(std::shared_ptr<protocol::Session> session) {
  session_ = std::move(session);
  session_->on_closed([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) disconnected();
  });
  const auto hello = protocol::encode("SYS.HELLO"_op, {{"protocol", 1}, {"client", "celeriac-vm"}});
  session_->request("SYS.HELLO"_op, hello.value(), [this, alive = std::weak_ptr(alive_)](Reply reply) {
    if (alive.expired() || !reply.ok()) return;
    pause_ = first_retry;  // it really speaks the protocol
    spdlog::info("the hypervisor is connected");
  });
  for (const auto& hook : link_hooks_) hook(true);
  begin_keeping_alive();
}

void Hypervisor::begin_keeping_alive() {
  asked_ = true;
  if (!std::exchange(keeping_alive_, true)) keep_alive();
}

void Hypervisor::keep_alive() {
  if (!connected()) return;
  asked_ = false;
  session_->request("SYS.KEEP_ALIVE"_op, {}, [this, alive = std::weak_ptr(alive_)](Reply reply) {
    if (alive.expired() || !reply.ok() || reply.value != 0 || asked_) return;
    keeping_alive_ = false;
    alive_timer_.cancel();
  });
  alive_timer_.expires_after(keep_alive_period);
  alive_timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired() && keeping_alive_) keep_alive();
  });
}

void Hypervisor::disconnected() {
  session_.reset();
  keeping_alive_ = false;
  alive_timer_.cancel();
  spdlog::warn("the hypervisor is gone: whatever was asked of the bot failed with \"offline\"");
  // Their completions have run with `offline` by now; those that wait behind them follow.
  auto queued = std::move(queued_);
  queued_.clear();
  for (auto& [handle, waiting] : queued) waiting.completion(offline());
  for (const auto& hook : link_hooks_) hook(false);
  retry_.expires_after(pause_);
  pause_ = std::min(pause_ * 2, longest_retry);
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) connect();
  });
}

Reply Hypervisor::offline() const {
  return reply_of(
      {.status = Status::offline,
       .message = std::format("The hypervisor is not connected, so nothing can be asked of the bot: is "
                              "celeriac-hal running, and does it listen on {}?",
                              socket_.string())});
}

void Hypervisor::refuse(Completion completion) {
  boost::asio::post(io_, [completion = std::move(completion), reply = offline()]() mutable {
    completion(std::move(reply));
  });
}

// ---- operations of processes ---------------------------------------------------------------------

std::uint64_t Hypervisor::operate(const Operation& operation, std::string_view payload, std::uint64_t holder,
                                  Completion completion) {
  static const Operation& stop = "SYS.EMERGENCY_LOCK"_op;
  const auto handle = ++last_handle_;
  if (!connected()) {
    refuse(std::move(completion));
  } else if (&operation == &stop) {
    send_urgent(operation, payload, std::move(completion));
  } else if (in_flight_.size() < operation_window) {
    launch(handle, operation, protocol::with_holder(operation, payload, holder), std::move(completion));
  } else {
    queued_.emplace(
        handle, Queued{&operation, protocol::with_holder(operation, payload, holder), std::move(completion)});
  }
  return handle;
}

void Hypervisor::launch(std::uint64_t handle, const Operation& operation, std::string_view payload,
                        Completion completion) {
  auto& flight = in_flight_[handle];
  flight.completion = std::move(completion);
  flight.channel =
      session_->request(operation, payload, [this, handle, alive = std::weak_ptr(alive_)](Reply reply) {
        if (!alive.expired()) landed(handle, std::move(reply));
      });
  begin_keeping_alive();
}

void Hypervisor::landed(std::uint64_t handle, Reply reply) {
  const auto found = in_flight_.find(handle);
  auto completion = std::move(found->second.completion);
  in_flight_.erase(found);
  if (connected() && !queued_.empty()) {
    auto next = queued_.extract(queued_.begin());
    launch(next.key(), *next.mapped().operation, next.mapped().payload, std::move(next.mapped().completion));
  }
  if (!completion) return;
  if (reply.status == static_cast<std::uint16_t>(Status::offline) && reply.data.empty()) reply = offline();
  completion(std::move(reply));
}

void Hypervisor::abort(std::uint64_t handle) {
  if (const auto flying = in_flight_.find(handle); flying != in_flight_.end())
    return abort(flying->second.channel);
  auto waiting = queued_.extract(handle);
  if (waiting.empty()) return;
  waiting.mapped().completion(
      reply_of({.status = Status::cancelled, .message = "It was cancelled before it began."}));
}

void Hypervisor::abandon(std::uint64_t handle) {
  queued_.erase(handle);
  if (const auto flying = in_flight_.find(handle); flying != in_flight_.end())
    flying->second.completion = nullptr;
}

// ---- beside the window ---------------------------------------------------------------------------

Channel Hypervisor::send(const Operation& operation, std::string_view payload, std::uint64_t holder,
                         Completion completion) {
  if (!connected()) {
    refuse(std::move(completion));
    return protocol::emergency_channel;
  }
  const auto channel = session_->request(
      operation, holder == 0 ? std::string(payload) : protocol::with_holder(operation, payload, holder),
      [this, alive = std::weak_ptr(alive_), completion = std::move(completion)](Reply reply) mutable {
        if (alive.expired()) return;
        if (reply.status == static_cast<std::uint16_t>(Status::offline) && reply.data.empty())
          reply = offline();
        completion(std::move(reply));
      });
  begin_keeping_alive();
  return channel;
}

void Hypervisor::release(std::uint64_t holder, bool keep_outputs) {
  static const Operation& operation = "SYS.RELEASE"_op;
  const auto payload = protocol::encode(operation, {{"keep_outputs", keep_outputs}});
  send(operation, payload.value(), holder, [](Reply) {});
}

void Hypervisor::send_urgent(const Operation& operation, std::string_view payload, Completion completion) {
  if (!connected()) return refuse(std::move(completion));
  session_->request_urgent(operation, payload, std::move(completion));
}

void Hypervisor::abort(Channel channel) {
  if (!connected() || channel == protocol::emergency_channel) return;
  const auto payload = protocol::encode("SYS.ABORT"_op, {{"channel", static_cast<std::uint16_t>(channel)}});
  session_->request("SYS.ABORT"_op, payload.value(), [](Reply) {});
}

}  // namespace celeriac::vm
