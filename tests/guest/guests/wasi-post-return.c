// A component of wasi:messaging (mid 2024) without the SDK's code, which counts how often post-return was
// called, and with what: checklist 20. For each message on "count" it publishes on "counted": {"subscribe":
// 1, "handle": N, "wrong": 0}; "fail" makes handle return an error, "fail-to-subscribe" is what the variant
// built with -DSUBSCRIBE_FAILS does at its start (checklist 111).

#define CELERIAC_IMPLEMENTATION
#define WASI_MESSAGING_A
#define MESSAGING_EXPORTS_BY_HAND
#include <celeriac/json.h>
#include <celeriac/wasi_messaging.h>

static int subscribe_posts, handle_posts, wrong;
static messaging_result subscribed, handled;

CELERIAC_EXPORT(MESSAGING_HANDLER "subscribe") messaging_result* subscribe(void) {
#ifdef SUBSCRIBE_FAILS
  subscribed.is_error = 1;
  subscribed.error.kind = messaging_other;
  subscribed.error.text = CELERIAC_TEXT("there is nothing to subscribe to");
#else
  static celeriac_text topics[] = {{"count", 5}, {"fail", 4}};
  subscribed.list.ptr = topics;
  subscribed.list.len = 2;
#endif
  return &subscribed;
}
CELERIAC_EXPORT("cabi_post_" MESSAGING_HANDLER "subscribe") void subscribe_post(messaging_result* result) {
  ++subscribe_posts;
  wrong += result != &subscribed;
}
CELERIAC_EXPORT(MESSAGING_HANDLER "handle") messaging_result* handle(messaging_message message) {
  celeriac_text topic = messaging_topic(message);
  handled.is_error = celeriac_equal(topic, CELERIAC_TEXT("fail"));
  handled.error.kind = messaging_other;
  handled.error.text = CELERIAC_TEXT("as it was asked to");
  celeriac_buffer counts = {0};
  json_object(&counts);
  json_key(&counts, "subscribe"), json_number(&counts, subscribe_posts);
  json_key(&counts, "handle"), json_number(&counts, handle_posts);
  json_key(&counts, "wrong"), json_number(&counts, wrong);
  json_end_object(&counts);
  if (!handled.is_error) messaging_publish("", "counted", celeriac_built(&counts));
  celeriac_buffer_free(&counts);
  messaging_free_text(&topic);
  messaging_drop(message);
  return &handled;
}
CELERIAC_EXPORT("cabi_post_" MESSAGING_HANDLER "handle") void handle_post(messaging_result* result) {
  ++handle_posts;
  wrong += result != &handled;
}
