// A process of Kinode that does what the bodies of requests tell it: README.md has its language. Built for
// 0.7.0, 0.8.0 and 1.0.0.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

#include "puppet.h"

enum { max_rules = 32, max_batch = 64, max_attached = 8 };

/// on request|response|error PATTERN … end
typedef struct rule {
  char kind;  // 'q', 'r', 'e'
  celeriac_text pattern;
  celeriac_text commands;
} rule;

static celeriac_text our_address;
static celeriac_text observer;  // "print", or an address; empty: none
static celeriac_buffer pending_reports;
static bool reporting_items = true;
static rule rules[max_rules];
static size_t rule_count;
static kinode_outgoing batch[max_batch];
static celeriac_text batch_texts[max_batch];  // the commands that the batch's views point into
static size_t batch_count;
static kinode_received last;  // the item that came last
static bool have_last;
static bool ended;
static bool answered;  // the script has taken the answer to its command upon itself

// ---- reports ----

static void report(celeriac_text line) {
  if (puppet_is(observer, "print")) {
    kinode_print(0, line);
  } else if (observer.len > 0) {
    kinode_outgoing message = kinode_request_to("", line);
    message.target = kinode_parse_address(observer);
    kinode_send(&message);
  } else {
    celeriac_put(&pending_reports, line);
    celeriac_put_c(&pending_reports, "\n");
  }
}

static void put_option(celeriac_buffer* out, const char* name, kinode_option_text text) {
  celeriac_put_c(out, name);
  if (text.some)
    puppet_put_quoted(out, text.value);
  else
    celeriac_put_c(out, "none");
}
static void put_address(celeriac_buffer* out, const kinode_address* address) {
  celeriac_text text = kinode_format_address(address);
  celeriac_put(out, text);
  free((void*)text.ptr);
}
static void put_capabilities(celeriac_buffer* out, kinode_capabilities capabilities) {
  celeriac_put_c(out, "[");
  for (size_t i = 0; i < capabilities.len; ++i) {
    if (i > 0) celeriac_put_c(out, "; ");
    put_address(out, &capabilities.ptr[i].issuer);
    celeriac_put_c(out, " ");
    celeriac_put(out, capabilities.ptr[i].params);
  }
  celeriac_put_c(out, "]");
}
static void put_request(celeriac_buffer* out, const kinode_request* request) {
  celeriac_put_c(out, " expects=");
  if (request->expects_response.some)
    puppet_put_u64(out, request->expects_response.value);
  else
    celeriac_put_c(out, "none");
  celeriac_put_c(out, request->inherit ? " inherit=1 body=" : " inherit=0 body=");
  puppet_put_quoted(out, request->body);
  put_option(out, " metadata=", request->metadata);
  celeriac_put_c(out, " caps="), put_capabilities(out, request->capabilities);
}
static void put_response(celeriac_buffer* out, const kinode_response* response) {
  celeriac_put_c(out, response->inherit ? " inherit=1 body=" : " inherit=0 body=");
  puppet_put_quoted(out, response->body);
  put_option(out, " metadata=", response->metadata);
  celeriac_put_c(out, " caps="), put_capabilities(out, response->capabilities);
}
static void put_blob(celeriac_buffer* out, const kinode_option_blob* blob) {
  if (!blob->some) {
    celeriac_put_c(out, "none");
    return;
  }
  put_option(out, "mime=", blob->value.mime);
  celeriac_put_c(out, " bytes=");
  puppet_put_quoted(out, blob->value.bytes);
}
static void put_message(celeriac_buffer* out, const kinode_address* source, const kinode_message* message) {
  celeriac_put_c(out, message->is_response ? "response from=" : "request from=");
  put_address(out, source);
  if (!message->is_response) {
    put_request(out, &message->request);
    return;
  }
  put_response(out, &message->response);
  put_option(out, " context=", message->context);
}
static void put_error(celeriac_buffer* out, const kinode_send_error* error) {
  celeriac_put_c(out, error->kind == kinode_offline ? "error kind=offline" : "error kind=timeout");
#if KINODE_VERSION >= 80
  celeriac_put_c(out, " target="), put_address(out, &error->target);
#endif
  celeriac_put_c(out, error->message.is_response ? " of=response" : " of=request");
  if (error->message.is_response)
    put_response(out, &error->message.response);
  else
    put_request(out, &error->message.request);
  celeriac_put_c(out, " blob="), put_blob(out, &error->blob);
}
static void report_item(const kinode_received* item) {
  celeriac_buffer line = {0};
  if (item->is_error) {
    put_error(&line, &item->error);
    put_option(&line, " context=", item->error_context);
  } else {
    put_message(&line, &item->source, &item->message);
  }
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}
static void report_blob(const char* name, kinode_option_blob blob) {
  celeriac_buffer line = {0};
  celeriac_put_c(&line, name), celeriac_put_c(&line, " "), put_blob(&line, &blob);
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
  kinode_free_blob(&blob);
}

