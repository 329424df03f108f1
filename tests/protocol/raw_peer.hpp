#pragma once
// The other end of a stream, written from the contract and not from the code under test: it makes and reads
// the bytes of frames by itself, on a socket that never blocks.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/session.hpp"

namespace celeriac::protocol::test {

/// Bytes of a request; the names are padded here.
std::string request_bytes(unsigned channel, std::string_view space, std::string_view wire,
                          std::string_view payload = {});
/// Bytes of a response.
std::string response_bytes(unsigned channel, unsigned status = 0, unsigned value = 0);
/// Two bytes, big endian.
std::string u16(unsigned number);

/// A frame as it came over the wire.
struct Seen {
  bool is_response = false;
  unsigned channel = 0;
  unsigned status = 0;  // of a response
  unsigned value = 0;   // of a response
  std::string space;    // of a request, without padding
  std::string wire;
  std::string payload;

  friend bool operator==(const Seen&, const Seen&) = default;
};

/// The whole answer to a request: the response, and what its slices carried.
struct Answer {
  unsigned status = 0;
  unsigned value = 0;
  std::string data;
  unsigned slices = 0;
};

/// Runs handlers until `done`; fails the test after a generous deadline.
void run_until(boost::asio::io_context& io, const std::function<bool()>& done);
/// Runs what is ready, until nothing is.
void settle(boost::asio::io_context& io);

class RawPeer {
 public:
  /// Takes over a connected socket.
  RawPeer(boost::asio::io_context& io, int descriptor);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  /// Sends all of it, running the io_context while the socket takes no more.
  void send(std::string_view bytes);
  /// The next `count` frames.
  std::vector<Seen> receive(std::size_t count);
  /// The next frame.
  Seen receive() { return receive(1).front(); }
  /// Everything up to the response on this channel; slices for it are answered and joined, other frames are
  /// kept for receive().
  Answer answer_on(unsigned channel);
  /// Sends a request and waits for the whole answer.
  Answer ask(unsigned channel, std::string_view space, std::string_view wire, std::string_view payload = {});
  /// Frames that have arrived by now, after everything that is ready has run.
  std::vector<Seen> arrived();
  /// Runs until the other side has closed the stream; false if something else happens.
  bool closed_by_other_side();
  /// Ends our sending; we still read.
  void stop_sending();
  void close();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  void pull();

  boost::asio::io_context& io_;
  int descriptor_;
  std::string bytes_;
  std::vector<Seen> frames_;
  bool ended_ = false;
};

/// Two connected sockets.
std::pair<int, int> socket_pair();

/// A session of ours and the raw other end of it.
struct Connection {
  explicit Connection(const Dispatcher* dispatcher = nullptr, Peer who = {})
      : Connection(dispatcher, std::move(who), socket_pair()) {}

  boost::asio::io_context io{1};
  std::shared_ptr<Session> session;
  RawPeer peer;

 private:
  Connection(const Dispatcher* dispatcher, Peer who, std::pair<int, int> ends)
      : session(Session::start(io, Stream::of_socket(io, ends.first), std::move(who), dispatcher)),
        peer(io, ends.second) {}
};

}  // namespace celeriac::protocol::test
