#include "gateway/mqtt/settling_stream.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <deque>

#include "gateway/mqtt/connection.hpp"
#include "web/tls.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t read_chunk = 64 * 1024;
constexpr unsigned char connack_type = 2, publish_type = 3;
constexpr unsigned char subscription_identifier = 0x0b;
/// Numbers of messages: what a subscription identifier can hold.
constexpr std::uint32_t last_number = 268'435'455;

/// A variable byte integer at `at`, which moves behind it; nullopt if it is not whole or not one (`bad`).
std::optional<std::uint32_t> read_varint(std::string_view bytes, std::size_t& at, bool& bad) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    if (at == bytes.size()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  bad = true;
  return std::nullopt;
}

void append_varint(std::string& out, std::uint32_t value) {
  do {
    auto byte = static_cast<unsigned char>(value & 0x7f);
    value >>= 7;
    if (value != 0) byte |= 0x80;
    out += static_cast<char>(byte);
  } while (value != 0);
}

std::uint16_t read_u16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[at]) << 8) |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

}  // namespace

// ---- the rewriting ----

bool PublishRewriter::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    if (pass_ > 0) {
      const auto part = bytes.substr(0, pass_);
      out += part;
      pass_ -= part.size();
      bytes.remove_prefix(part.size());
    } else if (swallow_ > 0) {
      const auto part = std::min(swallow_, bytes.size());
      swallow_ -= part;
      bytes.remove_prefix(part);
    } else {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      // Topics are long: take what is certainly part of the head at once.
      bool complete = false;
      if (!begin_packet(out, complete)) return false;
      if (complete) head_.clear();
    }
  }
  return true;
}

/// Decides about the packet as soon as its head is there.
bool PublishRewriter::begin_packet(std::string& out, bool& complete) {
  const auto first = static_cast<unsigned char>(head_[0]);
  const unsigned type = first >> 4, qos = (first >> 1) & 3;
  std::size_t at = 1;
  bool bad = false;
  const auto length = read_varint(head_, at, bad);
  if (!length) return !bad;
  const std::size_t body = at, end = at + *length;
  const auto through = [&] {
    out += head_;
    pass_ = end - head_.size();
    complete = true;
    return true;
  };
  if (type == connack_type && *length > 0) {
    if (head_.size() == body) return true;
    events_.connack((head_[body] & 1) != 0, end);
    return through();
  }
  if (type != publish_type || qos != 1) return through();
  // topic length, topic, packet id, length of the properties
  if (*length < 5) return false;
  if (head_.size() < body + 2) return true;
  const std::size_t topic_end = body + 2 + read_u16(head_, body);
  if (topic_end + 3 > end) return false;
  if (head_.size() < topic_end + 3) return true;
  at = topic_end + 2;
  const auto properties = read_varint(head_, at, bad);
  if (bad || (!properties && head_.size() >= end)) return false;
  if (!properties) return true;
  complete = true;
  const auto packet = read_u16(head_, topic_end);
  const auto number = events_.publish({packet, (first & 8) != 0});
  std::string inserted;
  inserted += static_cast<char>(subscription_identifier);
  append_varint(inserted, number);
  std::string sizes;
  append_varint(sizes, *properties + static_cast<std::uint32_t>(inserted.size()));
  const std::size_t rest = end - at;
  const std::size_t made = topic_end - body + sizes.size() + inserted.size() + rest;
  if (number == 0 || made + 5 > max_mqtt_packet) {
    swallow_ = rest;
    return true;
  }
  out += static_cast<char>((first & 0xf0) | (first & 1));
  append_varint(out, static_cast<std::uint32_t>(made));
  out.append(head_, body, topic_end - body);
  out += sizes;
  out += inserted;
  pass_ = rest;
  return true;
}

// ---- one connection ----

class MqttWire : public std::enable_shared_from_this<MqttWire> {
 public:
  using Handler = SettlingStream::ReadHandler;
  using DoneHandler = SettlingStream::DoneHandler;