static void receive(void) {
  if (have_last) kinode_free_received(&last);
  last = kinode_receive();
  have_last = true;
}

// ---- messages, as commands describe them ----

typedef struct described {
  kinode_outgoing message;
  kinode_capability attached[max_attached];
  celeriac_text made[2];  // bytes to give back
} described;

/// TO [body T | body-size N | echo] [expects S] [inherit] [context T] [metadata T] [mime T] [blob T |
/// blob-size N] [cap ISSUER PARAMS]…
static void describe(puppet_script* script, described* out, bool to) {
  memset(out, 0, sizeof *out);
  if (to) out->message.target = kinode_parse_address(puppet_word(script));
  kinode_request* request = &out->message.request;
  request->capabilities.ptr = out->attached;
  while (!puppet_command_ends(script)) {
    celeriac_text option = puppet_word(script);
    if (puppet_is(option, "body")) request->body = puppet_word(script);
    if (puppet_is(option, "body-size"))
      request->body = out->made[0] = puppet_bytes(puppet_number(puppet_word(script)));
    if (puppet_is(option, "echo") && have_last) request->body = kinode_body(&last);
    if (puppet_is(option, "inherit")) request->inherit = true;
    if (puppet_is(option, "expects"))
      request->expects_response.some = true,
      request->expects_response.value = puppet_number(puppet_word(script));
    if (puppet_is(option, "context")) out->message.context = kinode_some(puppet_word(script));
    if (puppet_is(option, "metadata")) request->metadata = kinode_some(puppet_word(script));
    if (puppet_is(option, "mime")) out->message.blob.value.mime = kinode_some(puppet_word(script));
    if (puppet_is(option, "blob"))
      out->message.blob.some = true, out->message.blob.value.bytes = puppet_word(script);
    if (puppet_is(option, "blob-size")) {
      out->message.blob.some = true;
      out->message.blob.value.bytes = out->made[1] = puppet_bytes(puppet_number(puppet_word(script)));
    }
    if (puppet_is(option, "cap")) {
      kinode_capability capability = {kinode_parse_address(puppet_word(script)), {NULL, 0}};
      capability.params = puppet_word(script);
      if (request->capabilities.len < max_attached) out->attached[request->capabilities.len++] = capability;
    }
  }
}
static void forget(described* message) {
  free((void*)message->made[0].ptr);
  free((void*)message->made[1].ptr);
}

