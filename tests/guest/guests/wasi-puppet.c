// A component of wasi:messaging that does what the data of its messages tell it: README.md has its language.
// Built for the drafts of mid 2024 (-DWASI_MESSAGING_A) and of December 2024.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/wasi_messaging.h>

#include "puppet.h"

MESSAGING_TOPICS("puppet", "puppet/b");

static celeriac_text observer;  // a topic; empty: puppet/reports
static messaging_message current;
static bool current_used;
static messaging_failure failure;
static bool failing;

static const char* const kinds[] = {"timeout", "connection",
#ifndef WASI_MESSAGING_A
                                    "permission-denied",
#endif
                                    "other"};

static void report(celeriac_buffer* line) {
  celeriac_text topic = celeriac_copy(observer.len > 0 ? observer : CELERIAC_TEXT("puppet/reports"));
  messaging_publish("", topic.ptr, celeriac_built(line));
  free((void*)topic.ptr);
  celeriac_buffer_free(line);
}
static void report_c(const char* text) {
  celeriac_buffer line = {0};
  celeriac_put_c(&line, text);
  report(&line);
}
static void report_result(const char* what, bool good, messaging_failure* why) {
  celeriac_buffer line = {0};
  celeriac_put_c(&line, what);
  celeriac_put_c(&line, good ? " ok" : " error ");
  if (!good) celeriac_put_c(&line, why->kind < sizeof kinds / sizeof *kinds ? kinds[why->kind] : "?");
  if (!good && why->kind != messaging_timeout)
    celeriac_put_c(&line, " "), puppet_put_quoted(&line, why->text);
  report(&line);
}
static void put_pairs(celeriac_buffer* out, messaging_message message) {
  messaging_option_pairs pairs;
  messaging_import_metadata(message, &pairs);
  celeriac_put_c(out, " metadata=");
  if (!pairs.some) {
    celeriac_put_c(out, "none");
    return;
  }
  celeriac_put_c(out, "[");
  for (size_t i = 0; i < pairs.len; ++i) {
    if (i > 0) celeriac_put_c(out, ", ");
    puppet_put_quoted(out, pairs.ptr[i].key), celeriac_put_c(out, "="),
        puppet_put_quoted(out, pairs.ptr[i].value);
    messaging_free_text(&pairs.ptr[i].key), messaging_free_text(&pairs.ptr[i].value);
  }
  celeriac_put_c(out, "]");
  if (pairs.len > 0) free(pairs.ptr);
}
static void put_message(celeriac_buffer* out, messaging_message message) {
  celeriac_text topic = messaging_topic(message), data = messaging_data(message),
                type = messaging_content_type(message);
  celeriac_put_c(out, " topic=");
  if (topic.ptr == NULL)
    celeriac_put_c(out, "none");
  else
    puppet_put_quoted(out, topic);
  celeriac_put_c(out, " data="), puppet_put_quoted(out, data);
  celeriac_put_c(out, " type=");
  if (type.ptr == NULL)
    celeriac_put_c(out, "none");
  else
    puppet_put_quoted(out, type);
  put_pairs(out, message);
  messaging_free_text(&topic), messaging_free_text(&data), messaging_free_text(&type);
}
static void report_message(const char* what, messaging_message message) {
  celeriac_buffer line = {0};
  celeriac_put_c(&line, what), put_message(&line, message);
  report(&line);
}

static char* c_word(puppet_script* script) {  // with a NUL behind it, to free()
  return (char*)celeriac_copy(puppet_word(script)).ptr;
}
static messaging_client connect(void) {
  messaging_result result;
  messaging_import_connect("", 0, &result);
  return result.is_error ? 0 : result.client;
}

