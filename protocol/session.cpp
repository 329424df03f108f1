#include "protocol/session.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "protocol/dispatcher.hpp"

namespace celeriac::protocol {
namespace {

// A frame of the largest size and something behind it: what one read may bring.
constexpr std::size_t input_size = 2 * (request_header_size + max_payload);
constexpr std::size_t output_chunk = 64 * 1024;

std::uint64_t next_number() {
  static std::uint64_t last = 0;
  return ++last;
}

Reply reply_of(Status status) { return {.status = static_cast<std::uint16_t>(status), .value = 0}; }

}  // namespace

// ---- Reply ---------------------------------------------------------------------------------------

Result<Json> Reply::document() const {
  if (data.empty()) return Json::object();
  return from_bson(data);
}

Error Reply::error() const {
  const Status known = status < status_count ? Status{status} : Status::internal;
  Error made{.status = known, .message = std::format("The answer was {}: {}.", name(known), meaning(known))};
  if (status >= status_count) made.message = std::format("The answer had the unknown status {}.", status);
  if (data.empty()) return made;
  const auto read = from_bson(data);
  if (!read) return made;
  const auto text = [&](const char* key) {
    const auto found = read->find(key);
    return found != read->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (auto message = text("message"); !message.empty()) made.message = std::move(message);
  made.path = text("path");
  made.code = text("code");
  if (const auto details = read->find("details"); details != read->end() && details->is_object())
    made.details = *details;
  return made;
}

// ---- Responder -----------------------------------------------------------------------------------

Responder::Responder(std::shared_ptr<Session> session, Channel channel) noexcept
    : session_(std::move(session)), channel_(channel) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder dropped(std::move(*this));
    session_ = std::move(other.session_);
    channel_ = other.channel_;
  }
  return *this;
}

Responder::~Responder() {
  if (session_ != nullptr && session_->open())
    fail({.status = Status::internal, .message = "The host gave no answer to this request. This is a defect of the host."});
}

void Responder::ok(std::uint16_t value) {
  if (const auto session = std::exchange(session_, nullptr)) session->answer(channel_, Status::ok, value);
}

void Responder::document(const Json& document) {
  if (const auto session = std::exchange(session_, nullptr))
    session->answer(channel_, Status::ok, to_bson(document));
}

void Responder::fail(const Error& error) {
  const auto session = std::exchange(session_, nullptr);
  if (session == nullptr) return;
  if (error.status == Status::internal) spdlog::error("{}", error.message);
  session->answer(channel_, error.status, to_bson(error.document()));
}

void Responder::forward(const Reply& reply) {
  const auto session = std::exchange(session_, nullptr);
  if (session == nullptr) return;
  if (reply.data.empty())
    session->answer(channel_, Status{reply.status}, reply.value);
  else
    session->answer(channel_, Status{reply.status}, reply.data);
}

bool Responder::abandoned() const noexcept { return session_ == nullptr || !session_->open(); }

// ---- Session: life -------------------------------------------------------------------------------

std::shared_ptr<Session> Session::start(boost::asio::io_context& io, Stream stream, Peer peer,
                                        const Dispatcher* dispatcher) {
  std::shared_ptr<Session> session(new Session(io, std::move(stream), std::move(peer), dispatcher));
  session->read();
  return session;
}

Session::Session(boost::asio::io_context& io, Stream stream, Peer peer, const Dispatcher* dispatcher)
    : io_(io),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      dispatcher_(dispatcher),
      number_(next_number()),
      input_(input_size) {}

Session::~Session() = default;

void Session::close() {
  if (!open_ || closing_) return;
  closing_ = true;
  flush();
  boost::asio::post(io_, [self = shared_from_this()] { self->ended("closed by us"); });
}

void Session::on_closed(std::move_only_function<void()> handler) {
  closed_handlers_.push_back(std::move(handler));
}