static void command_send(puppet_script* script) {
  described it;
  describe(script, &it, true);
  kinode_send(&it.message);
  forget(&it);
}
/// Keeps a message for send-requests, or for on-exit. Its words are copied: the script does not live so long.
static void command_queue(puppet_script* script) {
  if (batch_count == max_batch) return;
  celeriac_text text = celeriac_copy(puppet_rest(script));
  puppet_script copy = {(char*)text.ptr, (char*)text.ptr + text.len, false};
  described it;
  describe(&copy, &it, true);
  it.message.request.capabilities.len = 0;
  batch_texts[batch_count] = text;
  batch[batch_count++] = it.message;
}
static void empty_batch(void) {
  for (size_t i = 0; i < batch_count; ++i) free((void*)batch_texts[i].ptr);
  batch_count = 0;
}
static void command_flush(puppet_script* script) {
  (void)script;
  kinode_import_send_requests(batch, batch_count);
  empty_batch();
}
static void command_await(puppet_script* script) {
  described it;
  describe(script, &it, true);
  kinode_exit_request request = {it.message.target, it.message.request, it.message.blob};
  kinode_awaited result;
  kinode_import_send_and_await_response(&request, &result);
  forget(&it);
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "awaited ");
  if (result.is_error)
    put_error(&line, &result.error);
  else
    put_message(&line, &result.source, &result.message);
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
  kinode_free_awaited(&result);
}
static void command_respond(puppet_script* script) {
  described it;
  describe(script, &it, false);
  const kinode_request* r = &it.message.request;
  const kinode_option_blob* b = &it.message.blob;
  kinode_import_send_response(r->inherit, r->body.ptr, r->body.len, r->metadata.some, r->metadata.value.ptr,
                              r->metadata.value.len, r->capabilities.ptr, r->capabilities.len, b->some,
                              b->value.mime.some, b->value.mime.value.ptr, b->value.mime.value.len,
                              b->value.bytes.ptr, b->value.bytes.len);
  forget(&it);
  answered = true;
}
static void command_receive(puppet_script* script) {
  answered = true;
  uint64_t count = puppet_command_ends(script) ? 1 : puppet_number(puppet_word(script));
  for (; count > 0; --count) {
    receive();
    report_item(&last);
  }
}
static void command_flood(puppet_script* script) {  // TO N
  kinode_outgoing message = kinode_request_to("", celeriac_bytes(NULL, 0));
  message.target = kinode_parse_address(puppet_word(script));
  uint64_t count = puppet_number(puppet_word(script));
  for (uint64_t i = 0; i < count; ++i) {
    celeriac_buffer body = {0};
    puppet_put_u64(&body, i);
    message.request.body = celeriac_built(&body);
    kinode_send(&message);
    celeriac_buffer_free(&body);
  }
}
static void command_count(puppet_script* script) {  // N: of what flood sends
  answered = true;
  uint64_t count = puppet_number(puppet_word(script)), wrong = 0, first_wrong = 0;
  for (uint64_t i = 0; i < count; ++i) {
    receive();
    if (puppet_number(kinode_body(&last)) != i && wrong++ == 0) first_wrong = i;
  }
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "counted "), puppet_put_u64(&line, count);
  celeriac_put_c(&line, wrong == 0 ? " in order" : " out of order at ");
  if (wrong > 0) puppet_put_u64(&line, first_wrong);
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}

// ---- blobs, state, capabilities, life ----

static void command_blob(puppet_script* script) {
  (void)script;
  report_blob("blob", kinode_get_blob());
}
#if KINODE_VERSION >= 100
static void command_has_blob(puppet_script* script) {
  (void)script;
  report(celeriac_from_c(kinode_import_has_blob() ? "has-blob 1" : "has-blob 0"));
}
static void command_last_blob(puppet_script* script) {
  (void)script;
  kinode_option_blob blob;
  kinode_import_last_blob(&blob);
  report_blob("last-blob", blob);
}
#endif
static void command_our(puppet_script* script) {
  (void)script;
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "our "), celeriac_put(&line, our_address);
#if KINODE_VERSION >= 100
  kinode_address address;
  kinode_import_our(&address);
  celeriac_put_c(&line, " "), put_address(&line, &address);
  kinode_free_address(&address);
