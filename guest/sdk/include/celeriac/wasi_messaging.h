#pragma once
// wasi:messaging for guests in C. A component answers publications of the topics that it subscribes to:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/wasi_messaging.h>
//
//   bool messaging_handle(messaging_message received, messaging_failure* why) {
//     (void)why;
//     celeriac_text data = messaging_data(received);
//     messaging_publish("", "echo", data);
//     messaging_free_text(&data);
//     messaging_drop(received);
//     return true;                                       // settled
//   }
//   MESSAGING_TOPICS("sensors", "weather");
//
// All drafts are called 0.2.0-draft. This is the one of December 2024 (topics come from the manifest,
// requests have replies), or with WASI_MESSAGING_A defined the one of mid 2024 (the component exports its
// topics). A message is a handle: it is used up by sending it, and dropped otherwise.

#include "base.h"

CELERIAC_BEGIN

/// A handle; 0 is none.
typedef int32_t messaging_message;
typedef int32_t messaging_client;

#ifdef WASI_MESSAGING_A
enum { messaging_timeout = 0, messaging_connection = 1, messaging_other = 2 };
#else
enum {
  messaging_timeout = 0,
  messaging_connection = 1,
  messaging_permission_denied = 2,
  messaging_other = 3
};
#endif

/// Why something did not work. `text` belongs to the guest; of a timeout it says nothing.
typedef struct messaging_failure {
  uint8_t kind;
  celeriac_text text;
} messaging_failure;

typedef struct messaging_pair {
  celeriac_text key;
  celeriac_text value;
} messaging_pair;

// ---- the records of the interface ----

typedef struct messaging_option_text {
  bool some;
  celeriac_text value;
} messaging_option_text;
typedef struct messaging_option_pairs {
  bool some;
  messaging_pair* ptr;
  size_t len;
} messaging_option_pairs;
typedef struct messaging_result {
  uint8_t is_error;
  union {
    messaging_failure error;
    messaging_client client;
    struct {
      void* ptr;
      size_t len;
    } list;
  };
} messaging_result;
CELERIAC_ASSERT(sizeof(messaging_failure) == 12 && sizeof(messaging_pair) == 16, "layout");
CELERIAC_ASSERT(sizeof(messaging_option_text) == 12 && sizeof(messaging_option_pairs) == 12, "layout");
CELERIAC_ASSERT(sizeof(messaging_result) == 16 && offsetof(messaging_result, error) == 4, "layout");

// ---- the functions of the interfaces, as they are imported ----

#define MESSAGING_TYPES(field) CELERIAC_IMPORT("wasi:messaging/types@0.2.0-draft", field)
#define MESSAGING_PRODUCER(field) CELERIAC_IMPORT("wasi:messaging/producer@0.2.0-draft", field)
#define MESSAGING_REQUEST(field) CELERIAC_IMPORT("wasi:messaging/request-reply@0.2.0-draft", field)
#define MESSAGING_HANDLER "wasi:messaging/incoming-handler@0.2.0-draft#"

MESSAGING_TYPES("[static]client.connect")
void messaging_import_connect(const char* name, size_t len, messaging_result* out);
MESSAGING_TYPES("[resource-drop]client") void messaging_import_drop_client(messaging_client client);
MESSAGING_TYPES("[method]message.content-type")
void messaging_import_content_type(messaging_message self, messaging_option_text* out);
MESSAGING_TYPES("[method]message.set-content-type")
void messaging_import_set_content_type(messaging_message self, const char* type, size_t len);
MESSAGING_TYPES("[method]message.data")
void messaging_import_data(messaging_message self, celeriac_text* out);
MESSAGING_TYPES("[method]message.set-data")
void messaging_import_set_data(messaging_message self, const char* data, size_t len);
MESSAGING_TYPES("[method]message.metadata")
void messaging_import_metadata(messaging_message self, messaging_option_pairs* out);
MESSAGING_TYPES("[method]message.add-metadata")
void messaging_import_add_metadata(messaging_message self, const char* key, size_t key_len, const char* value,
                                   size_t value_len);
MESSAGING_TYPES("[resource-drop]message") void messaging_import_drop_message(messaging_message message);
#ifdef WASI_MESSAGING_A
MESSAGING_TYPES("[constructor]message")
messaging_message messaging_import_new_message(const char* topic, size_t topic_len, const char* data,
                                               size_t len);
