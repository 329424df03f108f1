#include "protocol/dispatcher.hpp"

#include <catch2/catch_test_macros.hpp>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

constexpr unsigned unknown = static_cast<unsigned>(Status::unknown_operation);
constexpr unsigned denied = static_cast<unsigned>(Status::denied);
constexpr unsigned malformed = static_cast<unsigned>(Status::malformed);

Peer stranger() {
  return {.transport = Transport::tcp, .name = "127.0.0.1:1", .admitted = false};
}

std::string hello(const char* token = nullptr) {
  Json fields{{"protocol", 1}, {"client", "test"}};
  if (token != nullptr) fields["token"] = token;
  return to_bson(fields);
}

std::string message_of(const Answer& answer) {
  const auto document = from_bson(answer.data);
  REQUIRE(document);
  return (*document)["message"];
}

}  // namespace

TEST_CASE("every operation that nobody serves here is unknown_operation, with a sentence that names it") {
  for (const auto server : {Server::vm, Server::hypervisor}) {
    const Dispatcher dispatcher(server);
    Connection c(&dispatcher);
    for (const auto& row : operations()) {
      if (row.wire == "HELLO" || row.space == "SLCE") continue;
      INFO(row.long_name);
      const auto answer = c.peer.ask(1, row.space, row.wire);
      CHECK(answer.status == unknown);
      CHECK(message_of(answer).find(row.long_name) != std::string::npos);
    }
  }
}

TEST_CASE(
    "operations whose service comes later are unknown_operation on both daemons, also where all is "
    "forwarded") {
  for (const auto server : {Server::vm, Server::hypervisor}) {
    Dispatcher dispatcher(server);
    dispatcher.forward([](Request&, Responder responder) { responder.ok(); });
    Connection c(&dispatcher);
    for (const auto& row : operations()) {
      if (row.available) continue;
      INFO(row.long_name);
      CHECK(c.peer.ask(1, row.space, row.wire).status == unknown);
    }
  }
}

TEST_CASE("an operation that is not in the protocol is unknown_operation, with its name as it came") {
  const Dispatcher dispatcher(Server::vm);
  Connection c(&dispatcher);
  const auto answer = c.peer.ask(1, "ABC", "DEF");
  CHECK(answer.status == unknown);
  CHECK(message_of(answer).find("ABC.DEF") != std::string::npos);
}

TEST_CASE("what the other daemon serves is forwarded undecoded, and what is ours is not") {
  Dispatcher dispatcher(Server::vm);
  std::vector<std::string> forwarded;
  dispatcher.forward([&](Request& request, Responder responder) {
    forwarded.push_back(std::string(request.operation.long_name) + ":" + std::string(request.payload));
    responder.ok();
  });
  Connection c(&dispatcher);
  CHECK(c.peer.ask(1, "SYS", "HOME", "garbage").status == 0);
  CHECK(c.peer.ask(1, "CODE", "LIST").status == unknown);
  CHECK(c.peer.ask(1, "REGS", "NEW", to_bson({{"name", "a"}})).status == unknown);
  CHECK(forwarded == std::vector<std::string>{"SYS.HOME:garbage"});
}

TEST_CASE("a handler of our own goes before forwarding") {
  Dispatcher dispatcher(Server::vm);
  dispatcher.forward([](Request&, Responder responder) { responder.ok(1); });
  dispatcher.on("SYS.READ_STATUS"_op, [](Request&, Responder responder) { responder.ok(2); });
  Connection c(&dispatcher);
  CHECK(c.peer.ask(1, "SYS", "STATU").value == 2);
}

TEST_CASE(
    "what does not decode never reaches the handler: malformed, with the field in sentence and details") {
  Dispatcher dispatcher(Server::hypervisor);
  bool reached = false;
  dispatcher.on("SYS.HOME"_op, [&](Request&, Responder responder) {
    reached = true;
    responder.ok();
  });
  Connection c(&dispatcher);
  const auto answer = c.peer.ask(1, "SYS", "HOME", to_bson({{"axis", 4}}));
  CHECK(answer.status == malformed);
  const auto document = from_bson(answer.data);
  REQUIRE(document);
  CHECK((*document)["code"] == "malformed");
  CHECK((*document)["path"] == "");
  CHECK((*document)["details"]["field"] == "axis");
  CHECK_FALSE(reached);
}