#endif
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}
static void command_get_state(puppet_script* script) {
  (void)script;
  kinode_option_text state = kinode_get_state();
  celeriac_buffer line = {0};
  put_option(&line, "state ", state);
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
  if (state.some) kinode_free_text(&state.value);
}
static void command_set_state(puppet_script* script) {
  kinode_set_state(puppet_word(script));
}
static void command_state_size(puppet_script* script) {
  celeriac_text bytes = puppet_bytes(puppet_number(puppet_word(script)));
  kinode_set_state(bytes);
  free((void*)bytes.ptr);
}
static void command_clear_state(puppet_script* script) {
  (void)script;
  kinode_import_clear_state();
}
static kinode_capability capability(puppet_script* script) {
  kinode_capability made = {kinode_parse_address(puppet_word(script)), {NULL, 0}};
  made.params = puppet_word(script);
  return made;
}
static void command_save_cap(puppet_script* script) {
  kinode_capability one = capability(script);
  kinode_import_save_capabilities(&one, 1);
}
static void command_drop_cap(puppet_script* script) {
  kinode_capability one = capability(script);
  kinode_import_drop_capabilities(&one, 1);
}
static void command_save_caps(puppet_script* script) {  // those of the last item
  (void)script;
  if (!have_last || last.is_error) return;
  kinode_capabilities* came =
      last.message.is_response ? &last.message.response.capabilities : &last.message.request.capabilities;
  kinode_import_save_capabilities(came->ptr, came->len);
}
static void command_caps(puppet_script* script) {
  (void)script;
  kinode_capabilities capabilities;
  kinode_import_our_capabilities(&capabilities);
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "caps "), put_capabilities(&line, capabilities);
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
  kinode_free_capabilities(&capabilities);
}
/// none | restart | requests (those queued)
static int on_exit_kind(celeriac_text word) {
  return puppet_is(word, "restart")    ? kinode_on_exit_restart
         : puppet_is(word, "requests") ? kinode_on_exit_requests
                                       : kinode_on_exit_none;
}
static size_t exit_requests(kinode_exit_request* out) {
  for (size_t i = 0; i < batch_count; ++i)
    out[i] = (kinode_exit_request){batch[i].target, batch[i].request, batch[i].blob};
  return batch_count;
}
static void command_on_exit(puppet_script* script) {
  static kinode_exit_request requests[max_batch];
  int kind = on_exit_kind(puppet_word(script));
  kinode_import_set_on_exit(kind, requests, kind == kinode_on_exit_requests ? exit_requests(requests) : 0);
  if (kind == kinode_on_exit_requests) empty_batch();
}
static void command_get_on_exit(puppet_script* script) {
  (void)script;
  kinode_on_exit on_exit;
  kinode_import_get_on_exit(&on_exit);
  celeriac_buffer line = {0};
  celeriac_put_c(&line, on_exit.kind == kinode_on_exit_none      ? "on-exit none"
                        : on_exit.kind == kinode_on_exit_restart ? "on-exit restart"
                                                                 : "on-exit requests");
  for (size_t i = 0; on_exit.kind == kinode_on_exit_requests && i < on_exit.requests.len; ++i) {
    celeriac_put_c(&line, " | to="), put_address(&line, &on_exit.requests.ptr[i].target);
    put_request(&line, &on_exit.requests.ptr[i].request);
    celeriac_put_c(&line, " blob="), put_blob(&line, &on_exit.requests.ptr[i].blob);
  }
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}
/// PATH [name N] [on-exit none|restart|requests] [public] [request ISSUER PARAMS]… [grant PROCESS [PARAMS]]…
static void command_spawn(puppet_script* script) {
  static kinode_exit_request requests[max_batch];
  kinode_capability wanted[max_attached];
  kinode_grant grants[max_attached];
  size_t wanted_count = 0, grant_count = 0;
  celeriac_text path = puppet_word(script), name = {NULL, 0};
  int kind = kinode_on_exit_none, is_public = 0;
  while (!puppet_command_ends(script)) {
    celeriac_text option = puppet_word(script);
    if (puppet_is(option, "name")) name = puppet_word(script);
    if (puppet_is(option, "on-exit")) kind = on_exit_kind(puppet_word(script));
    if (puppet_is(option, "public")) is_public = 1;
    if (puppet_is(option, "request") && wanted_count < max_attached)
      wanted[wanted_count++] = capability(script);
    if (puppet_is(option, "grant") && grant_count < max_attached) {
      kinode_process_id process = kinode_parse_address(puppet_word(script)).process;
#if KINODE_VERSION >= 100
      grants[grant_count++] = (kinode_grant){process, puppet_word(script)};
#else
      grants[grant_count++] = process;
#endif
    }
  }
  kinode_spawned result;
  kinode_import_spawn(name.ptr != NULL, name.ptr, name.len, path.ptr, path.len, kind, requests,
                      kind == kinode_on_exit_requests ? exit_requests(requests) : 0, wanted, wanted_count,
                      grants, grant_count, is_public, &result);
  celeriac_buffer line = {0};
  if (result.is_error) {
    celeriac_put_c(
        &line, result.error == kinode_name_taken ? "spawn error name-taken" : "spawn error no-file-at-path");
  } else {
    celeriac_put_c(&line, "spawned "), celeriac_put(&line, result.process.process_name);
    celeriac_put_c(&line, ":"), celeriac_put(&line, result.process.package_name);
    celeriac_put_c(&line, ":"), celeriac_put(&line, result.process.publisher_node);
  }
  report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}

// ---- the puppet itself ----

