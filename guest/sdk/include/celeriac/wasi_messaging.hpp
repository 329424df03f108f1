#pragma once
// wasi:messaging for guests in C++:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/wasi_messaging.hpp>
//
//   bool celeriac::messaging::handle(Message received, Failure& why) {
//     return publish("echo", received.data(), why);
//   }
//   MESSAGING_TOPICS("sensors");

#include "base.hpp"
#include "wasi_messaging.h"

namespace celeriac::messaging {

/// Why something did not work.
struct Failure {
  int kind = messaging_other;
  std::string text;
  /// Takes one of the ABI's, and its bytes.
  void take(messaging_failure& failure) {
    kind = failure.kind;
    text.assign(view(failure.text));
    messaging_free_text(&failure.text);
  }
};

/// A message, owned: dropped with this, unless it has been sent.
class Message {
 public:
  explicit Message(messaging_message handle) : handle_(handle) {}
  Message(const char* topic, std::string_view data) : handle_(messaging_new(topic, text(data))) {}
  Message(Message&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Message& operator=(Message&& other) noexcept { return std::swap(handle_, other.handle_), *this; }
  ~Message() {
    if (handle_ != 0) messaging_drop(handle_);
  }
  explicit operator bool() const { return handle_ != 0; }

  [[nodiscard]] std::string topic() const { return taken(messaging_topic(handle_)); }
  [[nodiscard]] std::string data() const { return taken(messaging_data(handle_)); }
  [[nodiscard]] std::string content_type() const { return taken(messaging_content_type(handle_)); }
  [[nodiscard]] std::string metadata(const char* key) const {
    return taken(messaging_metadata(handle_, key));
  }
  Message& content_type(std::string_view type) {
    return messaging_import_set_content_type(handle_, type.data(), type.size()), *this;
  }
  Message& metadata(const char* key, std::string_view value) {
    return messaging_add_metadata(handle_, key, celeriac::text(value)), *this;
  }
  [[nodiscard]] messaging_message handle() const { return handle_; }
  /// Gives the handle away.
  [[nodiscard]] messaging_message release() { return std::exchange(handle_, 0); }

 private:
  static std::string taken(celeriac_text text) {
    std::string made(view(text));
    messaging_free_text(&text);
    return made;
  }
  messaging_message handle_;
};

/// What the guest is to define. False, with the reason, says that the message was not dealt with.
bool handle(Message received, Failure& why);

inline bool send(const char* topic, Message message, Failure& why, const char* exchange = "") {
  messaging_failure failure = {};
  if (messaging_send(exchange, topic, message.release(), &failure)) return true;
  return why.take(failure), false;
}
inline bool publish(const char* topic, std::string_view data, Failure& why, const char* exchange = "") {
  return send(topic, Message(topic, data), why, exchange);
}
#ifndef WASI_MESSAGING_A
/// Empty, with the reason, if nobody replied.
inline Message request(const char* topic, std::string_view data, uint32_t timeout_ms, Failure& why,
                       const char* exchange = "") {
  messaging_failure failure = {};
  messaging_message reply = messaging_request(exchange, topic, text(data), timeout_ms, &failure);
  if (reply == 0) why.take(failure);
  return Message(reply);
}
inline bool reply(const Message& to, std::string_view data) {
  return messaging_reply(to.handle(), text(data));
}
#endif

}  // namespace celeriac::messaging

#ifdef CELERIAC_IMPLEMENTATION
bool messaging_handle(messaging_message received, messaging_failure* why) {
  celeriac::messaging::Failure failure;
  if (celeriac::messaging::handle(celeriac::messaging::Message(received), failure)) return true;
  why->kind = static_cast<uint8_t>(failure.kind);
  why->text = celeriac_copy(celeriac::text(failure.text));
  return false;
}
#endif