  MqttWire(const asio::any_io_executor& executor, MqttContext& context)
      : socket_(executor),
        context_(context),
        rewriter_({.publish = [this](PublishRewriter::Publish publish) { return number(publish); },
                   .connack = [this](bool present, std::size_t bytes) { accepted(present, bytes); }}) {
    if (context.tls) tls_.emplace(socket_, *context.tls);
  }

  asio::ip::tcp::socket& socket() noexcept { return socket_; }

  void handshake(DoneHandler done) {
    if (!tls_) return asio::post(socket_.get_executor(), asio::append(std::move(done), error_code()));
    if (auto expected = web::expect_host(tls_->native_handle(), context_.host); !expected)
      return asio::post(socket_.get_executor(),
                        asio::append(std::move(done), error_code(asio::error::invalid_argument)));
    tls_->async_handshake(asio::ssl::stream_base::client,
                          [self = shared_from_this(), done = std::move(done)](error_code error) mutable {
                            if (error && self->context_.trouble) {
                              const auto why = web::certificate_trouble(self->tls_->native_handle());
                              if (!why.empty())
                                self->context_.trouble("the broker's certificate is not believed: " + why);
                            }
                            std::move(done)(error);
                          });
  }

  void read(asio::mutable_buffer into, Handler done) {
    if (connack_ > 0 && handed_ >= connack_) {  // it reads on behind CONNACK
      connack_ = 0;
      context_.settlements->current_ = this;
      if (context_.settlements->ready) context_.settlements->ready();
    }
    auto slot = asio::get_associated_cancellation_slot(done);
    if (!out_.empty() || failed_) {
      if (slot.is_connected()) slot.clear();  // what is over is not given up
      const auto bytes = asio::buffer_copy(into, asio::buffer(out_));
      out_.erase(0, bytes);
      handed_ += bytes;
      const auto error = bytes == 0 ? failed_ : error_code();
      return asio::post(socket_.get_executor(), asio::append(std::move(done), error, bytes));
    }
    // The client gives up a read when the broker is silent for too long.
    if (slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->give_up();
      });
    chunk_.resize(read_chunk);
    auto fed = [self = shared_from_this(), into, done = std::move(done)](error_code error,
                                                                         std::size_t bytes) mutable {
      if (!error && !self->rewriter_.feed(std::string_view(self->chunk_).substr(0, bytes), self->out_))
        error = asio::error::connection_reset;
      if (error) self->fail(error);
      self->read(into, std::move(done));
    };
    with_stream([&](auto& stream) { stream.async_read_some(asio::buffer(chunk_), std::move(fed)); });
  }

  /// Writes go out one after another, acknowledgements between those of the client.
  void write(std::string bytes, Handler done) {
    writes_.push_back({std::move(bytes), std::move(done)});
    if (writes_.size() == 1) write_next();
  }

  void acknowledge(std::uint16_t packet) {
    std::string puback{0x40, 2, static_cast<char>(packet >> 8), static_cast<char>(packet & 0xff)};
    write(std::move(puback), Handler());
  }

  void shutdown(DoneHandler done) {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_both, ignored);
    asio::post(socket_.get_executor(), asio::append(std::move(done), error_code()));
  }

  void ended() {
    // One that has been replaced may end after its successor has begun.
    if (context_.settlements->current_ != this) return;
    context_.settlements->current_ = nullptr;
    if (context_.settlements->lost) context_.settlements->lost();
  }

 private:
  struct Write {
    std::string bytes;
    Handler done;
  };

  template <class Use>
  void with_stream(Use use) {
    if (tls_)
      use(*tls_);
    else
      use(socket_);
  }

  void write_next() {
    auto written = [self = shared_from_this()](error_code error, std::size_t bytes) {
      auto write = std::move(self->writes_.front());
      self->writes_.pop_front();
      // What TLS calls a failure is a connection that has ended, to be made anew.
      if (error && error != asio::error::operation_aborted) error = asio::error::connection_reset;
      if (!self->writes_.empty()) self->write_next();
      if (write.done) std::move(write.done)(error, bytes);
    };
    with_stream([&](auto& stream) {
      asio::async_write(stream, asio::buffer(writes_.front().bytes), std::move(written));
    });
  }

  void give_up() {
    fail(asio::error::connection_reset);
    error_code ignored;
    socket_.close(ignored);
  }

  void fail(error_code error) {
    failed_ = error == asio::error::operation_aborted ? error : error_code(asio::error::connection_reset);
    ended();
  }

  std::uint32_t number(PublishRewriter::Publish publish) {
    bool refused = false;
    const auto made = context_.settlements->begin(publish.packet, publish.again, shared_from_this(), refused);
    if (refused) {
      spdlog::error("The broker sends more than the {} messages that we told it we take at once.",
                    max_unsettled);
      error_code ignored;
      socket_.close(ignored);
    }
    return made;
  }

  void accepted(bool session_present, std::size_t bytes) {
    if (!session_present) context_.settlements->forget();
    connack_ = bytes;
  }

  asio::ip::tcp::socket socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  MqttContext context_;
  PublishRewriter rewriter_;
  std::string chunk_, out_;
  std::size_t handed_ = 0;   // bytes that the client has got
  std::size_t connack_ = 0;  // bytes of CONNACK, until the client has read on behind it
  error_code failed_;
  std::deque<Write> writes_;
};