void Session::ended(std::string_view why) {
  if (!open_) return;
  open_ = false;
  spdlog::debug("stream {} ({}) ended: {}", number_, peer_.name, why);
  boost::system::error_code ignored;
  stream_.input->close(ignored);
  stream_.output->close(ignored);
  // Handlers may start anything, so everything is taken out of the session first.
  auto ours = std::move(ours_);
  auto handlers = std::move(closed_handlers_);
  auto locals = std::move(locals_);
  theirs_.clear();
  answers_.clear();
  waiting_.clear();
  for (auto& [channel, waiting] : ours)
    if (waiting.completion) waiting.completion(reply_of(Status::offline));
  for (auto& handler : handlers) handler();
}

// ---- Session: reading ----------------------------------------------------------------------------

void Session::read() {
  stream_.input->async_read_some(
      boost::asio::buffer(input_.data() + filled_, input_.size() - filled_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
        if (!self->open_) return;
        if (error == boost::asio::error::eof) return self->input_ended();
        if (error) return self->ended(error.message());
        self->received(bytes);
      });
}

// A peer that only stopped sending (a pipe, a socket shut down for writing) still gets the answers that it waits
// for. One that is gone altogether, or may be (TCP does not tell), ends the stream at once.
void Session::input_ended() {
  pollfd state{.fd = stream_.output->native_handle(), .events = POLLOUT, .revents = 0};
  ::poll(&state, 1, 0);
  if (peer_.transport == Transport::tcp || (state.revents & (POLLHUP | POLLERR)) != 0)
    return ended("the peer closed it");
  draining_ = true;
  send_slices();
  end_when_drained();
  if (!open_) return;
  stream_.output->async_wait(boost::asio::posix::descriptor_base::wait_error,
                             [weak = weak_from_this()](const boost::system::error_code& error) {
                               if (const auto self = weak.lock(); self != nullptr && !error)
                                 self->ended("the peer closed it");
                             });
}

void Session::end_when_drained() {
  if (draining_ && theirs_.empty() && answers_.empty() && outbound_bytes_ == 0) ended("the peer has all its answers");
}

void Session::received(std::size_t bytes) {
  filled_ += bytes;
  std::string_view rest(input_.data(), filled_);
  reading_batch_ = true;
  for (bool more = true; more && open_;) {
    const auto decoded = decoder_.next(rest);
    if (const auto* request = std::get_if<RequestFrame>(&decoded)) {
      take(*request);
    } else if (const auto* response = std::get_if<ResponseFrame>(&decoded)) {
      take(*response);
    } else if (const auto* malformed = std::get_if<MalformedFrame>(&decoded)) {
      respond({malformed->channel, static_cast<std::uint16_t>(Status::malformed), 0}, Urgency::normal);
    } else {
      more = false;
      if (std::holds_alternative<StreamLost>(decoded)) {
        spdlog::warn("stream {} ({}) is closed: {} bytes in a row were no frame", number_, peer_.name,
                     max_dropped_bytes);
        reading_batch_ = false;
        close();
        return;
      }
    }
  }
  reading_batch_ = false;
  if (!open_) return;
  filled_ = rest.size();
  if (filled_ != 0 && rest.data() != input_.data()) std::memmove(input_.data(), rest.data(), filled_);
  flush();
  if (open_) read();
}

void Session::take(const RequestFrame& frame) {
  if (frame.space == "SLCE" && frame.wire == "NEW") return take_slice(frame);
  const auto number = static_cast<std::uint16_t>(frame.channel);
  const bool emergency = frame.channel == emergency_channel;
  const bool stop = emergency && frame.space == "SYS" && frame.wire == "ESTOP";
  const auto refuse = [&](Status status) {
    respond({frame.channel, static_cast<std::uint16_t>(status), 0}, Urgency::normal);
  };
  // An emergency stop is never refused, not even while another one is unanswered.
  if (theirs_.contains(number) && !stop) return refuse(Status::channel_busy);
  if (!emergency && (theirs_.size() >= max_unanswered || outbound() > outbound_high_water))
    return refuse(Status::overloaded);
  if (dispatcher_ == nullptr) return refuse(Status::unknown_operation);
  theirs_.insert(number);
  dispatcher_->dispatch(shared_from_this(), frame);
}