/// TOPIC DATA [type T] [meta K V]… [exchange NAME] [size N]
static void command_publish(puppet_script* script) {
  char* topic = c_word(script);
  char* exchange = NULL;
  messaging_message message = messaging_new(topic, puppet_word(script));
  while (!puppet_command_ends(script)) {
    celeriac_text option = puppet_word(script);
    if (puppet_is(option, "type")) {
      celeriac_text type = puppet_word(script);
      messaging_import_set_content_type(message, type.ptr, type.len);
    }
    if (puppet_is(option, "meta")) {
      char* key = c_word(script);
      messaging_add_metadata(message, key, puppet_word(script));
      free(key);
    }
    if (puppet_is(option, "size")) {
      celeriac_text bytes = puppet_bytes(puppet_number(puppet_word(script)));
      messaging_import_set_data(message, bytes.ptr, bytes.len);
      free((void*)bytes.ptr);
    }
    if (puppet_is(option, "exchange")) exchange = c_word(script);
  }
  messaging_failure why;
  bool good = messaging_send(exchange != NULL ? exchange : "", topic, message, &why);
  report_result("publish", good, &why);
  if (!good) messaging_free_text(&why.text);
  free(topic), free(exchange);
}
static void command_connect(puppet_script* script) {
  celeriac_text name = puppet_word(script);
  messaging_result result;
  messaging_import_connect(name.ptr, name.len, &result);
  report_result("connect", !result.is_error, &result.error);
  if (!result.is_error) messaging_import_drop_client(result.client);
}
static void command_flood(puppet_script* script) {  // TOPIC N
  char* topic = c_word(script);
  uint64_t count = puppet_number(puppet_word(script));
  for (uint64_t i = 0; i < count; ++i) {
    celeriac_buffer data = {0};
    puppet_put_u64(&data, i);
    messaging_publish("", topic, celeriac_built(&data));
    celeriac_buffer_free(&data);
  }
  free(topic);
}
/// A new message's metadata: none, then two keys, one of them written twice.
static void command_metadata(puppet_script* script) {
  (void)script;
  messaging_message message = messaging_new("", CELERIAC_TEXT("m"));
  report_message("new", message);
  messaging_add_metadata(message, "k", CELERIAC_TEXT("1"));
  messaging_add_metadata(message, "l", CELERIAC_TEXT("2"));
  messaging_add_metadata(message, "k", CELERIAC_TEXT("3"));
  report_message("added", message);
  messaging_drop(message);
}
/// KIND TEXT: handle returns this error.
static void command_fail(puppet_script* script) {
  celeriac_text kind = puppet_word(script);
  failing = true;
  failure.kind = messaging_other;
  for (uint8_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
    if (puppet_is(kind, kinds[i])) failure.kind = i;
  failure.text = celeriac_copy(puppet_word(script));
}

// ---- handles: what traps, by the rules ----

static void send_with(messaging_client client, messaging_message message, messaging_result* result) {
#ifdef WASI_MESSAGING_A
  messaging_import_send(client, message, result);
#else
  messaging_import_send(client, "puppet/void", 11, message, result);
#endif
}
static void command_handle(puppet_script* script) {
  celeriac_text what = puppet_word(script);
  messaging_message message = messaging_new("puppet/void", CELERIAC_TEXT("x"));
  messaging_client client = connect();
  messaging_result result;
  if (puppet_is(what, "use-after-send")) send_with(client, message, &result), (void)messaging_data(message);
  if (puppet_is(what, "send-twice"))
    send_with(client, message, &result), send_with(connect(), message, &result);
  if (puppet_is(what, "client-twice")) {
    send_with(client, message, &result);
    send_with(client, messaging_new("puppet/void", CELERIAC_TEXT("y")), &result);
  }
  if (puppet_is(what, "double-drop")) messaging_drop(message), messaging_drop(message);
  if (puppet_is(what, "wrong-type")) (void)messaging_data(client);
  if (puppet_is(what, "zero")) (void)messaging_data(0);
  if (puppet_is(what, "unknown")) (void)messaging_data(12345);
  if (puppet_is(what, "leak"))
    for (uint64_t i = puppet_number(puppet_word(script)); i > 0; --i)
      messaging_new("", CELERIAC_TEXT("leaked"));
  report_c("handle survived");
}

#ifndef WASI_MESSAGING_A
static messaging_message kept;

/// TOPIC DATA [timeout MS] [replies N]
static void command_request(puppet_script* script) {
  celeriac_text topic = puppet_word(script);
  messaging_message message = messaging_new("", puppet_word(script));
  messaging_options options = 0;
  bool has_options = false;
  while (!puppet_command_ends(script)) {
    celeriac_text option = puppet_word(script);
    if (!has_options) options = messaging_import_new_options();
    has_options = true;
    if (puppet_is(option, "timeout"))
      messaging_import_set_timeout(options, (int32_t)puppet_number(puppet_word(script)));
    if (puppet_is(option, "replies"))
      messaging_import_set_expected(options, (int32_t)puppet_number(puppet_word(script)));
  }
  messaging_client client = connect();
  messaging_result result;
  messaging_import_request(client, topic.ptr, topic.len, message, has_options, options, &result);
  report_result("request", !result.is_error, &result.error);
  messaging_message* replies = (messaging_message*)result.list.ptr;
  for (size_t i = 0; !result.is_error && i < result.list.len; ++i) {
    report_message("reply", replies[i]);
    messaging_drop(replies[i]);
  }
  messaging_drop(message);  // it was only lent
  messaging_import_drop_client(client);
}
static void command_reply(puppet_script* script) {
  report_c(messaging_reply(current, puppet_word(script)) ? "reply ok" : "reply error");
}
static void command_keep(puppet_script* script) {
  (void)script, kept = current, current_used = true;
}
static void command_reply_kept(puppet_script* script) {
  report_c(messaging_reply(kept, puppet_word(script)) ? "reply ok" : "reply error");
}
/// The current message as both what is replied to and the reply.
static void command_reply_itself(puppet_script* script) {
  (void)script;
  messaging_result result;
  messaging_import_reply(current, current, &result);
}
static void command_disconnect(puppet_script* script) {
  (void)script;
  messaging_client client = connect();
  messaging_result result;
  messaging_import_disconnect(client, &result);
  report_result("disconnect", !result.is_error, &result.error);
  send_with(client, messaging_new("", CELERIAC_TEXT("x")), &result);
  report_result("send", !result.is_error, &result.error);
}
#endif

static void command_say(puppet_script* script) {
  celeriac_buffer line = {0};
  celeriac_put(&line, puppet_word(script));
  report(&line);
}
static void command_observe(puppet_script* script) {
  free((void*)observer.ptr);
  observer = celeriac_copy(puppet_word(script));
}

static const struct {
  const char* name;
  void (*run)(puppet_script* script);
} commands[] = {
    {"publish", command_publish},
    {"connect", command_connect},
    {"flood", command_flood},
    {"metadata", command_metadata},
    {"fail", command_fail},
    {"handle", command_handle},
    {"say", command_say},
    {"observe", command_observe},
#ifndef WASI_MESSAGING_A
    {"request", command_request},
    {"reply", command_reply},
    {"keep", command_keep},
    {"reply-kept", command_reply_kept},
    {"disconnect", command_disconnect},
    {"reply-itself", command_reply_itself},
#endif
};

static void run_command(puppet_script* script) {
  celeriac_text word = puppet_word(script);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i)
    if (puppet_is(word, commands[i].name)) {
      commands[i].run(script);
      return;
    }
  celeriac_buffer line = {0};
  if (!puppet_misbehave(word, script, &line))
    celeriac_put_c(&line, "unknown command "), puppet_put_quoted(&line, word);
  report(&line);
}

bool messaging_handle(messaging_message received, messaging_failure* why) {
  current = received;
  current_used = failing = false;
  celeriac_text data = messaging_data(received);
  if (celeriac_starts(data, CELERIAC_TEXT("!"))) {
    puppet_script script = {(char*)data.ptr + 1, (char*)data.ptr + data.len, false};
    while (puppet_next_command(&script)) run_command(&script);
  } else {
    report_message("message", received);
  }
  messaging_free_text(&data);
  if (!current_used) messaging_drop(received);
  if (failing) *why = failure;
  return !failing;
}
