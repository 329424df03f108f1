#pragma once
// One stream of the wire protocol, seen from one side: requests in both directions, answers in any
// order, slices with flow control.
//
//            peer's requests ──► Dispatcher ──► Responder ──► response (slices first)
//   stream                                                              stream
//            our requests ─────────────────────────────────► Completion ◄── response (slices first)
//
// Everything runs on the thread of the io_context. A session lives as long as its stream or somebody
// who holds it; completions of requests that are unanswered when the stream ends run with `offline`.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>

#include "protocol/document.hpp"
#include "protocol/error.hpp"
#include "protocol/frame_decoder.hpp"
#include "protocol/operations.hpp"
#include "protocol/outbox.hpp"
#include "protocol/stream.hpp"

namespace celeriac::protocol {

/// Unanswered requests of the peer that a stream holds; the next one is answered `overloaded`. The contract
/// asks for 1,024.
inline constexpr std::size_t max_unanswered = 4096;
/// Unanswered slices that we have sent on a stream.
inline constexpr std::size_t slice_window = 8;
/// Data in one slice: a payload less the channel it answers.
inline constexpr std::size_t max_slice = max_payload - 2;
/// Slices of one answer, in bytes: what we send (more is answered `out_of_resources`) and what we collect.
inline constexpr std::size_t max_answer = 16 * 1024 * 1024;
/// Slices of all unfinished answers on a stream that we collect, in bytes.
inline constexpr std::size_t max_collected = 64 * 1024 * 1024;
/// Bytes waiting for the peer to read them: above the first, new requests are `overloaded`; above the second
/// the stream is closed. The first leaves room for 1,024 answers of 8 KiB to a peer that asks first and reads
/// later.
inline constexpr std::size_t outbound_high_water = 8 * 1024 * 1024;
inline constexpr std::size_t outbound_limit = 32 * 1024 * 1024;
/// Emergency stops of a stream that are handed on before the first is answered; further ones share an answer.
inline constexpr std::size_t max_unanswered_stops = 16;

class Session;
class Dispatcher;

/// The answer to a request of ours.
struct Reply {
  std::uint16_t status = 0;  ///< as received
  std::uint16_t value = 0;
  std::string data = {};  ///< the slices, joined

  [[nodiscard]] bool ok() const noexcept { return status == 0; }
  /// The slices of a good reply as a document; an empty object if there were none.
  [[nodiscard]] Result<Json> document() const;
  /// What went wrong, of a bad reply: its error document, or else the meaning of its status.
  [[nodiscard]] Error error() const;
};

/// Answers one request of the peer, exactly once. One that is dropped answers `internal`.
class Responder {
 public:
  Responder(std::shared_ptr<Session> session, Channel channel) noexcept;
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();

  void ok(std::uint16_t value = 0);
  /// Sends the document as slices first; the return value is their number.
  void document(const Json& document);
  void fail(const Error& error);
  /// Passes on the answer of another part, slices and all.
  void forward(const Reply& reply);
  /// The stream has ended: nobody reads the answer.
  [[nodiscard]] bool abandoned() const noexcept;

 private:
  std::shared_ptr<Session> session_;
  Channel channel_{};
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Completion = std::move_only_function<void(Reply)>;

  /// Takes the stream over and reads from it at once. Requests of the peer go to `dispatcher`,
  /// which must outlive the session; without one they are answered `unknown_operation`.
  static std::shared_ptr<Session> start(boost::asio::io_context& io, Stream stream, Peer peer,
                                        const Dispatcher* dispatcher);
  ~Session();

  /// Sends a request on a free channel and returns the channel. `completion` runs once, never from inside
  /// this call. Without a free channel it runs with `overloaded`, on a stream that has ended or whose peer
  /// sends no more with `offline`; the channel returned is then 0.
  Channel request(const Operation& operation, std::string_view payload, Completion completion);
  /// The same on a channel that an answered request had: for what the contract binds to a channel (CODE OPEN,
  /// WRITE, CLOSE). `channel_busy` if it has an unanswered request.
  Channel request_on(Channel channel, const Operation& operation, std::string_view payload,
                     Completion completion);
  /// The same on channel 0, in front of everything.
  void request_urgent(const Operation& operation, std::string_view payload, Completion completion);
  /// The same as request(), to be awaited. Cancelled, it returns `cancelled`; the peer is not told.
  boost::asio::awaitable<Reply> request(const Operation& operation, std::string payload);

