#include "protocol/session.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "protocol/dispatcher.hpp"

namespace celeriac::protocol {
namespace {

// A frame of the largest size and something behind it: what one read may bring.
constexpr std::size_t input_size = 2 * (request_header_size + max_payload);
// Requests of ours that may be unanswered: channels 1 to 65535, less a few so that a free one is found soon.
constexpr std::size_t max_requests = 0xfff0;

std::uint64_t next_number() {
  static std::uint64_t last = 0;
  return ++last;
}

/// An exception out of a handler is a defect of its service; the stream and its other requests go on.
void guarded(auto&& work) {
  try {
    work();
  } catch (const std::exception& error) {
    spdlog::error("a handler threw, which is a defect of the host: {}", error.what());
  }
}

Reply reply_of(Status status) {
  return {.status = static_cast<std::uint16_t>(status), .value = 0};
}

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
  if (!abandoned())
    fail({.status = Status::internal,
          .message = "The host gave no answer to this request. This is a defect of the host."});
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

bool Responder::abandoned() const noexcept {
  return session_ == nullptr || !session_->open();
}

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
      decoder_([this](Channel channel) { return ours_.contains(static_cast<std::uint16_t>(channel)); }),
      input_(std::make_unique_for_overwrite<char[]>(input_size)) {}

Session::~Session() = default;

void Session::close() {
  if (!open_ || closing_) return;
  closing_ = true;
  flush();
  end_soon("closed by us");
}

void Session::on_closed(std::move_only_function<void()> handler) {
  if (open_) return closed_handlers_.push_back(std::move(handler));
  boost::asio::post(io_, std::move(handler));
}

// For places whose caller must not see completions run.
void Session::end_soon(std::string_view why) {
  if (std::exchange(ending_, true)) return;
  boost::asio::post(io_, [self = shared_from_this(), why] { self->ended(why); });
}

void Session::ended(std::string_view why) {
  if (!open_) return;
  open_ = false;
  spdlog::debug("stream {} ({}) ended: {}", number_, peer_.name, why);
  boost::system::error_code ignored;
  stream_.input->close(ignored);
  stream_.output->close(ignored);
  stream_ = {};
  // Handlers may start anything, so everything is taken out of the session first.
  auto ours = std::move(ours_);
  auto handlers = std::move(closed_handlers_);
  auto locals = std::move(locals_);
  ours_.clear();
  closed_handlers_.clear();
  locals_.clear();
  theirs_.clear();
  answers_.clear();
  answer_bytes_ = 0;
  outbox_.clear();
  for (auto& [channel, waiting] : ours) guarded([&] { waiting.completion(reply_of(Status::offline)); });
  for (auto& handler : handlers) guarded(handler);
}

void Session::io_gone() noexcept {
  open_ = false;
  stream_ = {};
  // What these hold may hold the session, or be held by it.
  const auto ours = std::exchange(ours_, {});
  const auto handlers = std::exchange(closed_handlers_, {});
  const auto locals = std::exchange(locals_, {});
}

// ---- Session: reading ----------------------------------------------------------------------------

void Session::read() {
  stream_.input->async_read_some(boost::asio::buffer(input_.get() + filled_, input_size - filled_),
                                 [waiting = Waiting(shared_from_this())](
                                     const boost::system::error_code& error, std::size_t bytes) mutable {
                                   const auto self = std::exchange(waiting.session, nullptr);
                                   if (!self->open_) return;
                                   if (error == boost::asio::error::eof) return self->input_ended();
                                   if (error) return self->ended(error.message());
                                   self->received(bytes);
                                 });
}

// A peer that only stopped sending (a pipe, a socket shut down for writing) still gets the answers that it
// waits for. One that is gone altogether, or may be (TCP does not tell), ends the stream at once.
void Session::input_ended() {
  pollfd state{.fd = stream_.output->native_handle(), .events = POLLOUT, .revents = 0};
  ::poll(&state, 1, 0);
  if (peer_.transport == Transport::tcp || (state.revents & (POLLHUP | POLLERR)) != 0)
    return ended("the peer closed it");
  draining_ = true;
  // Nobody will answer what we asked, slices included, so the window means nothing any more.
  auto ours = std::exchange(ours_, {});
  collected_ = 0;
  for (auto& [channel, waiting] : ours) guarded([&] { waiting.completion(reply_of(Status::offline)); });
  if (!open_) return;
  send_slices();
  end_when_drained();
  if (!open_) return;
  stream_.output->async_wait(
      boost::asio::posix::descriptor_base::wait_error,
      [waiting = Waiting(shared_from_this())](const boost::system::error_code& error) mutable {
        const auto self = std::exchange(waiting.session, nullptr);
        if (!error) self->ended("the peer closed it");
      });
}

void Session::end_when_drained() {
  if (draining_ && theirs_.empty() && outbound() == 0) ended("the peer has all its answers");
}

void Session::received(std::size_t bytes) {
  filled_ += bytes;
  std::string_view rest(input_.get(), filled_);
  reading_batch_ = true;
  for (bool more = true; more && open_ && !ending_;) {
    const auto decoded = decoder_.next(rest);
    if (const auto* request = std::get_if<RequestFrame>(&decoded)) {
      guarded([&] { take(*request); });
    } else if (const auto* response = std::get_if<ResponseFrame>(&decoded)) {
      guarded([&] { take(*response); });
    } else if (const auto* malformed = std::get_if<MalformedFrame>(&decoded)) {
      respond(malformed->channel, Status::malformed);
    } else {
      more = false;
      if (!std::holds_alternative<StreamLost>(decoded)) continue;
      spdlog::warn("stream {} ({}) is closed: {} bytes in a row were no frame", number_, peer_.name,
                   max_dropped_bytes);
      close();
    }
  }
  reading_batch_ = false;
  if (!open_ || ending_) return;
  filled_ = rest.size();
  if (filled_ != 0 && rest.data() != input_.get()) std::memmove(input_.get(), rest.data(), filled_);
  flush();
  read();
}

void Session::take(const RequestFrame& frame) {
  const auto number = static_cast<std::uint16_t>(frame.channel);
  const bool emergency = frame.channel == emergency_channel;
  const bool stop = emergency && frame.space == "SYS" && frame.wire == "ESTOP";
  // An emergency stop is never refused, not even while another one is unanswered.
  if (!stop && theirs_.contains(number)) return respond(frame.channel, Status::channel_busy);
  if (stop && emergencies_ >= max_unanswered_stops) {
    ++shared_stops_;
    return;
  }
  if (peer_.admitted && frame.space == "SLCE" && frame.wire == "NEW") return take_slice(frame);
  if (!emergency && (theirs_.size() >= max_unanswered || outbound() > outbound_high_water))
    return respond(frame.channel, Status::overloaded);
  if (dispatcher_ == nullptr) return respond(frame.channel, Status::unknown_operation);
  theirs_.insert(number);
  if (emergency) ++emergencies_;
  if (const auto& tap = dispatcher_->tap(); tap.request) tap.request(*this, frame);
  dispatcher_->dispatch(shared_from_this(), frame);
}

void Session::take(const ResponseFrame& response) {
  const auto found = ours_.find(static_cast<std::uint16_t>(response.channel));
  if (found == ours_.end()) return;  // an answer to nothing tells nothing
  Outstanding waiting = std::move(found->second);
  ours_.erase(found);
  collected_ -= waiting.data.size();
  if (waiting.too_long) return waiting.completion(reply_of(Status::out_of_resources));
  waiting.completion({response.status, response.value, std::move(waiting.data)});
}

void Session::take_slice(const RequestFrame& frame) {
  if (frame.payload.size() < 2) return respond(frame.channel, Status::malformed);
  const auto found = ours_.find(load_u16(frame.payload.data()));
  if (found == ours_.end()) return respond(frame.channel, Status::not_found);
  auto& waiting = found->second;
  const auto data = frame.payload.substr(2);
  if (waiting.too_long || waiting.data.size() + data.size() > max_answer ||
      collected_ + data.size() > max_collected) {
    // What is there of it is of no use: the answer will be `out_of_resources`.
    waiting.too_long = true;
    collected_ -= waiting.data.size();
    waiting.data = {};
    return respond(frame.channel, Status::overloaded);
  }
  waiting.data.append(data);
  collected_ += data.size();
  respond(frame.channel, Status::ok);
}

// ---- Session: answering --------------------------------------------------------------------------

void Session::answer(Channel channel, Status status, std::uint16_t value) {
  if (open_) settle({channel, static_cast<std::uint16_t>(status), value});
}

void Session::answer(Channel channel, Status status, std::string data) {
  if (!open_) return;
  if (data.size() > max_answer)
    return answer(
        channel, Status::out_of_resources,
        to_bson(Error{.status = Status::out_of_resources,
                      .message = std::format("The answer is {} bytes long: {} is the most that is sent.",
                                             data.size(), max_answer)}
                    .document()));
  const bool emergency = channel == emergency_channel;
  // The answer to a stop does not wait for a peer that owes answers to slices.
  if (emergency && !draining_ && slices_unanswered_ >= slice_window) return answer(channel, status, 0);
  const auto parts = std::max<std::size_t>(1, (data.size() + max_slice - 1) / max_slice);
  answer_bytes_ += data.size();
  Answer made{{channel, static_cast<std::uint16_t>(status), static_cast<std::uint16_t>(parts)},
              std::move(data)};
  if (emergency)
    answers_.push_front(std::move(made));
  else
    answers_.push_back(std::move(made));
  if (outbound() > outbound_limit) return end_soon("the peer does not read");
  send_slices();
}

/// The request on this channel has its answer: sends it, and frees the channel.
void Session::settle(ResponseFrame response) {
  const bool emergency = response.channel == emergency_channel;
  if (!emergency || emergencies_ <= 1) theirs_.erase(static_cast<std::uint16_t>(response.channel));
  if (dispatcher_ != nullptr && dispatcher_->tap().response) dispatcher_->tap().response(*this, response);
  std::size_t copies = 1;
  if (emergency) {
    if (emergencies_ > 0) --emergencies_;
    copies += std::exchange(shared_stops_, 0);
  }
  for (; copies > 0; --copies)
    encode_response(append(response_size, emergency ? Urgency::urgent : Urgency::normal), response);
}

void Session::respond(Channel channel, Status status) {
  encode_response(append(response_size, Urgency::normal), {channel, static_cast<std::uint16_t>(status), 0});
}

void Session::send_slices() {
  static const Operation& slice = *find_operation("SLCE", "NEW");
  while (open_ && !answers_.empty() && (draining_ || slices_unanswered_ < slice_window)) {
    const Channel carrier = free_channel();
    if (carrier == emergency_channel) return;  // every channel is taken: the next answer to us frees one
    Answer& front = answers_.front();
    const bool emergency = front.response.channel == emergency_channel;
    const auto part = std::string_view(front.data).substr(front.sent, max_slice);
    char head[2];
    store_u16(head, static_cast<std::uint16_t>(front.response.channel));
    write_request(carrier, slice, {head, sizeof head}, part, emergency ? Urgency::urgent : Urgency::normal);
    if (!draining_) {
      ++slices_unanswered_;
      ours_.emplace(static_cast<std::uint16_t>(carrier), Outstanding{.completion = [this](Reply) {
                      // Completions are the session's own, so it is there when they run.
                      --slices_unanswered_;
                      send_slices();
                    }});
    }
    front.sent += part.size();
    if (front.sent < front.data.size()) continue;
    answer_bytes_ -= front.data.size();
    const auto response = front.response;
    answers_.pop_front();
    settle(response);
  }
}

// ---- Session: asking -----------------------------------------------------------------------------

/// A channel without an unanswered request of ours, or 0 if there is none.
Channel Session::free_channel() {
  if (ours_.size() >= max_requests) return Channel{0};
  while (next_channel_ == 0 || ours_.contains(next_channel_)) ++next_channel_;
  return Channel{next_channel_++};
}

void Session::refuse(Completion completion, Status status) {
  boost::asio::post(io_, [run = std::move(completion), status]() mutable { run(reply_of(status)); });
}

void Session::write_request(Channel channel, const Operation& operation, std::string_view head,
                            std::string_view payload, Urgency urgency) {
  const std::size_t size = head.size() + payload.size();
  char* out = append(request_header_size + size, urgency);
  encode_request_header(out, channel, operation.space, operation.wire, static_cast<std::uint16_t>(size));
  out = std::ranges::copy(head, out + request_header_size).out;
  std::ranges::copy(payload, out);
}

Channel Session::request(const Operation& operation, std::string_view payload, Completion completion) {
  const auto refused = [&](Status status) {
    refuse(std::move(completion), status);
    return Channel{0};
  };
  if (!open_ || ending_ || draining_) return refused(Status::offline);
  if (payload.size() > max_payload) return refused(Status::malformed);
  const Channel channel = free_channel();
  if (channel == emergency_channel) return refused(Status::overloaded);
  ours_.emplace(static_cast<std::uint16_t>(channel), Outstanding{.completion = std::move(completion)});
  write_request(channel, operation, {}, payload, Urgency::normal);
  return channel;
}

Channel Session::request_on(Channel channel, const Operation& operation, std::string_view payload,
                            Completion completion) {
  const auto refused = [&](Status status) {
    refuse(std::move(completion), status);
    return channel;
  };
  if (!open_ || ending_ || draining_) return refused(Status::offline);
  if (payload.size() > max_payload) return refused(Status::malformed);
  if (ours_.contains(static_cast<std::uint16_t>(channel))) return refused(Status::channel_busy);
  ours_.emplace(static_cast<std::uint16_t>(channel), Outstanding{.completion = std::move(completion)});
  write_request(channel, operation, {}, payload, Urgency::normal);
  return channel;
}

void Session::request_urgent(const Operation& operation, std::string_view payload, Completion completion) {
  if (!open_ || ending_ || draining_) return refuse(std::move(completion), Status::offline);
  if (payload.size() > max_payload) return refuse(std::move(completion), Status::malformed);
  const auto [waiting, first] = ours_.try_emplace(static_cast<std::uint16_t>(emergency_channel));
  if (first) {
    waiting->second.completion = std::move(completion);
  } else {
    // The same stop again: the first answer serves both.
    waiting->second.completion = [earlier = std::move(waiting->second.completion),
                                  later = std::move(completion)](Reply reply) mutable {
      earlier(reply);
      later(std::move(reply));
    };
  }
  write_request(emergency_channel, operation, {}, payload, Urgency::urgent);
  flush();
}

boost::asio::awaitable<Reply> Session::request(const Operation& operation, std::string payload) {
  auto self = shared_from_this();
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Reply)>(
      [self](auto handler, const Operation* row, std::string bytes) {
        // Whoever comes first, the answer or a cancellation, takes the handler.
        using Handler = decltype(handler);
        auto waiting =
            std::make_shared<std::shared_ptr<Handler>>(std::make_shared<Handler>(std::move(handler)));
        const auto finish = [self](std::shared_ptr<Handler>& place, Reply reply) {
          // It resumes a coroutine, which must not happen inside a batch of frames that it may end.
          if (auto resume = std::exchange(place, nullptr))
            boost::asio::post(
                self->io_, [resume, answer = std::move(reply)]() mutable { (*resume)(std::move(answer)); });
        };
        auto slot = boost::asio::get_associated_cancellation_slot(**waiting);
        if (slot.is_connected())
          slot.assign([finish, weak = std::weak_ptr(waiting)](boost::asio::cancellation_type) {
            if (const auto place = weak.lock()) finish(*place, reply_of(Status::cancelled));
          });
        self->request(*row, bytes, [finish, waiting](Reply reply) { finish(*waiting, std::move(reply)); });
      },
      boost::asio::use_awaitable, &operation, std::move(payload));
}

// ---- Session: writing ----------------------------------------------------------------------------

char* Session::append(std::size_t bytes, Urgency urgency) {
  if (!ending_ && outbound() + bytes > outbound_limit) {
    spdlog::warn("stream {} ({}) is closed: {} bytes wait for it and it does not read them", number_,
                 peer_.name, outbound());
    end_soon("the peer does not read");
  }
  if (ending_ || !open_) {
    nowhere_.resize(bytes);
    return nowhere_.data();
  }
  flush_soon();
  return outbox_.append(bytes, urgency);
}

void Session::flush_soon() {
  if (reading_batch_ || flush_scheduled_ || output_full_) return;
  flush_scheduled_ = true;
  boost::asio::post(io_, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void Session::flush() {
  if (!open_ || ending_ || output_full_) return;
  while (outbox_.size() != 0) {
    const auto taken = stream_.write_some(outbox_.front());
    if (!taken) {
      output_full_ = true;
      return end_soon("it cannot be written to");
    }
    outbox_.sent(*taken);
    if (*taken == 0) {
      output_full_ = true;
      stream_.output->async_wait(boost::asio::posix::descriptor_base::wait_write,
                                 [self = shared_from_this()](const boost::system::error_code& error) {
                                   if (error || !self->open_) return;
                                   self->output_full_ = false;
                                   self->flush();
                                   self->end_when_drained();
                                 });
      return;
    }
  }
  if (draining_) boost::asio::post(io_, [self = shared_from_this()] { self->end_when_drained(); });
}

}  // namespace celeriac::protocol