MESSAGING_TYPES("[method]message.topic")
void messaging_import_topic(messaging_message self, celeriac_text* out);
MESSAGING_TYPES("[method]message.set-topic")
void messaging_import_set_topic(messaging_message self, const char* topic, size_t len);
MESSAGING_PRODUCER("send")
void messaging_import_send(messaging_client client, messaging_message message, messaging_result* out);
#else
typedef int32_t messaging_options;
MESSAGING_TYPES("[method]client.disconnect")
void messaging_import_disconnect(messaging_client self, messaging_result* out);
MESSAGING_TYPES("[constructor]message")
messaging_message messaging_import_new_message(const char* data, size_t len);
MESSAGING_TYPES("[method]message.topic")
void messaging_import_topic(messaging_message self, messaging_option_text* out);
MESSAGING_TYPES("[method]message.set-metadata")
void messaging_import_set_metadata(messaging_message self, const messaging_pair* pairs, size_t len);
MESSAGING_TYPES("[method]message.remove-metadata")
void messaging_import_remove_metadata(messaging_message self, const char* key, size_t len);
MESSAGING_PRODUCER("send")
void messaging_import_send(messaging_client client, const char* topic, size_t topic_len,
                           messaging_message message, messaging_result* out);
MESSAGING_REQUEST("[constructor]request-options") messaging_options messaging_import_new_options(void);
MESSAGING_REQUEST("[method]request-options.set-timeout-ms")
void messaging_import_set_timeout(messaging_options self, int32_t ms);
MESSAGING_REQUEST("[method]request-options.set-expected-replies")
void messaging_import_set_expected(messaging_options self, int32_t count);
MESSAGING_REQUEST("[resource-drop]request-options")
void messaging_import_drop_options(messaging_options options);
MESSAGING_REQUEST("request")
void messaging_import_request(messaging_client client, const char* topic, size_t topic_len,
                              messaging_message message, int32_t has_options, messaging_options options,
                              messaging_result* out);
MESSAGING_REQUEST("reply")
void messaging_import_reply(messaging_message reply_to, messaging_message message, messaging_result* out);
#endif

// ---- the friendly layer ----

/// What the guest is to define: deals with a publication, whose message it owns. False with a reason says
/// that it was not dealt with.
bool messaging_handle(messaging_message received, messaging_failure* why);

#ifdef WASI_MESSAGING_A
/// What the guest is to define: the topics that it wants. MESSAGING_TOPICS does it.
size_t messaging_subscribe(const celeriac_text** topics);
#define MESSAGING_TOPICS(...)                                                                       \
  size_t messaging_subscribe(const celeriac_text** topics) {                                        \
    static const char* const names[] = {__VA_ARGS__};                                               \
    static celeriac_text texts[sizeof names / sizeof *names];                                       \
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) texts[i] = celeriac_from_c(names[i]); \
    *topics = texts;                                                                                \
    return sizeof names / sizeof *names;                                                            \
  }                                                                                                 \
  CELERIAC_ASSERT(true, "")
#else
/// This variant has its topics from the manifest ("topics": […]).
#define MESSAGING_TOPICS(...) CELERIAC_ASSERT(true, "")
#endif

/// The topic on which a message was received; its data; its content type: to free with messaging_free_text().
celeriac_text messaging_topic(messaging_message message);
celeriac_text messaging_data(messaging_message message);
celeriac_text messaging_content_type(messaging_message message);
/// The value of a key of the metadata, {NULL, 0} if it is not there; to free likewise.
celeriac_text messaging_metadata(messaging_message message, const char* key);
/// A message to fill in and send; `topic` is where to with WASI_MESSAGING_A, and nothing otherwise.
messaging_message messaging_new(const char* topic, celeriac_text data);
void messaging_add_metadata(messaging_message message, const char* key, celeriac_text value);
void messaging_drop(messaging_message message);

/// Sends a message, which is used up, through the exchange of that name: "" is this bot's own, "mqtt:…" its
/// broker.
bool messaging_send(const char* exchange, const char* topic, messaging_message message,
                    messaging_failure* why);
/// Publishes data and tells nobody whether it worked but the caller.
bool messaging_publish(const char* exchange, const char* topic, celeriac_text data);
#ifndef WASI_MESSAGING_A
/// Asks on a topic and waits for one reply: a message to drop, 0 with the reason if there was none.
messaging_message messaging_request(const char* exchange, const char* topic, celeriac_text data,
                                    uint32_t timeout_ms, messaging_failure* why);
bool messaging_reply(messaging_message reply_to, celeriac_text data);
#endif
void messaging_free_text(celeriac_text* text);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
#include "wasi_messaging_implementation.h"
#endif
