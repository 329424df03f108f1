// A request to a running celeriac-vm and its response, beside a bare ping-pong of the same bytes.
//
//     bench-vm-socket DIR      DIR/vm.sock is served by a VM; prints one JSON document
//
// Both servers are processes of their own, pinned to the processor that each case names; the client is
// blocking calls on processor 0. Rounds of both alternate, and medians are taken. Targets: at most twice the
// time of the bare one; 1,000 requests in flight on one stream, at least 200,000 a second.

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/frame.hpp"

namespace {

using namespace celeriac::protocol;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 9;
constexpr int exchanges = 20'000;  // of a round
constexpr std::uint16_t in_flight = 1000;

void pin(pid_t process, int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  ::sched_setaffinity(process, sizeof set, &set);
}

int connected(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::perror(path.c_str());
    std::exit(1);
  }
  return socket;
}

/// The process at the other end of a unix socket.
pid_t peer(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size);
  return who.pid;
}

void transfer(int socket, const std::string& request, std::size_t answer) {
  char buffer[65536];
  for (std::size_t sent = 0; sent < request.size();) {
    const auto taken = ::write(socket, request.data() + sent, request.size() - sent);
    if (taken <= 0) std::exit(1);
    sent += static_cast<std::size_t>(taken);
  }
  while (answer > 0) {
    const auto got = ::read(socket, buffer, std::min(answer, sizeof buffer));
    if (got <= 0) std::exit(1);
    answer -= static_cast<std::size_t>(got);
  }
}

double seconds(int socket, const std::string& request, std::size_t answer, int times) {
  const auto begin = Clock::now();
  for (int i = 0; i < times; ++i) transfer(socket, request, answer);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Answers every request of that size with eight bytes, until the client's end is closed.
pid_t bare_server(int end, int client_end, std::size_t request_size) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::close(client_end);
  char buffer[65536], response[response_size];
  encode_response(response, {Channel{1}, 0, 1});
  for (std::size_t have = 0;;) {
    const auto got = ::read(end, buffer, sizeof buffer);
    if (got <= 0) std::_Exit(0);
    for (have += static_cast<std::size_t>(got); have >= request_size; have -= request_size)
      if (::write(end, response, sizeof response) != sizeof response) std::_Exit(0);
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: bench-vm-socket DIR\n");
    return 2;
  }
  const auto hello = to_bson({{"protocol", 1}});
  const auto request_on = [&](std::uint16_t channel) {
    std::string request(request_header_size, '\0');
    encode_request_header(request.data(), Channel{channel}, "SYS", "HELLO",
                          static_cast<std::uint16_t>(hello.size()));
    return request + hello;
  };
  const std::string request = request_on(1);
  std::string many;
  for (std::uint16_t channel = 1; channel <= in_flight; ++channel) many += request_on(channel);

  const int vm = connected(std::string(arguments[1]) + "/vm.sock");
  int ends[2];
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  const pid_t bare = bare_server(ends[1], ends[0], request.size());
  ::close(ends[1]);

  pin(0, 0);
  nlohmann::json out;
  for (const int processor : {0, 1}) {
    pin(peer(vm), processor);
    pin(bare, processor);
    std::vector<double> of_vm, of_bare, of_many;
    for (int round = 0; round < rounds; ++round) {
      of_bare.push_back(seconds(ends[0], request, response_size, exchanges) / exchanges);
      of_vm.push_back(seconds(vm, request, response_size, exchanges) / exchanges);
      of_many.push_back(in_flight * 20 / seconds(vm, many, in_flight * response_size, 20));
    }
    out[processor == 0 ? "one_processor" : "two_processors"] = {{"bare_s", median(of_bare)},
                                                                {"vm_s", median(of_vm)},
                                                                {"ratio", median(of_vm) / median(of_bare)},
                                                                {"in_flight_per_s", median(of_many)}};
  }
  ::close(ends[0]);
  ::waitpid(bare, nullptr, 0);
  std::printf("%s\n", out.dump().c_str());
}
