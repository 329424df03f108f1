#include "tests/gateway/mosquitto.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <fstream>
#include <thread>

namespace celeriac::gateway::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

pid_t spawn_program(const std::vector<std::string>& words, const std::string& output) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive a test that crashes
    const int log = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::getppid() == parent && ::dup2(log, STDOUT_FILENO) >= 0 && ::dup2(log, STDERR_FILENO) >= 0)
      ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  REQUIRE(pid > 0);
  return pid;
}

std::uint16_t free_port() {
  asio::io_context io;
  const tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

bool answers(std::uint16_t port) {
  asio::io_context io;
  tcp::socket socket(io);
  boost::system::error_code error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  return !error;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

bool run_program(const std::vector<std::string>& words) {
  int status = 0;
  const auto pid = spawn_program(words, "/dev/null");
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Mosquitto::Mosquitto(std::string settings) : settings_(std::move(settings)), port_(free_port()) {}

void Mosquitto::start() {
  const auto dir = directory_.path.string();
  const auto file = directory_.path / "mosquitto.conf";
  std::ofstream(file) << std::format(
      "{}user root\nlistener {} 127.0.0.1\npersistence true\npersistence_location {}/\n"
      "max_queued_messages 100\nlog_dest stdout\nset_tcp_nodelay true\n{}",
      "per_listener_settings false\n", port_, dir, replaced(settings_, "DIR", dir));
  pid_ = spawn_program({"mosquitto", "-c", file.string()}, dir + "/log");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!answers(port_)) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Mosquitto::stop(bool hard) {
  if (pid_ < 0) return;
  ::kill(pid_, hard ? SIGKILL : SIGTERM);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

Mosquitto::~Mosquitto() {
  stop(true);
}

}  // namespace celeriac::gateway::testing
