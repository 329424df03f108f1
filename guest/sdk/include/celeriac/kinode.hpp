#pragma once
// kinode:process/standard for guests in C++:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/kinode.hpp>
//
//   void kinode_main(kinode_address our) {
//     for (;;) {
//       celeriac::kinode::Received item = celeriac::kinode::receive();
//       if (item.wants_response()) celeriac::kinode::respond(item.body());
//     }
//   }

#include <chrono>

#include "base.hpp"
#include "kinode.h"

namespace celeriac::kinode {

/// An item of the mailbox: a request, a response, or the error of a request. Views end with it.
class Received {
 public:
  explicit Received(kinode_received item) : item_(item) {}
  Received(Received&& other) noexcept : item_(other.item_), owned_(std::exchange(other.owned_, false)) {}
  Received& operator=(Received&&) = delete;
  ~Received() {
    if (owned_) kinode_free_received(&item_);
  }

  [[nodiscard]] bool is_request() const { return kinode_is_request(&item_); }
  [[nodiscard]] bool is_response() const { return !item_.is_error && item_.message.is_response; }
  [[nodiscard]] bool is_error() const { return item_.is_error; }
  [[nodiscard]] bool wants_response() const { return kinode_wants_response(&item_); }
  [[nodiscard]] std::string_view body() const { return view(kinode_body(&item_)); }
  [[nodiscard]] Json json() const { return Json(body()); }
  /// Whether a message comes from "process:package:publisher" of this node.
  [[nodiscard]] bool from(const char* process) const { return kinode_from(&item_, process); }
  /// What was kept with the request that is answered, or has failed.
  [[nodiscard]] std::string_view context() const {
    const kinode_option_text& kept = item_.is_error ? item_.error_context : item_.message.context;
    bool there = (item_.is_error || item_.message.is_response) && kept.some;
    return there ? view(kept.value) : std::string_view();
  }
  [[nodiscard]] const kinode_received& raw() const { return item_; }

 private:
  kinode_received item_;
  bool owned_ = true;
};

/// What a request that was waited for brought.
class Answer {
 public:
  explicit Answer(kinode_awaited item) : item_(item) {}
  Answer(Answer&& other) noexcept : item_(other.item_), owned_(std::exchange(other.owned_, false)) {}
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (owned_) kinode_free_awaited(&item_);
  }
  /// False if there was no response in time.
  explicit operator bool() const { return !item_.is_error; }
  [[nodiscard]] std::string_view body() const {
    return item_.is_error ? std::string_view() : view(item_.message.response.body);
  }
  [[nodiscard]] Json json() const { return Json(body()); }
  [[nodiscard]] bool offline() const { return item_.is_error && item_.error.kind == kinode_offline; }
  [[nodiscard]] const kinode_awaited& raw() const { return item_; }

 private:
  kinode_awaited item_;
  bool owned_ = true;
};

/// A request to be sent. What it is given has to live until then.
class Request {
 public:
  Request(const char* to, std::string_view body) : message_(kinode_request_to(to, text(body))) {}
  Request& expects(std::chrono::seconds time) {
    message_.request.expects_response = {true, static_cast<uint64_t>(time.count())};
    return *this;
  }
  Request& inherit() { return message_.request.inherit = true, *this; }
  Request& context(std::string_view kept) { return message_.context = kinode_some(text(kept)), *this; }
  Request& metadata(std::string_view json) {
    return message_.request.metadata = kinode_some(text(json)), *this;
  }
  Request& blob(std::string_view mime, std::string_view bytes) {
    message_.blob = {true, {kinode_some(text(mime)), text(bytes)}};
    return *this;
  }
  void send() const { kinode_send(&message_); }
  [[nodiscard]] Answer await(std::chrono::seconds time) {
    expects(time);
    const kinode_exit_request request = {message_.target, message_.request, message_.blob};
    kinode_awaited result;
    kinode_import_send_and_await_response(&request, &result);
    return Answer(result);
  }

 private:
  kinode_outgoing message_;
};

inline Received receive() {
  return Received(kinode_receive());
}
inline void respond(std::string_view body) {
  kinode_respond(text(body));
}
inline void respond(std::string_view body, const char* mime, std::string_view bytes) {
  kinode_respond_with_blob(text(body), mime, text(bytes));
}

/// The bytes of the blob of the message received last.
inline std::optional<std::string> blob() {
  kinode_option_blob blob = kinode_get_blob();
  if (!blob.some) return std::nullopt;
  std::string bytes(view(blob.value.bytes));
  kinode_free_blob(&blob);
  return bytes;
}
inline std::optional<std::string> state() {
  kinode_option_text state = kinode_get_state();
  if (!state.some) return std::nullopt;
  std::string bytes(view(state.value));
  kinode_free_text(&state.value);
  return bytes;
}
inline void set_state(std::string_view bytes) {
  kinode_set_state(text(bytes));
}
inline void print(std::string_view line, int verbosity = 0) {
  kinode_print(verbosity, text(line));
}
inline void set_timer(std::chrono::milliseconds time, std::string_view context) {
  kinode_set_timer(static_cast<uint64_t>(time.count()), text(context));
}

}  // namespace celeriac::kinode
