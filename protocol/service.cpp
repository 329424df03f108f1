#include "protocol/service.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace celeriac::protocol {
namespace {

/// What sd_listen_fds_with_names() allocates.
struct Names {
  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() {
    for (char** each = list; each != nullptr && *each != nullptr; ++each) std::free(*each);
    std::free(list);
  }
  char** list = nullptr;
};

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

/// Without systemd there is nobody to say it to.
void say(const std::string& message) {
  sd_notify(0, message.c_str());
}

}  // namespace

Service::Service(boost::asio::io_context& io) : timer_(io) {
  std::uint64_t microseconds = 0;
  // Half of the patience: one sign that comes late does no harm.
  if (sd_watchdog_enabled(0, &microseconds) > 0) watchdog_ = std::chrono::microseconds(microseconds / 2);
  Names names;
  const int count = sd_listen_fds_with_names(1, &names.list);
  if (count < 0) spdlog::warn("systemd's sockets cannot be taken over: {}", std::strerror(-count));
  for (int i = 0; i < count; ++i) sockets_.emplace_back(names.list[i], SD_LISTEN_FDS_START + i);
}

Service::~Service() {
  for (const auto& [name, descriptor] : sockets_) ::close(descriptor);
}

std::optional<int> Service::take_socket(std::string_view name) {
  const auto found = std::ranges::find(sockets_, name, &std::pair<std::string, int>::first);
  if (found == sockets_.end()) return std::nullopt;
  const int descriptor = found->second;
  if (sd_is_socket(descriptor, AF_UNIX, SOCK_STREAM, 1) <= 0) {
    spdlog::warn("{} of systemd is no listening unix socket and is left alone", name);
    return std::nullopt;
  }
  sockets_.erase(found);
  return descriptor;
}

std::string Service::news() {
  std::string line = one_line(describe_());
  if (line == line_) return {};
  line_ = std::move(line);
  return "\nSTATUS=" + line_;
}

void Service::ready(Describe describe) {
  describe_ = std::move(describe);
  say("READY=1" + news());
  if (watchdog_) live();
}

void Service::needs(std::chrono::seconds longer) {
  say("EXTEND_TIMEOUT_USEC=" + std::to_string(std::chrono::microseconds(longer).count()));
}

void Service::stopping(std::string_view line) {
  describe_ = [line = std::string(line)] { return line; };
  say("STOPPING=1" + news());
}

void Service::live() {
  say("WATCHDOG=1" + news());
  timer_.expires_after(*watchdog_);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) live();
  });
}

}  // namespace celeriac::protocol
