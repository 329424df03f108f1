#include "tests/gateway/fake_vm.hpp"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>

#include "protocol/document.hpp"

namespace celeriac::gateway::testing {

namespace asio = boost::asio;
using protocol::Failure;
using protocol::ItemType;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Status;
using namespace protocol::literals;

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-gateway-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path = name;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

struct FakeVm::Process {
  std::uint16_t id = 0;
  std::string name, path;
  std::weak_ptr<protocol::Session> session;
  std::deque<Mail> mailbox;
  std::optional<Responder> receiving;
  std::string current_blob;
  std::map<std::uint16_t, std::string> blobs;
  std::uint16_t last_blob = 0;
};

FakeVm::FakeVm(asio::io_context& io, std::filesystem::path socket)
    : io_(io), socket_(std::move(socket)), dispatcher_(protocol::Server::vm) {
  serve();
  listen();
}

void FakeVm::listen() {
  auto listener = protocol::Listener::on_unix(io_, socket_, dispatcher_);
  REQUIRE(listener);
  listener_ = std::move(*listener);
}

void FakeVm::play(const std::string& id, Answer answer, const std::string& path) {
  played_[id] = {std::move(answer), path};
}

void FakeVm::drop() {
  for (const auto& weak : sessions_)
    if (const auto session = weak.lock()) session->close();
  sessions_.clear();
  processes_.clear();
}

bool FakeVm::open(const std::string& name) const {
  for (const auto& [id, process] : processes_)
    if (process->name == name && !process->session.expired()) return true;
  return false;
}

std::size_t FakeVm::blobs_kept() const {
  std::size_t count = 0;
  for (const auto& [id, process] : processes_) count += process->blobs.size();
  return count;
}

FakeVm::ProcessPointer FakeVm::find(const std::string& name_or_path) {
  const auto at = name_or_path.find('@');
  const auto name = at == std::string::npos ? name_or_path : name_or_path.substr(at + 1);
  for (const auto& [id, process] : processes_)
    if (process->name == name || (!process->path.empty() && process->path == name)) return process;
  return nullptr;
}

FakeVm::ProcessPointer FakeVm::of(const Request& request) const {
  const auto at = processes_.find(request.arguments.id());
  return at == processes_.end() || at->second->session.lock() != request.session ? nullptr : at->second;
}

void FakeVm::serve() {
  const auto for_process = [this](const protocol::Operation& operation, auto serve) {
    dispatcher_.on(operation, [this, serve](Request& request, Responder responder) {
      const auto process = of(request);
      if (!process) return responder.fail({.status = Status::not_found, .message = "No such process."});
      serve(process, request, std::move(responder));
    });
  };
  dispatcher_.on("MESSAGE.OPEN"_op, [this](Request& request, Responder responder) {
    auto process = std::make_shared<Process>();
    process->name = request.arguments.string("name");
    process->path = request.arguments.string("path");
    if (find(process->name))
      return responder.fail({.status = Status::wrong_state, .message = "The name is taken."});
    process->id = ++last_id_;
    process->session = request.session;
    processes_[process->id] = process;
    sessions_.push_back(request.session);
    request.session->on_closed([this, id = process->id] { processes_.erase(id); });
    responder.ok(process->id);
  });
  for_process("MESSAGE.RECEIVE"_op, [this](const ProcessPointer& process, Request&, Responder responder) {
    REQUIRE_FALSE(process->receiving);
    process->receiving = std::move(responder);
    flush(*process);
  });
  for_process("MESSAGE.SEND"_op,
              [this](const ProcessPointer& process, Request& request, Responder responder) {
                auto message = protocol::decode_outgoing(request.arguments.text());
                if (!message) return responder.fail(message.error());
                route(process, std::move(*message), std::move(responder));
              });
  for_process("MESSAGE.RESPOND"_op,
              [this](const ProcessPointer& process, Request& request, Responder responder) {
                auto message = protocol::decode_outgoing(request.arguments.text());
                if (!message) return responder.fail(message.error());
                auto blob = take_blobs(*process, *message);
                Item item;
                static_cast<protocol::Content&>(item) = *message;
                item.type = ItemType::response;
                item.source = "test.os@" + process->name;
                if (message->has_blob()) item.blob = protocol::BlobInfo{message->mime, blob.size()};
                settle(message->request, std::move(item), std::move(blob));
                responder.ok();
              });
  for_process("BLOB.WRITE"_op, [](const ProcessPointer& process, Request& request, Responder responder) {
    auto handle = static_cast<std::uint16_t>(request.arguments.integer("blob"));
    if (handle == 0) handle = ++process->last_blob;
    const auto& data = request.arguments.value("data").get_binary();
    process->blobs[handle].append(data.begin(), data.end());
    responder.ok(handle);
  });
  for_process("BLOB.READ"_op, [](const ProcessPointer& process, Request& request, Responder responder) {
    REQUIRE(request.arguments.integer("blob") == 0);
    const auto offset = static_cast<std::size_t>(request.arguments.integer("offset"));
    const auto length = static_cast<std::size_t>(request.arguments.integer("length"));
    if (offset > process->current_blob.size())
      return responder.fail({.status = Status::not_found, .message = "No such byte."});
    responder.forward({.data = process->current_blob.substr(offset, length)});
  });
  for_process("BLOB.FREE"_op, [](const ProcessPointer& process, Request& request, Responder responder) {
    process->blobs.erase(static_cast<std::uint16_t>(request.arguments.integer("blob")));
    responder.ok();
  });
}

std::string FakeVm::take_blobs(Process& process, Outgoing& message) {
  const auto take = [&](std::uint16_t handle) { return std::move(process.blobs.extract(handle).mapped()); };
  if (message.body_blob != 0) message.body = take(message.body_blob);
  if (message.blob != 0) return take(message.blob);
  return message.blob_bytes.value_or("");
}

std::uint64_t FakeVm::expect(Outstanding outstanding, std::int64_t milliseconds) {
  const auto request = ++last_request_;
  outstanding.timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(milliseconds));
  outstanding.timer->async_wait([this, request](const boost::system::error_code& error) {
    if (!error) fail(request, Failure::timeout);
  });
  outstanding_.emplace(request, std::move(outstanding));
  return request;
}