std::uint32_t Settlements::begin(std::uint16_t packet, bool again, const std::shared_ptr<MqttWire>& wire,
                                 bool& refused) {
  const auto known =
      std::ranges::find_if(entries_, [&](const auto& each) { return each.second.packet == packet; });
  if (known != entries_.end()) {
    if (again && known->second.taken) {  // it is with its handler, or has been settled meanwhile
      known->second.wire = wire;
      if (known->second.settled) settle(known->first);
      return 0;
    }
    entries_.erase(known);  // never taken; or the broker has taken the packet id for something new
  }
  if (entries_.size() >= max_unsettled) return refused = true, 0;
  do last_ = last_ % last_number + 1;
  while (entries_.contains(last_));
  entries_.emplace(last_, Entry{.packet = packet, .wire = wire});
  return last_;
}

bool Settlements::take(std::uint32_t number) {
  const auto at = entries_.find(number);
  return at != entries_.end() && std::exchange(at->second.taken, true) == false;
}

void Settlements::settle(std::uint32_t number) {
  const auto at = entries_.find(number);
  if (at == entries_.end()) return;
  if (const auto wire = at->second.wire.lock(); wire && wire->socket().is_open()) {
    const auto packet = at->second.packet;
    entries_.erase(at);
    return wire->acknowledge(packet);
  }
  at->second.settled = true;
}

SettlingStream::SettlingStream(const executor_type& executor, MqttContext& context)
    : wire_(std::make_shared<MqttWire>(executor, context)) {}

SettlingStream::~SettlingStream() {
  error_code ignored;
  wire_->socket().close(ignored);
  wire_->ended();
}

SettlingStream::executor_type SettlingStream::get_executor() const noexcept {
  return wire_->socket().get_executor();
}
SettlingStream::next_layer_type& SettlingStream::next_layer() noexcept {
  return wire_->socket();
}
const SettlingStream::next_layer_type& SettlingStream::next_layer() const noexcept {
  return wire_->socket();
}
void SettlingStream::handshake(DoneHandler done) {
  wire_->handshake(std::move(done));
}
void SettlingStream::read(asio::mutable_buffer buffer, ReadHandler done) {
  wire_->read(buffer, std::move(done));
}
void SettlingStream::write(std::string bytes, ReadHandler done) {
  wire_->write(std::move(bytes), std::move(done));
}
void SettlingStream::shutdown(DoneHandler done) {
  wire_->shutdown(std::move(done));
}

}  // namespace celeriac::gateway
