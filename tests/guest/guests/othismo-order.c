// An Othismo object without the SDK's code: it writes down which of its exports are called, and in what
// order, and answers each message with that, as {"order": "SPM"}. S _othismo_start, P prepare_inbox, A
// _allocate_message, M message_received, R _run. Built for generations 1 and 3.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/bson.h>

#ifdef GENERATION_3
CELERIAC_IMPORT("othismo", "_send_message") int32_t send_message(const void* buffer, size_t length);
#else
CELERIAC_IMPORT("othismo", "send_message") int32_t send_message(size_t length, const void* buffer);
#endif

static char inbox[65536];
static celeriac_buffer order;

/// Answers the message with what happened up to now.
static void answer(void) {
  celeriac_text routing = bson_document(bson_find(celeriac_bytes(inbox, bson_size(inbox)), "othismo"));
  celeriac_buffer out = {0};
  size_t document = bson_begin(&out);
  size_t to = bson_open_document(&out, "othismo");
  bson_put_text(&out, "send_to", bson_text(bson_find(routing, "reply_to")));
  bson_put_long(&out, "response_id", bson_long(bson_find(routing, "request_id")));
  bson_end(&out, to);
  size_t body = bson_open_document(&out, "order.response");
  bson_put_text(&out, "order", celeriac_built(&order));
  bson_end(&out, body);
  bson_end(&out, document);
#ifdef GENERATION_3
  send_message(out.ptr, out.len);
#else
  send_message(out.len, out.ptr);
#endif
  celeriac_buffer_free(&out);
}

CELERIAC_EXPORT("_othismo_start") void start(void) {
  celeriac_put_c(&order, "S");
}
#ifdef GENERATION_3
CELERIAC_EXPORT("_allocate_message") void* allocate_message(size_t length) {
  celeriac_put_c(&order, "A");
  return length <= sizeof inbox ? inbox : NULL;
}
CELERIAC_EXPORT("_message_received") void message_received(void* handle) {
  celeriac_put_c(&order, handle == inbox ? "M" : "?");
}
CELERIAC_EXPORT("_run") void run(void) {
  celeriac_put_c(&order, "R");
  answer();
}
#else
CELERIAC_EXPORT("prepare_inbox") void* prepare_inbox(size_t length) {
  celeriac_put_c(&order, "P");
  return length <= sizeof inbox ? inbox : NULL;
}
CELERIAC_EXPORT("message_received") void message_received(void) {
  celeriac_put_c(&order, "M");
  answer();
}
#endif
