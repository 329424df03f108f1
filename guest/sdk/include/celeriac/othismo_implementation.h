#pragma once
// The code of othismo.h. Included by it, in the one source that defines CELERIAC_IMPLEMENTATION.

CELERIAC_BEGIN

static int64_t othismo_last_request;

/// Calls othismo_receive() for each message of a document.
static void othismo_dispatch(celeriac_text document) {
  celeriac_text routing = bson_document(bson_find(document, "othismo"));
  othismo_message message;
  message.reply_to = bson_text(bson_find(routing, "reply_to"));
  message.request_id = bson_long(bson_find(routing, "request_id"));
  message.response_id = bson_long(bson_find(routing, "response_id"));
  bson_element element;
  size_t at = 0;
  while (bson_next(document, &at, &element)) {
    if (celeriac_equal(element.key, CELERIAC_TEXT("othismo"))) continue;
    message.name = element.key;
    message.body = element.value;
    othismo_receive(&message);
  }
}

#ifdef OTHISMO_START
CELERIAC_EXPORT("_othismo_start") void othismo_export_start(void) {
  othismo_start();
}
#endif

#if OTHISMO_GENERATION == 1

static char* othismo_inbox;
static size_t othismo_inbox_size;

CELERIAC_EXPORT("prepare_inbox") void* othismo_export_prepare_inbox(size_t length) {
  if (length > othismo_inbox_size) {
    free(othismo_inbox);
    othismo_inbox = (char*)malloc(length);
    if (othismo_inbox == NULL) celeriac_trap();
    othismo_inbox_size = length;
  }
  return othismo_inbox;
}
CELERIAC_EXPORT("message_received") void othismo_export_message_received(void) {
  // A copy: the inbox takes the replies to what is asked meanwhile.
  celeriac_text document = celeriac_copy(celeriac_bytes(othismo_inbox, bson_size(othismo_inbox)));
  othismo_dispatch(document);
  free((void*)document.ptr);
}
celeriac_text othismo_ask_document(celeriac_text document) {
  size_t length = (size_t)othismo_import_send_message(document.len, document.ptr);
  return celeriac_bytes(length > 0 ? othismo_inbox : NULL, length);
}
bson_element othismo_content(celeriac_text document) {
  bson_element element;
  size_t at = 0;
  while (bson_next(document, &at, &element))
    if (!celeriac_equal(element.key, CELERIAC_TEXT("othismo"))) return element;
  return element;
}
void othismo_send_document(celeriac_text document) {
  othismo_ask_document(document);
}

#else

/// Buffers that the host has been given and not yet handed in: the pointer is the handle.
static struct othismo_pending {
  char* buffer;
  struct othismo_pending* next;
}* othismo_inbox;

CELERIAC_EXPORT("_allocate_message") void* othismo_export_allocate_message(size_t length) {
  char* buffer = (char*)malloc(length);
  if (buffer == NULL) celeriac_trap();
  return buffer;
}
CELERIAC_EXPORT("_message_received") void othismo_export_message_received(void* handle) {
  struct othismo_pending* pending = (struct othismo_pending*)malloc(sizeof *pending);
  if (pending == NULL) celeriac_trap();
  pending->buffer = (char*)handle;
  pending->next = NULL;
  struct othismo_pending** end = &othismo_inbox;
  while (*end != NULL) end = &(*end)->next;
  *end = pending;
}
CELERIAC_EXPORT("_run") void othismo_export_run(void) {
  while (othismo_inbox != NULL) {
    struct othismo_pending* first = othismo_inbox;
    othismo_inbox = first->next;
    othismo_dispatch(celeriac_bytes(first->buffer, bson_size(first->buffer)));
    free(first->buffer);
    free(first);
  }
}
void othismo_send_document(celeriac_text document) {
  othismo_import_send_message(document.ptr, document.len);
}

#endif

/// {othismo: {send_to, request_id?, response_id?}, NAME SUFFIX: body}
static void othismo_write(celeriac_buffer* out, celeriac_text to, celeriac_text name, const char* suffix,
                          int64_t request, int64_t response, celeriac_text body) {
  size_t document = bson_begin(out);
  size_t routing = bson_open_document(out, "othismo");
  bson_put_text(out, "send_to", to);
  if (request != 0) bson_put_long(out, "request_id", request);
  if (response != 0) bson_put_long(out, "response_id", response);
  bson_end(out, routing);
  celeriac_buffer key = {NULL, 0, 0};
  celeriac_put(&key, name), celeriac_put_c(&key, suffix), celeriac_put(&key, celeriac_bytes("", 1));
  static const char empty[5] = {5, 0, 0, 0, 0};
  bson_put_raw(out, key.ptr, bson_type_document, body.len > 0 ? body : celeriac_bytes(empty, 5));
  celeriac_buffer_free(&key);
  bson_end(out, document);
}