void FakeVm::settle(std::uint64_t request, Item item, std::string blob) {
  const auto at = outstanding_.find(request);
  if (at == outstanding_.end()) return;
  auto outstanding = std::move(at->second);
  outstanding_.erase(at);
  outstanding.timer->cancel();
  item.context = outstanding.context;
  item.target = outstanding.target;
  if (outstanding.done) return outstanding.done(item, blob);
  if (const auto requester = outstanding.requester.lock())
    deliver(requester, {std::move(item), std::move(blob)});
}

void FakeVm::fail(std::uint64_t request, Failure failure) {
  Item item;
  item.type = ItemType::error;
  item.failure = failure;
  item.explanation = "It failed.";
  settle(request, std::move(item), {});
}

void FakeVm::deliver(const ProcessPointer& process, Mail mail) {
  process->mailbox.push_back(std::move(mail));
  flush(*process);
}

void FakeVm::flush(Process& process) {
  if (!process.receiving || process.mailbox.empty()) return;
  auto mail = std::move(process.mailbox.front());
  process.mailbox.pop_front();
  process.current_blob = std::move(mail.blob);
  auto responder = std::move(*process.receiving);
  process.receiving.reset();
  responder.forward({.data = protocol::encode(mail.item)});
}

void FakeVm::route(const ProcessPointer& from, Outgoing message, Responder responder) {
  auto blob = take_blobs(*from, message);
  const auto at = message.to.find('@');
  const auto target = at == std::string::npos ? message.to : message.to.substr(at + 1);
  auto found = played_.find(target);
  if (found == played_.end())
    found = std::ranges::find_if(played_, [&](const auto& each) { return each.second.path == target; });
  std::uint64_t request = 0;
  if (message.expects)
    request =
        expect({.requester = from, .done = {}, .context = message.context, .target = message.to, .timer = {}},
               *message.expects);
  if (found == played_.end()) {
    if (!message.expects)
      return responder.fail({.status = Status::not_found, .message = "There is no " + target + "."});
    responder.ok();
    return fail(request, Failure::no_target);
  }
  responder.ok();
  Item item;
  static_cast<protocol::Content&>(item) = message;
  item.source = "test.os@" + from->name;
  item.source_path = from->path;
  item.request = request;
  item.expects = message.expects;
  if (message.has_blob()) item.blob = protocol::BlobInfo{message.mime, blob.size()};
  heard.push_back({item, blob, target});
  auto answer = found->second.answer(item, blob);
  if (!answer || request == 0) return;
  Item response;
  static_cast<protocol::Content&>(response) = *answer;
  response.type = ItemType::response;
  response.source = "test.os@" + found->first;
  auto bytes = answer->blob_bytes.value_or("");
  if (answer->blob_bytes) response.blob = protocol::BlobInfo{answer->mime, bytes.size()};
  settle(request, std::move(response), std::move(bytes));
}

void FakeVm::send(const std::string& from, Outgoing message, Done done) {
  const auto target = find(message.to);
  REQUIRE(target);
  Item item;
  static_cast<protocol::Content&>(item) = message;
  item.source = "test.os@" + from;
  if (const auto at = played_.find(from); at != played_.end()) item.source_path = at->second.path;
  item.expects = message.expects;
  if (done)
    item.request =
        expect({.requester = {}, .done = std::move(done), .context = {}, .target = message.to, .timer = {}},
               message.expects.value_or(10'000));
  auto blob = message.blob_bytes.value_or("");
  if (message.blob_bytes) item.blob = protocol::BlobInfo{message.mime, blob.size()};
  deliver(target, {std::move(item), std::move(blob)});
}

std::pair<Item, std::string> FakeVm::ask(const std::string& from, Outgoing message) {
  std::optional<std::pair<Item, std::string>> answer;
  send(from, std::move(message),
       [&](const Item& item, const std::string& blob) { answer.emplace(item, blob); });
  run_until(io_, [&] { return answer.has_value(); });
  return std::move(*answer);
}

void run_until(asio::io_context& io, const std::function<bool()>& met, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  io.restart();
  while (!met()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    io.run_one_for(std::chrono::milliseconds(100));
  }
}

}  // namespace celeriac::gateway::testing
