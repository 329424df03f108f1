#include "protocol/listener.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::literals;
using namespace celeriac::protocol::test;

namespace {

/// A folder that is there for one test.
struct Folder {
  Folder()
      : path(std::filesystem::temp_directory_path() / ("celeriac-listener-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct Bench {
  Bench() : dispatcher(Server::hypervisor, "secret") {
    dispatcher.on("SYS.READ_STATUS"_op, [this](Request& request, Responder responder) {
      who = request.session->peer();
      responder.document({{"ok", true}});
    });
  }
  Reply ask(const std::shared_ptr<Session>& session, const Operation& operation,
            const Json& fields = Json::object()) {
    std::optional<Reply> reply;
    session->request(operation, encode(operation, fields).value(), [&](Reply r) { reply = std::move(r); });
    run_until(io, [&] { return reply.has_value(); });
    return *reply;
  }
  Folder folder;
  std::filesystem::path path = folder.path / "hal.sock";
  Dispatcher dispatcher;
  Peer who;
  boost::asio::io_context io{1};
};

/// Binds a unix socket at the path; the descriptor.
int bound(const std::filesystem::path& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return descriptor;
}

}  // namespace

TEST_CASE("clients of a unix socket are served, and their credentials are known") {
  Bench b;
  const auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE(listener);
  const auto client = connect_unix(b.io, b.path, nullptr);
  REQUIRE(client);
  const auto reply = b.ask(*client, "SYS.READ_STATUS"_op);
  CHECK(reply.document().value() == Json{{"ok", true}});
  CHECK(b.who.transport == Transport::unix_socket);
  CHECK(b.who.uid == ::getuid());
  CHECK(b.who.pid == ::getpid());
  CHECK((*listener)->sessions() == 1);
  CHECK((*listener)->port() == 0);
  (*client)->close();
  run_until(b.io, [&] { return (*listener)->sessions() == 0; });
}

TEST_CASE("a socket file has mode 0660 and goes with its listener") {
  Bench b;
  auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE(listener);
  struct stat status{};
  REQUIRE(::stat(b.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0660);
  listener->reset();
  settle(b.io);
  CHECK_FALSE(std::filesystem::exists(b.path));
}

TEST_CASE("a stale socket file is replaced") {
  Bench b;
  ::close(bound(b.path));
  REQUIRE(std::filesystem::is_socket(b.path));
  const auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE(listener);
  const auto client = connect_unix(b.io, b.path, nullptr);
  REQUIRE(client);
  CHECK(b.ask(*client, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE("a socket that somebody answers on is left alone") {
  Bench b;
  const auto first = Listener::on_unix(b.io, b.path, b.dispatcher);
  const auto second = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE_FALSE(second);
  CHECK(second.error().status == Status::wrong_state);
  CHECK(second.error().message.find(b.path.string()) != std::string::npos);
  const auto client = connect_unix(b.io, b.path, nullptr);
  REQUIRE(client);
  CHECK(b.ask(*client, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE("a daemon that is too busy to accept counts as alive, and asking it does not block") {
  Bench b;
  const int busy = bound(b.path);
  REQUIRE(::listen(busy, 0) == 0);
  // Its queue of one is filled.
  const auto waiting = connect_unix(b.io, b.path, nullptr);
  CHECK_FALSE(Listener::on_unix(b.io, b.path, b.dispatcher));
  ::close(busy);
}

TEST_CASE("a file that is no socket is not replaced") {
  Bench b;
  std::ofstream(b.path) << "precious";
  CHECK_FALSE(Listener::on_unix(b.io, b.path, b.dispatcher));
  CHECK(std::filesystem::file_size(b.path) == 8);
}

TEST_CASE("a path that is too long is refused with a sentence, here and at the client") {
  Bench b;
  const auto path = b.folder.path / std::string(200, 'x');
  const auto listener = Listener::on_unix(b.io, path, b.dispatcher);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.find("107") != std::string::npos);
  CHECK(connect_unix(b.io, path, nullptr).error().status == Status::offline);
}

TEST_CASE("connecting where nobody listens is offline, with the place in the sentence") {
  Bench b;
  const auto refused = connect_unix(b.io, b.path, nullptr);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == Status::offline);
  CHECK(refused.error().message.find(b.path.string()) != std::string::npos);
  CHECK(connect_tcp(b.io, "127.0.0.1", 1, nullptr).error().status == Status::offline);
}

TEST_CASE("the 257th stream is turned away, and served once another has ended") {
  Bench b;
  const auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE(listener);
  std::vector<std::shared_ptr<Session>> clients;
  for (std::size_t i = 0; i < max_sessions; ++i) {
    clients.push_back(connect_unix(b.io, b.path, nullptr).value());
    run_until(b.io, [&] { return (*listener)->sessions() == i + 1; });
  }
  const auto extra = connect_unix(b.io, b.path, nullptr).value();
  run_until(b.io, [&] { return !extra->open(); });
  CHECK(b.ask(clients.back(), "SYS.READ_STATUS"_op).ok());
  clients.front()->close();
  run_until(b.io, [&] { return (*listener)->sessions() == max_sessions - 1; });
  const auto later = connect_unix(b.io, b.path, nullptr).value();
  CHECK(b.ask(later, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE("sessions outlive their listener") {
  Bench b;
  auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  const auto client = connect_unix(b.io, b.path, nullptr).value();
  CHECK(b.ask(client, "SYS.READ_STATUS"_op).ok());
  listener->reset();
  CHECK(b.ask(client, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE("on TCP a client is admitted by HELLO with the token") {
  Bench b;
  const auto listener = Listener::on_tcp(b.io, "127.0.0.1", 0, b.dispatcher);
  REQUIRE(listener);
  CHECK((*listener)->port() != 0);
  const auto client = connect_tcp(b.io, "127.0.0.1", (*listener)->port(), nullptr);
  REQUIRE(client);
  CHECK(b.ask(*client, "SYS.READ_STATUS"_op).error().status == Status::denied);
  CHECK(b.ask(*client, "SYS.HELLO"_op, {{"protocol", 1}, {"token", "wrong"}}).error().status ==
        Status::denied);
  const auto hello = b.ask(*client, "SYS.HELLO"_op, {{"protocol", 1}, {"client", "me"}, {"token", "secret"}});
  CHECK(hello.ok());
  CHECK(hello.value == 1);
  CHECK(b.ask(*client, "SYS.READ_STATUS"_op).ok());
  CHECK(b.who.transport == Transport::tcp);
  CHECK(b.who.name == "me");
}

TEST_CASE("a TCP peer that says no HELLO in time is closed, and one that did is not") {
  Bench b;
  const auto listener = Listener::on_tcp(b.io, "127.0.0.1", 0, b.dispatcher, std::chrono::milliseconds(200));
  REQUIRE(listener);
  const auto good = connect_tcp(b.io, "127.0.0.1", (*listener)->port(), nullptr).value();
  good->request("SYS.HELLO"_op, to_bson({{"protocol", 1}, {"token", "secret"}}), [](Reply) {});
  run_until(b.io, [&] { return (*listener)->sessions() == 1 && good->outstanding() == 0; });
  const auto stranger = connect_tcp(b.io, "127.0.0.1", (*listener)->port(), nullptr).value();
  run_until(b.io, [&] { return !stranger->open(); });
  CHECK(b.ask(good, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE("a client that cannot be accepted for lack of descriptors is accepted when there are some") {
  Bench b;
  const auto listener = Listener::on_unix(b.io, b.path, b.dispatcher);
  REQUIRE(listener);
  const auto client = connect_unix(b.io, b.path, nullptr).value();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  std::size_t handlers = 0;
  for (int i = 0; i < 1000; ++i) handlers += b.io.poll();
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK((*listener)->sessions() == 0);
  CHECK(handlers < 100);  // it waits before it tries again
  CHECK(b.ask(client, "SYS.READ_STATUS"_op).ok());
}

TEST_CASE(
    "a TCP peer that stops sending ends its stream at once, for nobody can tell that it is still there") {
  Bench b;
  const auto listener = Listener::on_tcp(b.io, "127.0.0.1", 0, b.dispatcher);
  REQUIRE(listener);
  const auto client = connect_tcp(b.io, "127.0.0.1", (*listener)->port(), nullptr).value();
  run_until(b.io, [&] { return (*listener)->sessions() == 1; });
  client->close();
  run_until(b.io, [&] { return (*listener)->sessions() == 0; });
}

TEST_CASE("a TCP port that is taken and an address that is none are refused with a sentence") {
  Bench b;
  const auto listener = Listener::on_tcp(b.io, "127.0.0.1", 0, b.dispatcher);
  REQUIRE(listener);
  const auto taken = Listener::on_tcp(b.io, "127.0.0.1", (*listener)->port(), b.dispatcher);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message.find(std::to_string((*listener)->port())) != std::string::npos);
  CHECK_FALSE(Listener::on_tcp(b.io, "the bot", 1, b.dispatcher));
}
