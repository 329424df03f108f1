#pragma once
// Othismo objects in C++:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/othismo.hpp>
//
//   static int asked;
//   void celeriac::othismo::receive(const Message& message) {
//     if (!message.is("counter.next")) return message.refuse();
//     message.reply(celeriac::Document().put("asked", ++asked));
//   }

#include "bson.hpp"
#include "othismo.h"

namespace celeriac::othismo {

/// One message, as long as receive() works on it.
class Message {
 public:
  explicit Message(const othismo_message& message) : message_(&message) {}
  [[nodiscard]] std::string_view name() const { return view(message_->name); }
  [[nodiscard]] bool is(const char* name) const { return othismo_is(message_, name); }
  [[nodiscard]] Value body() const { return Value(message_->body); }
  [[nodiscard]] std::string_view reply_to() const { return view(message_->reply_to); }
  /// Of a reply: the number of the request that it answers.
  [[nodiscard]] int64_t response_id() const { return message_->response_id; }

  void reply(Document& body) const { othismo_reply(message_, body.bytes()); }
  void reply(Document&& body) const { reply(body); }
  void reply_error(const char* code, std::string_view sentence) const {
    othismo_reply_error(message_, code, text(sentence));
  }
  void refuse() const { othismo_refuse(message_); }

 private:
  const othismo_message* message_;
};

/// What the guest is to define: called once for each message.
void receive(const Message& message);

inline int64_t send(const char* to, const char* name, Document&& body) {
  return othismo_send(to, name, body.bytes());
}

#if OTHISMO_GENERATION == 1
/// The reply to a message: read it before the next one is sent.
class Reply {
 public:
  explicit Reply(celeriac_text document) : content_(othismo_content(document)) {}
  /// False if there was none, or an error.
  explicit operator bool() const { return content_.type != 0 && !is_error(); }
  [[nodiscard]] bool is_error() const { return view(content_.key) == "othismo.error"; }
  [[nodiscard]] std::string_view name() const { return view(content_.key); }
  [[nodiscard]] Value body() const { return Value(content_); }

 private:
  bson_element content_;
};
inline Reply ask(const char* to, const char* name, Document&& body) {
  return Reply(othismo_ask(to, name, body.bytes()));
}
#endif

}  // namespace celeriac::othismo

#ifdef CELERIAC_IMPLEMENTATION
void othismo_receive(const othismo_message* message) {
  celeriac::othismo::receive(celeriac::othismo::Message(*message));
}
#endif