void Session::take(const ResponseFrame& response) {
  const auto found = ours_.find(static_cast<std::uint16_t>(response.channel));
  if (found == ours_.end()) return;  // an answer to nothing tells nothing
  Outstanding waiting = std::move(found->second);
  ours_.erase(found);
  if (!waiting.completion) return;
  if (waiting.too_long) return waiting.completion(reply_of(Status::out_of_resources));
  waiting.completion({response.status, response.value, std::move(waiting.data)});
}

void Session::take_slice(const RequestFrame& frame) {
  const auto answer_with = [&](Status status) {
    respond({frame.channel, static_cast<std::uint16_t>(status), 0}, Urgency::normal);
  };
  if (frame.payload.size() < 2) return answer_with(Status::malformed);
  const auto found = ours_.find(load_u16(frame.payload.data()));
  if (found == ours_.end()) return answer_with(Status::not_found);
  auto& waiting = found->second;
  const auto data = frame.payload.substr(2);
  if (waiting.data.size() + data.size() > max_answer) {
    waiting.too_long = true;
    return answer_with(Status::overloaded);
  }
  waiting.data.append(data);
  answer_with(Status::ok);
}

// ---- Session: answering --------------------------------------------------------------------------

void Session::answer(Channel channel, Status status, std::uint16_t value) {
  if (!open_) return;
  theirs_.erase(static_cast<std::uint16_t>(channel));
  respond({channel, static_cast<std::uint16_t>(status), value},
          channel == emergency_channel ? Urgency::urgent : Urgency::normal);
}

void Session::answer(Channel channel, Status status, std::string data) {
  if (!open_) return;
  const auto parts = std::max<std::size_t>(1, (data.size() + max_slice - 1) / max_slice);
  answer_bytes_ += data.size();
  answers_.push_back({channel,
                      {channel, static_cast<std::uint16_t>(status), static_cast<std::uint16_t>(parts)},
                      std::move(data)});
  send_slices();
}

void Session::respond(ResponseFrame response, Urgency urgency) {
  encode_response(append(response_size, urgency), response);
}

void Session::send_slices() {
  static const Operation& slice = *find_operation("SLCE", "NEW");
  // Nobody answers slices any more on a stream whose input has ended.
  while (open_ && !answers_.empty() && (draining_ || slices_unanswered_ < slice_window)) {
    Answer& front = answers_.front();
    const auto part = std::string_view(front.data).substr(front.sent, max_slice);
    std::string payload = encode_id(static_cast<std::uint16_t>(front.channel));
    payload.append(part);
    ++slices_unanswered_;
    send_request(Channel{0}, slice, payload,
                 {.completion = [weak = weak_from_this()](Reply) {
                    const auto self = weak.lock();
                    if (self == nullptr) return;
                    --self->slices_unanswered_;
                    self->send_slices();
                  }},
                 Urgency::normal);
    front.sent += part.size();
    if (front.sent < front.data.size()) continue;
    answer_bytes_ -= front.data.size();
    theirs_.erase(static_cast<std::uint16_t>(front.channel));
    respond(front.response, Urgency::normal);
    answers_.pop_front();
  }
}

// ---- Session: asking -----------------------------------------------------------------------------

