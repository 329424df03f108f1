#include "raw_peer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>

namespace celeriac::protocol::test {
namespace {

constexpr std::chrono::seconds deadline{30};

// The tests provoke what a log would complain about.
[[maybe_unused]] const bool quiet = [] {
  spdlog::set_level(spdlog::level::off);
  return true;
}();

unsigned number_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) * 256U +
         static_cast<unsigned>(static_cast<unsigned char>(bytes[at + 1]));
}

std::string padded(std::string_view name, std::size_t width) {
  std::string text(name);
  text.resize(width, ' ');
  return text;
}

std::string unpadded(std::string_view name) {
  return std::string(name.substr(0, name.find(' ')));
}

}  // namespace

std::string u16(unsigned number) {
  return {static_cast<char>(number / 256), static_cast<char>(number % 256)};
}

std::string request_bytes(unsigned channel, std::string_view space, std::string_view wire,
                          std::string_view payload) {
  return u16(channel) + padded(space, 4) + padded(wire, 5) + u16(static_cast<unsigned>(payload.size())) +
         "\r\n" + std::string(payload);
}

std::string response_bytes(unsigned channel, unsigned status, unsigned value) {
  return u16(channel) + u16(status) + u16(value) + "\r\n";
}

void run_until(boost::asio::io_context& io, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) FAIL("the deadline of the test has passed");
    io.restart();
    // The short wait is for what only the kernel or another thread can bring; handlers run at once.
    if (io.poll() == 0) io.run_one_for(std::chrono::milliseconds(1));
  }
}

void settle(boost::asio::io_context& io) {
  do io.restart();
  while (io.poll() != 0);
}

std::pair<int, int> socket_pair() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {ends[0], ends[1]};
}

RawPeer::RawPeer(boost::asio::io_context& io, int descriptor) : io_(io), descriptor_(descriptor) {
  ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

RawPeer::~RawPeer() {
  close();
}

void RawPeer::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void RawPeer::stop_sending() {
  ::shutdown(descriptor_, SHUT_WR);
}

void RawPeer::send(std::string_view bytes) {
  run_until(io_, [&] {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return false;
      if (sent < 0) return true;  // the other side is gone: the test will see it
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  });
}

void RawPeer::pull() {
  char buffer[65536];
  while (descriptor_ >= 0 && !ended_) {
    const auto got = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (got > 0) {
      bytes_.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    ended_ = true;
  }
  std::string_view rest = bytes_;
  for (;;) {
    if (rest.size() < 8) break;
    if (rest.substr(6, 2) == "\r\n") {
      frames_.push_back({.is_response = true,
                         .channel = number_at(rest, 0),
                         .status = number_at(rest, 2),
                         .value = number_at(rest, 4)});
      rest.remove_prefix(8);
      continue;
    }
    if (rest.size() < 15) break;
    REQUIRE(rest.substr(13, 2) == "\r\n");
    const auto size = number_at(rest, 11);
    if (rest.size() < 15 + size) break;
    frames_.push_back({.channel = number_at(rest, 0),
                       .space = unpadded(rest.substr(2, 4)),
                       .wire = unpadded(rest.substr(6, 5)),
                       .payload = std::string(rest.substr(15, size))});
    rest.remove_prefix(15 + size);
  }
  bytes_.erase(0, bytes_.size() - rest.size());
}

std::vector<Seen> RawPeer::receive(std::size_t count) {
  run_until(io_, [&] {
    pull();
    return frames_.size() >= count || ended_;
  });
  REQUIRE(frames_.size() >= count);
  const auto end = frames_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Seen> taken(std::make_move_iterator(frames_.begin()), std::make_move_iterator(end));
  frames_.erase(frames_.begin(), end);
  return taken;
}

Answer RawPeer::answer_on(unsigned channel) {
  Answer answer;
  std::vector<Seen> others;
  for (;;) {
    auto frame = receive();
    if (frame.is_response && frame.channel == channel) {
      answer.status = frame.status;
      answer.value = frame.value;
      frames_.insert(frames_.begin(), std::make_move_iterator(others.begin()),
                     std::make_move_iterator(others.end()));
      return answer;
    }
    if (!frame.is_response && frame.space == "SLCE" && number_at(frame.payload, 0) == channel) {
      answer.data += frame.payload.substr(2);
      ++answer.slices;
      send(response_bytes(frame.channel));
    } else {
      others.push_back(std::move(frame));
    }
  }
}

Answer RawPeer::ask(unsigned channel, std::string_view space, std::string_view wire,
                    std::string_view payload) {
  send(request_bytes(channel, space, wire, payload));
  return answer_on(channel);
}

std::vector<Seen> RawPeer::arrived() {
  settle(io_);
  pull();
  return std::exchange(frames_, {});
}

bool RawPeer::closed_by_other_side() {
  run_until(io_, [&] {
    pull();
    return ended_;
  });
  return ended_;
}

}  // namespace celeriac::protocol::test