TEST_CASE("a handler that throws answers internal, and the next request is served") {
  Dispatcher dispatcher(Server::hypervisor);
  dispatcher.on("SYS.READ_STATUS"_op, [](Request&, Responder) { throw std::runtime_error("a defect"); });
  Connection c(&dispatcher);
  CHECK(c.peer.ask(1, "SYS", "STATU").status == static_cast<unsigned>(Status::internal));
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello()).status == 0);
}

TEST_CASE("HELLO returns the protocol version and keeps the client's name") {
  const Dispatcher dispatcher(Server::vm);
  Connection c(&dispatcher);
  const auto answer = c.peer.ask(1, "SYS", "HELLO", hello());
  CHECK(answer.status == 0);
  CHECK(answer.value == 1);
  CHECK(c.session->peer().name == "test");
}

TEST_CASE("a client's name cannot write lines into the log") {
  const Dispatcher dispatcher(Server::vm);
  Connection c(&dispatcher);
  std::string name(99, 'x');
  name += "ü";  // the 100th byte is the first of two
  name.replace(0, 3, "a\nb");
  c.peer.ask(1, "SYS", "HELLO", to_bson({{"protocol", 1}, {"client", name}}));
  CHECK(c.session->peer().name.starts_with("a?bxx"));
  CHECK(c.session->peer().name.size() < 104);
  CHECK(is_utf8(c.session->peer().name));
}

TEST_CASE("HELLO without a version is malformed") {
  const Dispatcher dispatcher(Server::vm);
  Connection c(&dispatcher);
  CHECK(c.peer.ask(1, "SYS", "HELLO", to_bson({{"client", "x"}})).status == malformed);
}

TEST_CASE("on a unix socket HELLO is optional, and its token is not looked at") {
  Dispatcher dispatcher(Server::hypervisor, "secret");
  dispatcher.on("SYS.READ_STATUS"_op, [](Request&, Responder responder) { responder.ok(); });
  Connection c(&dispatcher);
  CHECK(c.peer.ask(1, "SYS", "STATU").status == 0);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("wrong")).status == 0);
}

TEST_CASE(
    "over TCP everything before a HELLO with the token is denied: known, unknown, forwarded, slices, stops") {
  Dispatcher dispatcher(Server::vm, "secret");
  bool served = false;
  dispatcher.forward([&](Request&, Responder responder) {
    served = true;
    responder.ok();
  });
  dispatcher.on("CODE.LIST"_op, [&](Request&, Responder responder) {
    served = true;
    responder.ok();
  });
  Connection c(&dispatcher, stranger());
  CHECK(c.peer.ask(1, "CODE", "LIST").status == denied);
  CHECK(c.peer.ask(1, "SYS", "STATU").status == denied);
  CHECK(c.peer.ask(1, "ABC", "DEF").status == denied);
  CHECK(c.peer.ask(1, "SLCE", "NEW", "abc").status == denied);
  CHECK(c.peer.ask(0, "SYS", "ESTOP").status == denied);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello()).status == denied);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("")).status == denied);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("secre")).status == denied);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("secretsecret")).status == denied);
  CHECK_FALSE(served);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("secret")).value == 1);
  CHECK(c.peer.ask(1, "CODE", "LIST").status == 0);
  CHECK(served);
}

TEST_CASE("without a token of our own nobody is admitted over TCP") {
  const Dispatcher dispatcher(Server::vm);
  Connection c(&dispatcher, stranger());
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("")).status == denied);
  CHECK(c.peer.ask(1, "SYS", "HELLO", hello("x")).status == denied);
}
