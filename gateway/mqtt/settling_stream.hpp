#pragma once
// The layer between Boost.MQTT5 and the socket that lets us acknowledge a message when it is settled.
//
// Boost.MQTT5 sends PUBACK before it hands a message out, so that one which is lost afterwards is lost for
// good. This layer shows it messages of QoS 1 as messages of QoS 0, which it does not acknowledge, with a
// number in place of the packet id (as the subscription identifier, which nobody else uses); and it writes
// the PUBACK itself when Settlements::settle(number) says so. Until then the message counts against the
// receive maximum that we announced, and the broker keeps it for the session:
//
//   PUBLISH qos 1, id 7 ──► number 19 ──► client ──► handler ──settle(19)──► PUBACK 7
//        └─ connection lost before ──► broker sends it again, DUP: the same number, not given out twice ──►
//        PUBACK 7
//
// It also is TLS where that is asked for, so that the client is one type.

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/mqtt5/detail/async_traits.hpp>
#include <boost/mqtt5/types.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace celeriac::gateway {

class MqttWire;

/// Messages that the broker waits for an answer to, over all connections of a session.
class Settlements {
 public:
  /// Says that the message has come out of the client, and is somebody's business now. False: it is not to be
  /// dealt with, because the broker has sent it again since, on another connection.
  bool take(std::uint32_t number);
  /// Acknowledges; if the connection is gone, as soon as the broker asks again.
  void settle(std::uint32_t number);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Called when a connection works: the broker has accepted it, and the client has made it its own. (At
  /// CONNACK it still writes to the one before.)
  std::function<void()> ready;
  /// Called when a connection that worked has ended.
  std::function<void()> lost;

 private:
  friend class MqttWire;
  struct Entry {
    std::uint16_t packet = 0;
    std::weak_ptr<MqttWire> wire;  ///< the connection on which it came last
    bool taken = false;    ///< it is with its handler; until then it may be cut off with the connection
    bool settled = false;  ///< but not acknowledged: the connection was gone
  };
  /// A number for the message; 0: it has one already, or too many are unsettled (`refused`).
  std::uint32_t begin(std::uint16_t packet, bool again, const std::shared_ptr<MqttWire>& wire, bool& refused);
  /// The broker has forgotten the session.
  void forget() { entries_.clear(); }

  std::map<std::uint32_t, Entry> entries_;
  std::uint32_t last_ = 0;
  const MqttWire* current_ = nullptr;  // the connection that the broker has accepted last
};

/// What every connection of a client is made with.
struct MqttContext {
  std::shared_ptr<Settlements> settlements;
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< nullptr: plain
  std::string host;                                ///< whose certificate we expect
  std::function<void(std::string)> trouble;        ///< why a certificate is not believed
};

/// A connection as Boost.MQTT5 wants it (AsyncStream with a TLS handshake).
class SettlingStream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using next_layer_type = boost::asio::ip::tcp::socket;
  enum handshake_type : std::uint8_t { client };
  using ReadHandler = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;
  using DoneHandler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  SettlingStream(const executor_type& executor, MqttContext& context);
  ~SettlingStream();
  SettlingStream(const SettlingStream&) = delete;
  SettlingStream& operator=(const SettlingStream&) = delete;

  executor_type get_executor() const noexcept;
  next_layer_type& next_layer() noexcept;
  const next_layer_type& next_layer() const noexcept;

  template <class Token>
  auto async_handshake(handshake_type, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [this](auto handler) { handshake(DoneHandler(std::move(handler))); }, token);
  }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, boost::asio::mutable_buffer buffer) {
          read(buffer, ReadHandler(std::move(handler)));
        },
        token, *boost::asio::buffer_sequence_begin(buffers));
  }
  /// Writes all of the buffers, which are whole packets.
  template <class Buffers, class Token>
  auto async_write(const Buffers& buffers, Token&& token) {
    std::string bytes(boost::asio::buffer_size(buffers), '\0');
    boost::asio::buffer_copy(boost::asio::buffer(bytes), buffers);
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, std::string held) { write(std::move(held), ReadHandler(std::move(handler))); },
        token, std::move(bytes));
  }
  void shutdown(DoneHandler done);

 private:
  void handshake(DoneHandler done);
  void read(boost::asio::mutable_buffer buffer, ReadHandler done);
  void write(std::string bytes, ReadHandler done);

  std::shared_ptr<MqttWire> wire_;
};

// What Boost.MQTT5 looks up by argument.
inline void assign_tls_sni(const boost::mqtt5::authority_path&, MqttContext&, SettlingStream&) {}
template <class Handler>
void async_shutdown(SettlingStream& stream, Handler&& handler) {
  stream.shutdown(SettlingStream::DoneHandler(std::forward<Handler>(handler)));
}

/// The rewriting, apart from sockets: what came from the broker goes in, what the client shall see comes out.
class PublishRewriter {
 public:
  struct Publish {
    std::uint16_t packet;
    bool again;  ///< DUP
  };
  struct Events {
    /// A number for the message; 0: do not show it.
    std::function<std::uint32_t(Publish)> publish;
    /// With the bytes of it, which are the first of a connection.
    std::function<void(bool session_present, std::size_t bytes)> connack;
  };
  explicit PublishRewriter(Events events) : events_(std::move(events)) {}

  /// False: the bytes are not MQTT; nothing more may be fed.
  bool feed(std::string_view bytes, std::string& out);

 private:
  bool begin_packet(std::string& out, bool& complete);

  Events events_;
  std::string head_;         // of a packet, until it is known what becomes of it
  std::size_t pass_ = 0;     // bytes of its rest that go through
  std::size_t swallow_ = 0;  // bytes of its rest that do not
};

}  // namespace celeriac::gateway

namespace boost::mqtt5 {
template <>
struct tls_handshake_type<celeriac::gateway::SettlingStream> {
  static constexpr auto client = celeriac::gateway::SettlingStream::client;
};
}  // namespace boost::mqtt5