int64_t othismo_send(const char* to, const char* name, celeriac_text body) {
  celeriac_buffer out = {NULL, 0, 0};
  int64_t request = ++othismo_last_request;
  othismo_write(&out, celeriac_from_c(to), celeriac_from_c(name), "", request, 0, body);
  othismo_send_document(celeriac_built(&out));
  celeriac_buffer_free(&out);
  return request;
}
static void othismo_answer(const othismo_message* message, celeriac_text name, const char* suffix,
                           celeriac_text body) {
  if (message->reply_to.len == 0) return;
  celeriac_buffer out = {NULL, 0, 0};
  othismo_write(&out, message->reply_to, name, suffix, 0, message->request_id, body);
  othismo_send_document(celeriac_built(&out));
  celeriac_buffer_free(&out);
}
bool othismo_is(const othismo_message* message, const char* name) {
  return celeriac_equal(message->name, celeriac_from_c(name));
}
void othismo_reply(const othismo_message* message, celeriac_text body) {
  othismo_answer(message, message->name, ".response", body);
}
void othismo_reply_error(const othismo_message* message, const char* code, celeriac_text sentence) {
  celeriac_buffer body = {NULL, 0, 0};
  size_t document = bson_begin(&body);
  bson_put_text(&body, "code", celeriac_from_c(code));
  bson_put_text(&body, "message", sentence);
  bson_end(&body, document);
  othismo_answer(message, CELERIAC_TEXT("othismo.error"), "", celeriac_built(&body));
  celeriac_buffer_free(&body);
}
void othismo_refuse(const othismo_message* message) {
  if (message->response_id != 0) return;  // nobody waits for an answer to an answer
  celeriac_buffer sentence = {NULL, 0, 0};
  celeriac_put_c(&sentence, "There is no message \""), celeriac_put(&sentence, message->name),
      celeriac_put_c(&sentence, "\" here.");
  othismo_reply_error(message, "unknown_message", celeriac_built(&sentence));
  celeriac_buffer_free(&sentence);
}

#if OTHISMO_GENERATION == 1
celeriac_text othismo_ask(const char* to, const char* name, celeriac_text body) {
  celeriac_buffer out = {NULL, 0, 0};
  othismo_write(&out, celeriac_from_c(to), celeriac_from_c(name), "", ++othismo_last_request, 0, body);
  celeriac_text reply = othismo_ask_document(celeriac_built(&out));
  celeriac_buffer_free(&out);
  return reply;
}

// ---- the bot: {"/sys/motion/farmbot.move_absolute": {x, y, z}} ----

farm_status farm_call(const char* object, const char* operation, const farm_field* fields, size_t count,
                      int* value, celeriac_text* path) {
  celeriac_buffer name = {NULL, 0, 0}, body = {NULL, 0, 0};
  celeriac_put_c(&name, "farmbot."), celeriac_put_c(&name, operation),
      celeriac_put(&name, celeriac_bytes("", 1));
  size_t document = bson_begin(&body);
  for (size_t i = 0; i < count; ++i) bson_put_double(&body, fields[i].name, fields[i].number);
  bson_end(&body, document);
  celeriac_text reply = othismo_ask(object, name.ptr, celeriac_built(&body));
  celeriac_buffer_free(&name), celeriac_buffer_free(&body);
  if (reply.len == 0) {
    farm_set_error(CELERIAC_TEXT("The bot does not answer."));
    return farm_timeout;
  }
  bson_element content = othismo_content(reply);
  celeriac_text answer = bson_document(content);
  farm_set_error(bson_text(bson_find(answer, "message")));
  if (value != NULL) *value = (int)bson_long(bson_find(answer, "value"));
  if (path != NULL) *path = celeriac_copy(bson_text(bson_find(answer, "path")));
  bool failed = celeriac_equal(content.key, CELERIAC_TEXT("othismo.error"));
  return failed ? farm_status_named(bson_text(bson_find(answer, "code"))) : farm_ok;
}
#endif

CELERIAC_END
