#pragma once
// A whole VM on real sockets, with a hypervisor that the test plays.

#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/listener.hpp"
#include "protocol/registers.hpp"
#include "tests/vm/sequences.hpp"
#include "vm/vm.hpp"

namespace celeriac::vm::testing {

using protocol::Json;
using protocol::Reply;
using protocol::Status;
using namespace protocol::literals;

/// The hypervisor: holds every operation until the test answers it.
class FakeHypervisor {
 public:
  struct Held {
    const protocol::Operation* operation;
    Json fields;
    protocol::Channel channel;
    protocol::Responder responder;
    std::uint64_t holder;
  };
  struct Release {
    std::uint64_t holder;
    bool keep_outputs;
    bool operator==(const Release&) const = default;
  };
  std::deque<Held> held;
  std::vector<Release> releases;
  int keep_alives = 0;
  bool holds_something = false;    ///< as keep-alives are answered
  std::vector<std::string> heard;  ///< operations, in order
  std::vector<Json> aborts;
  bool answer_at_once = false;
  protocol::Registers registers;

  FakeHypervisor(boost::asio::io_context& io, const std::filesystem::path& socket)
      : io_(io),
        acceptor_(io, boost::asio::local::stream_protocol::endpoint(socket.string())),
        socket_(socket) {
    registers.publish("locked", false);
    registers.publish("position", Json{{"x", 1}, {"y", 2}, {"z", 3}});
    registers.publish("pins.8", 1);
    registers.append("photos", nullptr);
    registers.publish("status", Json{{"busy", false}});
    registers.install(dispatcher_);
    for (const auto& operation : protocol::operations()) {
      if (operation.server != protocol::Server::hypervisor || !operation.available) continue;
      dispatcher_.on(operation, [this](protocol::Request& request, protocol::Responder responder) {
        if (request.operation.wire == "ALIVE") {
          ++keep_alives;
          return responder.ok(holds_something ? 1 : 0);
        }
        heard.emplace_back(request.operation.long_name);
        if (request.operation.wire == "RELSE") {
          releases.push_back({request.arguments.holder(), request.arguments.number("keep_outputs") != 0});
          return responder.ok();
        }
        if (request.operation.wire == "ABORT") {
          aborts.push_back(request.arguments.fields());
          return responder.ok();
        }
        if (request.operation.wire == "STATU") return responder.document({{"busy", false}});
        if (answer_at_once || request.operation.wire == "ESTOP") return responder.ok(7);
        held.push_back({&request.operation, request.arguments.fields(), request.channel, std::move(responder),
                        request.arguments.holder()});
      });
    }
    accept();
  }
  /// Gone: its streams end at once, its socket's file too.
  ~FakeHypervisor() {
    acceptor_.close();
    std::filesystem::remove(socket_);
    for (const auto& session : sessions_) session->close();
    io_.restart();
    io_.poll();
  }
  Held take() {
    Held first = std::move(held.front());
    held.pop_front();
    return first;
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, auto socket) {
      if (error) return;
      sessions_.push_back(protocol::Session::start(
          io_, protocol::Stream::of_socket(io_, socket.release()),
          {.transport = protocol::Transport::unix_socket, .name = "vm"}, &dispatcher_));
      accept();
    });
  }

  boost::asio::io_context& io_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path socket_;
  protocol::Dispatcher dispatcher_{protocol::Server::hypervisor};
  std::vector<std::shared_ptr<protocol::Session>> sessions_;
};