static void command_observe(puppet_script* script) {
  free((void*)observer.ptr);
  observer = celeriac_copy(puppet_word(script));
}
static void command_reports(puppet_script* script) {
  reporting_items = puppet_is(puppet_word(script), "on");
}
static void command_say(puppet_script* script) {
  report(puppet_word(script));
}
static void command_print(puppet_script* script) {
  int verbosity = (int)puppet_number(puppet_word(script));
  kinode_print(verbosity, puppet_word(script));
}
static void command_quiet(puppet_script* script) {
  (void)script, answered = true;
}
static void command_exit(puppet_script* script) {
  script->at = script->end, ended = answered = true;
}
static void command_log(puppet_script* script) {
  (void)script;
}  // the answer brings what is pending
static void command_timer(puppet_script* script) {
  uint64_t milliseconds = puppet_number(puppet_word(script));
  kinode_set_timer(milliseconds, puppet_word(script));
}
static void command_rule(puppet_script* script) {
  celeriac_text kind = puppet_word(script), pattern = puppet_word(script);
  char* start = script->at;
  while (puppet_next_command(script)) {  // up to the word end
    char* command = script->at;
    if (!puppet_is(celeriac_bytes(command, (size_t)(script->end - command) < 3 ? 0 : 3), "end")) continue;
    if (rule_count < max_rules)
      rules[rule_count++] =
          (rule){puppet_is(kind, "response") ? 'r'
                 : puppet_is(kind, "error")  ? 'e'
                                             : 'q',
                 celeriac_copy(pattern), celeriac_copy(celeriac_bytes(start, (size_t)(command - start)))};
    script->at += 3;
    return;
  }
}
static void command_forget(puppet_script* script) {
  (void)script, rule_count = 0;
}

static const struct {
  const char* name;
  void (*run)(puppet_script* script);
} commands[] = {
    {"send", command_send},
    {"await", command_await},
    {"respond", command_respond},
    {"receive", command_receive},
    {"queue", command_queue},
    {"flush", command_flush},
    {"flood", command_flood},
    {"count", command_count},
    {"blob", command_blob},
    {"our", command_our},
    {"get-state", command_get_state},
    {"set-state", command_set_state},
    {"state-size", command_state_size},
    {"clear-state", command_clear_state},
    {"save-cap", command_save_cap},
    {"drop-cap", command_drop_cap},
    {"save-caps", command_save_caps},
    {"caps", command_caps},
    {"on-exit", command_on_exit},
    {"get-on-exit", command_get_on_exit},
    {"spawn", command_spawn},
    {"observe", command_observe},
    {"reports", command_reports},
    {"say", command_say},
    {"print", command_print},
    {"quiet", command_quiet},
    {"exit", command_exit},
    {"log", command_log},
    {"timer", command_timer},
    {"on", command_rule},
    {"forget", command_forget},
#if KINODE_VERSION >= 100
    {"has-blob", command_has_blob},
    {"last-blob", command_last_blob},
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
  if (line.len > 0) report(celeriac_built(&line));
  celeriac_buffer_free(&line);
}
/// Runs a copy of the script, whose words are decoded in place.
static void run(celeriac_text text) {
  celeriac_text copy = celeriac_copy(text);
  puppet_script script = {(char*)copy.ptr, (char*)copy.ptr + copy.len, false};
  while (!ended && puppet_next_command(&script)) run_command(&script);
  free((void*)copy.ptr);
}

static bool matches(const rule* r, const kinode_received* item) {
  char kind = item->is_error ? 'e' : item->message.is_response ? 'r' : 'q';
  celeriac_text body = kinode_body(item), pattern = r->pattern;
  if (kind != r->kind) return false;
  if (pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*')
    return celeriac_starts(body, celeriac_bytes(pattern.ptr, pattern.len - 1));
  return celeriac_equal(body, pattern);
}
static void handle(void) {
  celeriac_text body = kinode_body(&last);
  if (kinode_is_request(&last) && celeriac_starts(body, CELERIAC_TEXT("!"))) {
    bool wanted = kinode_wants_response(&last);
    answered = false;
    run(celeriac_bytes(body.ptr + 1, body.len - 1));
    if (wanted && !answered) {
      kinode_respond(celeriac_built(&pending_reports));
      pending_reports.len = 0;
    }
    return;
  }
  if (reporting_items) report_item(&last);
  for (size_t i = 0; i < rule_count; ++i)
    if (matches(&rules[i], &last)) {
      run(rules[i].commands);
      return;
    }
}

void kinode_main(kinode_address our) {
  our_address = kinode_format_address(&our);
  kinode_option_text state = kinode_get_state();
  // What the state says after a '!' is run at each start: for processes that fail at once.
  if (state.some && celeriac_starts(state.value, CELERIAC_TEXT("!")))
    run(celeriac_bytes(state.value.ptr + 1, state.value.len - 1));
  if (state.some) kinode_free_text(&state.value);
  while (!ended) {
    receive();
    handle();
  }
}
