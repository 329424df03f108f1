#include "protocol/service.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <string>
#include <vector>

#include "protocol/doors.hpp"
#include "protocol/service_log.hpp"

using namespace celeriac::protocol;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

/// systemd's ear: the socket that NOTIFY_SOCKET names, while it exists.
class Ear {
 public:
  Ear() : path_(fs::temp_directory_path() / std::format("celeriac-notify-{}", ::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Ear() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
    ::unlink(path_.c_str());
  }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  /// What has been said since the last call.
  std::vector<std::string> heard() {
    std::vector<std::string> messages;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT)) >= 0;)
      messages.emplace_back(buffer, static_cast<std::size_t>(size));
    return messages;
  }

 private:
  fs::path path_;
  int socket_ = -1;
};

/// A variable of the environment, while it exists.
struct Variable {
  Variable(const char* variable, const std::string& value) : name(variable) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  const char* name;
};

}  // namespace

TEST_CASE("a service without systemd says nothing and has no sockets") {
  asio::io_context io;
  Service service(io);
  CHECK_FALSE(service.take_socket("hal.sock"));
  CHECK_FALSE(service.watchdog());
  service.ready([] { return "well"; });
  service.stopping("the end");
  CHECK(io.poll() == 0);  // nor does it wait for anything
}

TEST_CASE("a service says that it is ready, how it is when that has changed, and that it ends") {
  Ear ear;
  asio::io_context io;
  Service service(io);
  service.ready([] { return "two\nlines"; });
  CHECK(ear.heard() == std::vector<std::string>{"READY=1\nSTATUS=two lines"});
  service.stopping("the end");
  CHECK(ear.heard() == std::vector<std::string>{"STOPPING=1\nSTATUS=the end"});
}

TEST_CASE("a service gives signs of life twice in the time that systemd waits for one") {
  Ear ear;
  const Variable patience("WATCHDOG_USEC", "20000");
  const Variable whose("WATCHDOG_PID", std::to_string(::getpid()));
  asio::io_context io;
  Service service(io);
  REQUIRE(service.watchdog() == std::chrono::milliseconds(10));
  int asked = 0;
  service.ready([&] { return asked++ < 2 ? "well" : "better"; });
  std::vector<std::string> messages;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (messages.size() < 5 && std::chrono::steady_clock::now() < deadline) {
    io.run_one_for(std::chrono::seconds(1));
    for (auto& each : ear.heard()) messages.push_back(std::move(each));
  }
  REQUIRE(messages.size() >= 4);
  CHECK(messages[0] == "READY=1\nSTATUS=well");
  CHECK(messages[1] == "WATCHDOG=1");
  CHECK(messages[2] == "WATCHDOG=1\nSTATUS=better");
  CHECK(messages[3] == "WATCHDOG=1");
}

TEST_CASE("the watchdog of another process is not ours") {
  const Variable patience("WATCHDOG_USEC", "20000");
  const Variable whose("WATCHDOG_PID", "1");
  asio::io_context io;
  CHECK_FALSE(Service(io).watchdog());
}

TEST_CASE("doors take over a socket that listens already, and leave its file alone") {
  const fs::path path = fs::temp_directory_path() / std::format("celeriac-inherited-{}.sock", ::getpid());
  fs::remove(path);
  asio::io_context io;
  asio::local::stream_protocol::acceptor theirs(io, path.string());
  const Dispatcher dispatcher(Server::vm);
  {
    const auto opened = open(io, {.socket = path, .listening = ::dup(theirs.native_handle())}, dispatcher);
    REQUIRE(opened);
    const auto client = connect_unix(io, path, nullptr);
    REQUIRE(client);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (opened->unix_socket->sessions() == 0 && std::chrono::steady_clock::now() < deadline)
      io.run_one_for(std::chrono::seconds(1));
    CHECK(opened->unix_socket->sessions() == 1);
  }
  CHECK(fs::is_socket(path));
  CHECK(answers(path));
  fs::remove(path);
}

TEST_CASE("an entry of the log has its fields in the journal") {
  const auto fields = journal_fields({{"message", "Pin 8 is on."},
                                      {"type", "warn"},
                                      {"source", "process 3"},
                                      {"time", 1700000000000},
                                      {"channels", {"toast"}},
                                      {"odd key!", true}});
  CHECK(fields == std::vector<std::string>{"MESSAGE=Pin 8 is on.", "PRIORITY=4", "CELERIAC_ODD_KEY_=true",
                                           "CELERIAC_SOURCE=process 3", "CELERIAC_TIME=1700000000000",
                                           "CELERIAC_TYPE=warn"});
  CHECK(journal_fields({{"message", "hal's"}, {"level", "error"}})[1] == "PRIORITY=3");
  CHECK(journal_fields({{"message", "plain"}})[1] == "PRIORITY=6");
  CHECK(journal_fields(Json::array()).empty());
}

TEST_CASE("an entry of the log with too much in it reaches the journal cut to the bounds") {
  Json entry{{"message", std::string(5000, 'm')}, {"a", std::string(2 * max_journal_value, 'a')}};
  for (int i = 0; i < 100; ++i) entry[std::format("field{}", i)] = i;
  const auto fields = journal_fields(entry);
  CHECK(fields.size() == max_journal_fields + 2);
  CHECK(fields[2].size() == std::string("CELERIAC_A=").size() + max_journal_value);
}

TEST_CASE("the journal is known by the stream that systemd names") {
  CHECK_FALSE(leads_to_journal(STDERR_FILENO, ""));
  CHECK_FALSE(leads_to_journal(STDERR_FILENO, "1:2"));
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  struct stat about{};
  REQUIRE(::fstat(pipe[1], &about) == 0);
  CHECK(leads_to_journal(pipe[1], std::format("{}:{}", about.st_dev, about.st_ino)));
  ::close(pipe[0]);
  ::close(pipe[1]);
}