class House {
 public:
  explicit House(bool with_hypervisor = true) {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-vm-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    if (with_hypervisor) start_hypervisor();
    start_vm();
    client = connect();
  }
  ~House() {
    hang_up();
    listener.reset();
    hypervisor.reset();
    vm.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  boost::asio::io_context io;
  std::filesystem::path directory;
  std::unique_ptr<FakeHypervisor> hypervisor;
  std::unique_ptr<Vm> vm;
  std::unique_ptr<protocol::Listener> listener;
  std::shared_ptr<protocol::Session> client;

  void start_hypervisor() { hypervisor = std::make_unique<FakeHypervisor>(io, directory / "hal.sock"); }
  void start_vm() {
    vm = Vm::open(io, {.directory = directory, .hypervisor = directory / "hal.sock"}).value();
    listener = protocol::Listener::on_unix(io, directory / "vm.sock", vm->dispatcher()).value();
  }
  void stop_vm() {
    hang_up();
    listener.reset();
    vm.reset();
  }
  /// Ends the client's stream, and lets the VM notice.
  void hang_up() {
    if (client) client->close();
    client.reset();
    for (int round = 0; round < 10; ++round) {
      io.restart();
      io.poll();
    }
  }
  std::shared_ptr<protocol::Session> connect(const protocol::Dispatcher* dispatcher = nullptr) {
    return protocol::connect_unix(io, directory / "vm.sock", dispatcher).value();
  }

  /// Runs the loop until it is true; fails the test after a long time.
  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    io.restart();
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      io.restart();
      io.run_one_for(std::chrono::milliseconds(100));
    }
  }

  std::shared_ptr<std::optional<Reply>> send(const protocol::Operation& operation,
                                             const Json& fields = Json::object()) {
    auto reply = std::make_shared<std::optional<Reply>>();
    last_channel = client->request(operation, protocol::encode(operation, fields).value(),
                                   [reply](Reply given) { *reply = std::move(given); });
    return reply;
  }
  Reply ask(const protocol::Operation& operation, const Json& fields = Json::object()) {
    const auto reply = send(operation, fields);
    until([&] { return reply->has_value(); });
    return **reply;
  }
  Status status(const protocol::Operation& operation, const Json& fields = Json::object()) {
    return Status{ask(operation, fields).status};
  }
  Reply ask_on(protocol::Channel channel, const protocol::Operation& operation, std::string_view payload) {
    std::optional<Reply> reply;
    client->request_on(channel, operation, payload, [&](Reply given) { reply = std::move(given); });
    until([&] { return reply.has_value(); });
    return *reply;
  }
  /// Sends a sequence in two chunks and closes it; the reply of CLOSE, and the code's id.
  Reply submit(const Json& document, std::uint16_t& id) {
    id = ask("CODE.CREATE"_op).value;
    const auto opened = send("CODE.OPEN"_op, {{"id", id}});
    const auto channel = last_channel;
    until([&] { return opened->has_value(); });
    const std::string text = document.dump();
    ask_on(channel, "CODE.WRITE"_op, text.substr(0, text.size() / 2));
    ask_on(channel, "CODE.WRITE"_op, text.substr(text.size() / 2));
    return ask_on(channel, "CODE.CLOSE"_op, protocol::encode_id(id));
  }
  std::uint16_t code(const Json& document) {
    std::uint16_t id = 0;
    const auto closed = submit(document, id);
    REQUIRE(closed.ok());
    return id;
  }
  std::uint16_t start(std::uint16_t code_id) {
    const auto reply = ask("PROC.START"_op, {{"id", code_id}});
    REQUIRE(reply.ok());
    return reply.value;
  }
  std::uint16_t run(std::uint16_t code_id) {
    const auto id = start(code_id);
    REQUIRE(status("PROC.RUN"_op, {{"id", id}}) == Status::ok);
    return id;
  }
  Json stat(std::uint16_t id) { return ask("PROC.STAT"_op, {{"id", id}}).document().value(); }
  Json read(const std::string& name) {
    const auto opened = ask("REGISTER.NEW"_op, {{"name", name}});
    REQUIRE(opened.ok());
    return ask("REGISTER.READ"_op, {{"id", opened.value}}).document().value();
  }
  void until_held(std::size_t count = 1) {
    until([&] { return hypervisor->held.size() >= count; });
  }
  void until_linked() {
    until([&] { return vm->hypervisor().connected(); });
  }

  protocol::Channel last_channel{};
};

}  // namespace celeriac::vm::testing
