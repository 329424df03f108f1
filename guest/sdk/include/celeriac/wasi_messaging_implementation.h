#pragma once
// The code of wasi_messaging.h. Included by it, in the one source that defines CELERIAC_IMPLEMENTATION.

CELERIAC_BEGIN

/// The host allocates what it gives with this.
CELERIAC_EXPORT("cabi_realloc")
void* cabi_realloc(void* block, size_t old_size, size_t alignment, size_t size) {
  (void)old_size;  // malloc aligns to 8, and nothing wants more
  if (size == 0) return (void*)alignment;
  void* made = realloc(block, size);
  if (made == NULL) celeriac_trap();
  return made;
}

void messaging_free_text(celeriac_text* text) {
  if (text->len > 0) free((void*)text->ptr);
  text->ptr = NULL, text->len = 0;
}

// ---- exports: results stand in one place, and post-return frees what they name ----

#ifndef MESSAGING_EXPORTS_BY_HAND  // for who wants to write them

static messaging_result messaging_returned;

CELERIAC_EXPORT(MESSAGING_HANDLER "handle")
messaging_result* messaging_export_handle(messaging_message message) {
  messaging_failure why = {messaging_other, {NULL, 0}};
  messaging_returned.is_error = !messaging_handle(message, &why);
  if (messaging_returned.is_error) messaging_returned.error = why;
  return &messaging_returned;
}
CELERIAC_EXPORT("cabi_post_" MESSAGING_HANDLER "handle")
void messaging_export_handle_post(messaging_result* result) {
  if (result->is_error && result->error.kind != messaging_timeout) messaging_free_text(&result->error.text);
}
#ifdef WASI_MESSAGING_A
CELERIAC_EXPORT(MESSAGING_HANDLER "subscribe") messaging_result* messaging_export_subscribe(void) {
  const celeriac_text* topics = NULL;
  messaging_returned.is_error = 0;
  messaging_returned.list.len = messaging_subscribe(&topics);
  messaging_returned.list.ptr = (void*)topics;
  return &messaging_returned;
}
CELERIAC_EXPORT("cabi_post_" MESSAGING_HANDLER "subscribe")
void messaging_export_subscribe_post(messaging_result* result) {
  result->list.len = 0;  // the topics are static
}
#endif

#endif

// ---- messages ----

celeriac_text messaging_data(messaging_message message) {
  celeriac_text data;
  messaging_import_data(message, &data);
  return data;
}
static celeriac_text messaging_text_of(messaging_option_text text) {
  return text.some ? text.value : CELERIAC_MAKE(celeriac_text){NULL, 0};
}
celeriac_text messaging_content_type(messaging_message message) {
  messaging_option_text type;
  messaging_import_content_type(message, &type);
  return messaging_text_of(type);
}
celeriac_text messaging_metadata(messaging_message message, const char* key) {
  messaging_option_pairs pairs;
  messaging_import_metadata(message, &pairs);
  celeriac_text found = {NULL, 0};
  for (size_t i = 0; pairs.some && i < pairs.len; ++i) {
    if (found.ptr == NULL && celeriac_equal(pairs.ptr[i].key, celeriac_from_c(key)))
      found = pairs.ptr[i].value;
    else
      messaging_free_text(&pairs.ptr[i].value);
    messaging_free_text(&pairs.ptr[i].key);
  }
  if (pairs.some && pairs.len > 0) free(pairs.ptr);
  return found;
}
void messaging_add_metadata(messaging_message message, const char* key, celeriac_text value) {
  messaging_import_add_metadata(message, key, strlen(key), value.ptr, value.len);
}
void messaging_drop(messaging_message message) {
  messaging_import_drop_message(message);
}

/// Takes a result apart: true for ok; of an error the reason, if it is wanted.
static bool messaging_settle(messaging_result* result, messaging_failure* why) {
  if (!result->is_error) return true;
  if (result->error.kind == messaging_timeout) result->error.text = CELERIAC_MAKE(celeriac_text){NULL, 0};
  if (why != NULL)
    *why = result->error;
  else
    messaging_free_text(&result->error.text);
  return false;
}
static messaging_client messaging_connect(const char* exchange, messaging_failure* why) {
  messaging_result result;
  messaging_import_connect(exchange, strlen(exchange), &result);
  return messaging_settle(&result, why) ? result.client : 0;
}
bool messaging_publish(const char* exchange, const char* topic, celeriac_text data) {
  return messaging_send(exchange, topic, messaging_new(topic, data), NULL);
}

#ifdef WASI_MESSAGING_A

celeriac_text messaging_topic(messaging_message message) {
  celeriac_text topic;
  messaging_import_topic(message, &topic);
  return topic;
}
messaging_message messaging_new(const char* topic, celeriac_text data) {
  return messaging_import_new_message(topic, strlen(topic), data.ptr, data.len);
}
bool messaging_send(const char* exchange, const char* topic, messaging_message message,
                    messaging_failure* why) {
  messaging_client client = messaging_connect(exchange, why);
  if (client == 0) return messaging_drop(message), false;
  messaging_import_set_topic(message, topic, strlen(topic));
  messaging_result result;
  messaging_import_send(client, message, &result);  // uses up the client as well
  return messaging_settle(&result, why);
}

#else

celeriac_text messaging_topic(messaging_message message) {
  messaging_option_text topic;
  messaging_import_topic(message, &topic);
  return messaging_text_of(topic);
}
messaging_message messaging_new(const char* topic, celeriac_text data) {
  (void)topic;
  return messaging_import_new_message(data.ptr, data.len);
}
bool messaging_send(const char* exchange, const char* topic, messaging_message message,
                    messaging_failure* why) {
  messaging_client client = messaging_connect(exchange, why);
  if (client == 0) return messaging_drop(message), false;
  messaging_result result;
  messaging_import_send(client, topic, strlen(topic), message, &result);
  messaging_import_drop_client(client);
  return messaging_settle(&result, why);
}
messaging_message messaging_request(const char* exchange, const char* topic, celeriac_text data,
                                    uint32_t timeout_ms, messaging_failure* why) {
  messaging_client client = messaging_connect(exchange, why);
  if (client == 0) return 0;
  messaging_message message = messaging_new(topic, data);
  messaging_options options = messaging_import_new_options();
  messaging_import_set_timeout(options, (int32_t)timeout_ms);
  messaging_result result;
  messaging_import_request(client, topic, strlen(topic), message, 1, options,
                           &result);  // uses up the options
  messaging_drop(message);
  messaging_import_drop_client(client);
  if (!messaging_settle(&result, why) || result.list.len == 0) return 0;
  messaging_message* replies = (messaging_message*)result.list.ptr;
  messaging_message first = replies[0];
  for (size_t i = 1; i < result.list.len; ++i) messaging_drop(replies[i]);
  free(replies);
  return first;
}
bool messaging_reply(messaging_message reply_to, celeriac_text data) {
  messaging_result result;
  messaging_import_reply(reply_to, messaging_new("", data), &result);
  return messaging_settle(&result, NULL);
}

#endif

CELERIAC_END
