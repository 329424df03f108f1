#include "gateway/vm_link.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>
#include <utility>

#include "gateway/spawn.hpp"
#include "protocol/listener.hpp"
#include "protocol/payload.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::encode_id;
using protocol::Error;
using protocol::fail;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;
using protocol::Session;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Bytes of a blob in one request: a payload with room for the document around them.
constexpr std::size_t blob_chunk = 60'000;
/// Bytes of a blob in one answer.
constexpr std::size_t blob_answer = std::size_t{4} * 1024 * 1024;

std::unexpected<Error> vm_is_away() {
  return fail(Status::offline, "The VM cannot be reached at present.");
}

std::string payload(const protocol::Operation& operation, const Json& fields) {
  auto encoded = protocol::encode(operation, fields);
  return encoded ? std::move(*encoded)
                 : std::string();  // what does not encode is a defect: the VM will say so
}

Json binary(std::string_view bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}

}  // namespace

/// Somebody who waits in ask(); lives in its coroutine.
struct VmProcess::Waiter {
  Waiter(VmProcess& of, std::string token) : process(of), context(std::move(token)), timer(of.io_) {
    process.waiting_.emplace(context, this);
  }
  ~Waiter() { process.waiting_.erase(context); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void settle(Result<Incoming> with) {
    result = std::move(with);
    timer.cancel();
  }

  VmProcess& process;
  std::string context;
  asio::steady_timer timer;
  std::optional<Result<Incoming>> result;
};

VmProcess::VmProcess(asio::io_context& io, Identity identity, Handler handler)
    : io_(io), identity_(std::move(identity)), handler_(std::move(handler)) {}

void VmProcess::opened(SessionPointer session, std::uint16_t id) {
  session_ = std::move(session);
  id_ = id;
}

void VmProcess::lost() {
  session_ = nullptr;
  for (auto& [context, waiter] : waiting_)
    if (!waiter->result) waiter->settle(fail(Status::offline, "The VM went away before it answered."));
}

asio::awaitable<Result<Incoming>> VmProcess::ask(Outgoing message) {
  const auto self = shared_from_this();
  if (session_ == nullptr) co_return vm_is_away();
  if (waiting_.size() >= max_waiting)
    co_return fail(Status::overloaded,
                   std::format("{} waits for {} answers already.", identity_.name, max_waiting));
  Waiter waiter(*this, encode_id(id_) + std::to_string(next_context_++));
  message.context = waiter.context;
  const auto patience = std::chrono::milliseconds(message.expects.value_or(0)) + vm_grace;
  if (auto posted = co_await post("MESSAGE.SEND"_op, std::move(message)); !posted)
    co_return std::unexpected(std::move(posted.error()));
  if (!waiter.result) {
    waiter.timer.expires_after(patience);
    co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (waiter.result) co_return std::move(*waiter.result);
  co_return fail(Status::timeout, "The VM said nothing of the message, neither answer nor error.");
}

asio::awaitable<Result<void>> VmProcess::tell(Outgoing message) {
  const auto self = shared_from_this();
  co_return co_await post("MESSAGE.SEND"_op, std::move(message));
}

asio::awaitable<Result<void>> VmProcess::respond(const protocol::Item& request, Outgoing response) {
  const auto self = shared_from_this();
  if (request.request == 0) co_return Result<void>();
  response.request = request.request;
  co_return co_await post("MESSAGE.RESPOND"_op, std::move(response));
}

asio::awaitable<Result<std::uint16_t>> VmProcess::write_blob(Session& session, std::string_view bytes) {
  std::uint16_t handle = 0;
  do {
    const auto part = bytes.substr(0, blob_chunk);
    bytes.remove_prefix(part.size());
    Json fields{{"id", id_}, {"data", binary(part)}};
    if (handle != 0) fields["blob"] = handle;
    const auto written = co_await session.request("BLOB.WRITE"_op, payload("BLOB.WRITE"_op, fields));
    if (!written.ok()) co_return std::unexpected(written.error());
    handle = written.value;
  } while (!bytes.empty());
  co_return handle;
}

asio::awaitable<Result<std::string>> VmProcess::read_blob(Session& session, std::uint64_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const auto read = co_await session.request(
        "BLOB.READ"_op,
        payload("BLOB.READ"_op,
                {{"id", id_}, {"blob", 0}, {"offset", bytes.size()}, {"length", blob_answer}}));
    if (!read.ok()) co_return std::unexpected(read.error());
    if (read.data.empty()) break;
    bytes += read.data;
  }
  co_return bytes;
}

/// Sends what fits into one frame as it is, and the rest as blobs before.
asio::awaitable<Result<void>> VmProcess::post(const protocol::Operation& operation, Outgoing message) {
  const auto session = session_;
  if (session == nullptr) co_return vm_is_away();
  std::vector<std::uint16_t> handles;
  const auto as_blob = [&](std::string bytes, std::uint16_t& handle) -> asio::awaitable<Result<void>> {
    auto written = co_await write_blob(*session, bytes);
    if (!written) co_return std::unexpected(std::move(written.error()));
    handles.push_back(handle = *written);
    co_return Result<void>();
  };
  Result<void> done;
  if (message.blob_bytes && message.body.size() + message.blob_bytes->size() > protocol::max_inline_body) {
    done = co_await as_blob(std::move(*message.blob_bytes), message.blob);
    message.blob_bytes.reset();
  }
  if (done && message.body.size() > protocol::max_inline_body)
    done = co_await as_blob(std::exchange(message.body, {}), message.body_blob);
  if (done) {
    auto envelope = encode_id(id_) + protocol::encode(message);
    if (envelope.size() > protocol::max_payload)
      done = fail(Status::out_of_resources,
                  "The message has too much beside its body: its metadata is too long.");
    else if (const auto reply = co_await session->request(operation, std::move(envelope)); !reply.ok())
      done = std::unexpected(reply.error());
  }
  // What was sent is the VM's; what was not, nobody else would give back.
  if (!done)
    for (const auto handle : handles)
      session->request("BLOB.FREE"_op, payload("BLOB.FREE"_op, {{"id", id_}, {"blob", handle}}),
                       [](const auto&) {});
  co_return done;
}

asio::awaitable<void> VmProcess::receive(SessionPointer session) {
  const auto self = shared_from_this();
  while (session->open()) {
    const auto reply = co_await session->request("MESSAGE.RECEIVE"_op, encode_id(id_));
    if (session_ != session) co_return;
    if (!reply.ok()) {
      if (session->open())
        spdlog::warn("{} cannot receive: {} The connection to the VM is made anew.", identity_.name,
                     reply.error().message);
      break;
    }
    auto item = protocol::decode_item(reply.data);
    if (!item) {
      spdlog::warn("{} got an item that cannot be read: {}", identity_.name, item.error().message);
      continue;
    }
    Incoming incoming{std::move(*item), {}, false};
    if (incoming.blob && incoming.blob->size > 0) {
      incoming.blob_missing = true;
      if (incoming.blob->size <= max_blob_read) {
        if (auto bytes = co_await read_blob(*session, incoming.blob->size)) {
          incoming.blob_bytes = std::move(*bytes);
          incoming.blob_missing = incoming.blob_bytes.size() != incoming.blob->size;
        }
      }
    }
    deliver(std::move(incoming));
  }
  session->close();
}

void VmProcess::deliver(Incoming item) {
  if (item.type == protocol::ItemType::request) return handler_(std::move(item));
  const auto waiter = item.context ? waiting_.find(*item.context) : waiting_.end();
  if (waiter == waiting_.end() || waiter->second->result) return;  // nobody waits any more
  waiter->second->settle(std::move(item));
}

VmLink::VmLink(asio::io_context& io, std::filesystem::path socket)
    : io_(io), socket_(std::move(socket)), timer_(io) {}

std::shared_ptr<VmProcess> VmLink::add(VmProcess::Identity identity, VmProcess::Handler handler) {
  return processes_.emplace_back(std::make_shared<VmProcess>(io_, std::move(identity), std::move(handler)));
}

void VmLink::on_up(std::function<void()> handler) {
  up_handlers_.push_back(std::move(handler));
}

void VmLink::start() {
  spawn(io_, "the connection to the VM", [](std::shared_ptr<VmLink> self) -> asio::awaitable<void> {
    co_await self->run();
  }(shared_from_this()));
}

void VmLink::stop() {
  stopped_ = true;
  timer_.cancel();
  for (const auto& process : processes_) process->handler_ = [](const Incoming&) {};
  if (session_) session_->close();
}

asio::awaitable<Result<void>> VmLink::open(const std::shared_ptr<Session>& session) {
  const auto hello = co_await session->request(
      "SYS.HELLO"_op, payload("SYS.HELLO"_op, {{"protocol", 1}, {"client", "gateway"}}));
  if (!hello.ok()) co_return std::unexpected(hello.error());
  for (const auto& process : processes_) {
    Json fields{{"name", process->identity().name}};
    if (!process->identity().path.empty()) fields["path"] = process->identity().path;
    const auto opened = co_await session->request("MESSAGE.OPEN"_op, payload("MESSAGE.OPEN"_op, fields));
    if (!opened.ok()) {
      auto error = opened.error();
      error.message =
          std::format("{} cannot be opened on the VM: {}", process->identity().name, error.message);
      co_return std::unexpected(std::move(error));
    }
    process->opened(session, opened.value);
  }
  co_return Result<void>();
}

asio::awaitable<void> VmLink::run() {
  auto retry = first_retry;
  std::string last_trouble;
  while (!stopped_) {
    Result<void> opened;
    if (auto session = protocol::connect_unix(io_, socket_, nullptr)) {
      session_ = *session;
      opened = co_await open(session_);
    } else {
      opened = std::unexpected(std::move(session.error()));
    }
    if (opened && !stopped_) {
      up_ = true;
      retry = first_retry;
      if (!last_trouble.empty()) spdlog::info("The VM is there.");
      last_trouble.clear();
      for (const auto& process : processes_) spawn(io_, process->identity().name, process->receive(session_));
      for (const auto& handler : up_handlers_) handler();
      timer_.expires_at(asio::steady_timer::time_point::max());
      session_->on_closed([self = shared_from_this()] { self->timer_.cancel(); });
      while (session_->open() && !stopped_) co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
      up_ = false;
      last_trouble = "The connection to the VM has ended.";
      if (!stopped_) spdlog::warn("{}", last_trouble);
    } else if (!opened && opened.error().message != last_trouble) {
      last_trouble = opened.error().message;
      spdlog::warn("No VM yet: {}", last_trouble);
    }
    for (const auto& process : processes_) process->lost();
    if (session_) std::exchange(session_, nullptr)->close();
    if (stopped_) break;
    timer_.expires_after(retry);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    retry = std::min(retry * 2, last_retry);
  }
}

}  // namespace celeriac::gateway
