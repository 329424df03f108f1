#include "tests/firmware-sim/program_bench.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <fstream>
#include <iterator>

namespace celeriac::firmware_sim::testing {
namespace {

using std::chrono::steady_clock;

}  // namespace

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string read_until(int descriptor, std::string_view wanted) {
  std::string text;
  const auto deadline = steady_clock::now() + patience;
  while (!text.contains(wanted) && steady_clock::now() < deadline) {
    pollfd state{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (::poll(&state, 1, 100) <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
    if (got <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return text;
}

bool hangs_up(int descriptor) {
  const auto deadline = steady_clock::now() + patience;
  while (steady_clock::now() < deadline) {
    pollfd state{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (::poll(&state, 1, 100) <= 0) continue;
    std::array<char, 4096> bytes;
    if (::read(descriptor, bytes.data(), bytes.size()) <= 0) return true;
  }
  return false;
}

Program::Program(std::vector<std::string> arguments) {
  std::array<int, 2> output{};
  REQUIRE(::pipe2(output.data(), O_CLOEXEC) == 0);
  output_ = Descriptor(output[0]);
  const Descriptor writer(output[1]);
  arguments.insert(arguments.begin(), SIMULATOR_PROGRAM);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    ::dup2(writer.get(), STDERR_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  REQUIRE(process_ > 0);
}

Program::~Program() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  (void)wait();
}

void Program::signal(int number) const {
  ::kill(process_, number);
}

int Program::wait() {
  int status = 0;
  ::waitpid(std::exchange(process_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-sim-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Directory::~Directory() {
  std::filesystem::remove_all(path_);
}

Descriptor open_port(const std::string& link) {
  Descriptor port(::open(link.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(port.get() >= 0);
  return port;
}

Descriptor connect_to(const std::string& path) {
  Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::ranges::copy(path, address.sun_path);
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return client;
}

void write_line(const Descriptor& port, std::string_view line) {
  REQUIRE(::write(port.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace celeriac::firmware_sim::testing