Channel Session::send_request(Channel channel, const Operation& operation, std::string_view payload,
                              Outstanding waiting, Urgency urgency) {
  const auto refuse = [&](Status status) {
    if (waiting.completion)
      boost::asio::post(io_, [run = std::move(waiting.completion), status]() mutable { run(reply_of(status)); });
    return channel;
  };
  if (!open_) return refuse(Status::offline);
  if (payload.size() > max_payload) return refuse(Status::malformed);
  if (urgency == Urgency::normal) {
    if (ours_.size() >= 0xfff0) return refuse(Status::overloaded);
    while (next_channel_ == 0 || ours_.contains(next_channel_)) ++next_channel_;
    channel = Channel{next_channel_++};
  } else if (const auto busy = ours_.find(static_cast<std::uint16_t>(channel)); busy != ours_.end()) {
    // The same stop again: one answer serves both.
    busy->second.completion = [first = std::move(busy->second.completion),
                               second = std::move(waiting.completion)](Reply reply) mutable {
      if (first) first(reply);
      if (second) second(std::move(reply));
    };
    waiting.completion = nullptr;
  }
  char* out = append(request_header_size + payload.size(), urgency);
  encode_request_header(out, channel, operation.space, operation.wire, static_cast<std::uint16_t>(payload.size()));
  std::memcpy(out + request_header_size, payload.data(), payload.size());
  if (urgency == Urgency::normal || waiting.completion)
    ours_.insert_or_assign(static_cast<std::uint16_t>(channel), std::move(waiting));
  return channel;
}

Channel Session::request(const Operation& operation, std::string_view payload, Completion completion) {
  return send_request(Channel{0}, operation, payload, {.completion = std::move(completion)}, Urgency::normal);
}

void Session::request_urgent(const Operation& operation, std::string_view payload, Completion completion) {
  send_request(emergency_channel, operation, payload, {.completion = std::move(completion)}, Urgency::urgent);
  flush();
}

boost::asio::awaitable<Reply> Session::request(const Operation& operation, std::string payload) {
  auto self = shared_from_this();
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Reply)>(
      [self](auto handler, const Operation* row, std::string bytes) {
        // The handler resumes a coroutine, which must not happen inside a batch of frames that it may end.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        self->request(*row, bytes, [self, shared](Reply reply) {
          boost::asio::post(self->io_, [shared, answer = std::move(reply)]() mutable {
            (*shared)(std::move(answer));
          });
        });
      },
      boost::asio::use_awaitable, &operation, std::move(payload));
}

// ---- Session: writing ----------------------------------------------------------------------------

char* Session::append(std::size_t bytes, Urgency urgency) {
  std::string* chunk = &urgent_;
  if (urgency == Urgency::normal) {
    if (waiting_.empty() || waiting_.back().size() + bytes > output_chunk) waiting_.emplace_back();
    chunk = &waiting_.back();
  }
  const std::size_t at = chunk->size();
  chunk->resize(at + bytes);
  outbound_bytes_ += bytes;
  flush_soon();
  return chunk->data() + at;
}

void Session::flush_soon() {
  if (reading_batch_ || flush_scheduled_ || !writing_.empty()) return;
  flush_scheduled_ = true;
  boost::asio::post(io_, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void Session::flush() {
  if (!open_ || !writing_.empty() || outbound_bytes_ == 0) return;
  if (outbound_bytes_ > outbound_limit) {
    spdlog::warn("stream {} ({}) is closed: {} bytes wait for it and it does not read them", number_, peer_.name,
                 outbound_bytes_);
    return ended("the peer does not read");
  }
  written_ = 0;
  writing_.clear();
  writing_.swap(urgent_);
  if (writing_.empty() && !waiting_.empty()) {
    writing_.swap(waiting_.front());
    // The emptied buffer is kept for the next frames where it is the only one.
    if (waiting_.size() > 1) waiting_.pop_front();
  }
  if (writing_.empty()) return;
  stream_.output->async_write_some(
      boost::asio::buffer(writing_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
        self->wrote(error, bytes);
      });
}

void Session::wrote(const boost::system::error_code& error, std::size_t bytes) {
  if (!open_) return;
  if (error) return ended(error.message());
  written_ += bytes;
  outbound_bytes_ -= bytes;
  if (written_ < writing_.size()) {
    stream_.output->async_write_some(
        boost::asio::buffer(writing_.data() + written_, writing_.size() - written_),
        [self = shared_from_this()](const boost::system::error_code& again, std::size_t more) {
          self->wrote(again, more);
        });
    return;
  }
  writing_.clear();
  flush();
  end_when_drained();
}

}  // namespace celeriac::protocol