  /// Ends the stream after what waits to be written has been tried.
  void close();
  [[nodiscard]] bool open() const noexcept { return open_; }
  /// Runs once, when the stream has ended; soon, if it has. May be called several times.
  void on_closed(std::move_only_function<void()> handler);

  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
  [[nodiscard]] Peer& peer() noexcept { return peer_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  /// A number of its own for every session of the process, for logs and ownership.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// Requests of ours without an answer.
  [[nodiscard]] std::size_t outstanding() const noexcept { return ours_.size(); }

  /// State that a service keeps for this stream, made when first asked for; destroyed when the stream ends.
  template <class T>
  T& local() {
    auto& slot = locals_[std::type_index(typeid(T))];
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  friend class Responder;
  struct Outstanding {
    Completion completion;
    std::string data;
    bool too_long = false;
  };
  /// Part of the handler that waits for input. It is destroyed uncalled only with the io_context, which a
  /// session that somebody still holds must not touch from then on.
  struct Waiting {
    explicit Waiting(std::shared_ptr<Session> waiting) noexcept : session(std::move(waiting)) {}
    Waiting(Waiting&&) noexcept = default;
    ~Waiting() {
      if (session) session->io_gone();
    }
    std::shared_ptr<Session> session;
  };
  /// An answer whose slices are on their way.
  struct Answer {
    ResponseFrame response;
    std::string data;
    std::size_t sent = 0;
  };

  Session(boost::asio::io_context& io, Stream stream, Peer peer, const Dispatcher* dispatcher);
  void read();
  void received(std::size_t bytes);
  void input_ended();
  void end_when_drained();
  void end_soon(std::string_view why);
  void take(const RequestFrame& request);
  void take(const ResponseFrame& response);
  void take_slice(const RequestFrame& request);
  void answer(Channel channel, Status status, std::uint16_t value);
  void answer(Channel channel, Status status, std::string data);
  void settle(ResponseFrame response);
  void respond(Channel channel, Status status);
  void send_slices();
  void refuse(Completion completion, Status status);
  [[nodiscard]] Channel free_channel();
  void write_request(Channel channel, const Operation& operation, std::string_view head,
                     std::string_view payload, Urgency urgency);
  char* append(std::size_t bytes, Urgency urgency);
  void flush_soon();
  void flush();
  void ended(std::string_view why);
  void io_gone() noexcept;
  [[nodiscard]] std::size_t outbound() const noexcept { return outbox_.size() + answer_bytes_; }

  boost::asio::io_context& io_;
  Stream stream_;
  Peer peer_;
  const Dispatcher* dispatcher_;
  std::uint64_t number_;
  bool open_ = true;
  bool closing_ = false;
  bool draining_ = false;  // the peer sends no more, but waits for answers

  FrameDecoder decoder_;
  std::unique_ptr<char[]> input_;  // untouched memory costs nothing
  std::size_t filled_ = 0;
  bool reading_batch_ = false;

  boost::unordered_flat_map<std::uint16_t, Outstanding> ours_;
  std::size_t collected_ = 0;  // bytes of slices in ours_
  std::uint16_t next_channel_ = 1;
  boost::unordered_flat_set<std::uint16_t> theirs_;
  std::size_t emergencies_ = 0;  // unanswered on channel 0
  std::size_t shared_stops_ =
      0;  // stops beyond max_unanswered_stops: answered with the next answer on channel 0

  std::deque<Answer> answers_;
  std::size_t answer_bytes_ = 0;
  std::size_t slices_unanswered_ = 0;

  Outbox outbox_;
  std::string nowhere_;  // takes the frames of a stream that is about to end
  bool ending_ = false;
  bool output_full_ = false;  // the system takes no more for now
  bool flush_scheduled_ = false;

  std::map<std::type_index, std::shared_ptr<void>> locals_;
  std::vector<std::move_only_function<void()>> closed_handlers_;
};

}  // namespace celeriac::protocol
