// An Othismo object that does what the message puppet.run tells it: README.md has its language. Built for
// generations 1 and 3.

#define CELERIAC_IMPLEMENTATION
#define OTHISMO_START
#include <celeriac/othismo.h>

#include "puppet.h"
#include "puppet_json.h"

static celeriac_buffer pending_reports;
static celeriac_text memory_word;  // what `keep` keeps: in memory, and so in the snapshot
static int runs, starts;

void othismo_start(void) {
  ++starts;
}

static void report(celeriac_buffer* line) {
  celeriac_put(&pending_reports, celeriac_built(line));
  celeriac_put_c(&pending_reports, "\n");
  celeriac_buffer_free(line);
}

/// Sends a document and reports what came of it.
static void send(celeriac_text document) {
  celeriac_buffer line = {0};
#if OTHISMO_GENERATION == 1
  celeriac_text reply = othismo_ask_document(document);
  celeriac_put_c(&line, "reply ");
  puppet_put_u64(&line, reply.len);
  if (reply.len > 0) celeriac_put_c(&line, " "), puppet_put_json(&line, reply, false);
#else
  celeriac_put_c(&line, "sent ");
  puppet_put_i64(&line, othismo_import_send_message(document.ptr, document.len));
#endif
  report(&line);
}

/// send JSON: a whole document
static void command_send(puppet_script* script) {
  celeriac_buffer document = puppet_document(puppet_rest(script));
  send(celeriac_built(&document));
  celeriac_buffer_free(&document);
}
/// raw HEX: bytes as they are
static void command_raw(puppet_script* script) {
  celeriac_text bytes = puppet_unhex(puppet_word(script));
  send(bytes);
  free((void*)bytes.ptr);
}
/// at POINTER LENGTH: bytes at a place in memory that may not exist
static void command_at(puppet_script* script) {
  size_t pointer = (size_t)puppet_number(puppet_word(script));
  size_t length = (size_t)puppet_number(puppet_word(script));
  send(celeriac_bytes((const void*)pointer, length));
}
static void command_keep(puppet_script* script) {
  free((void*)memory_word.ptr);
  memory_word = celeriac_copy(puppet_word(script));
}
static void command_kept(puppet_script* script) {
  (void)script;
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "kept "), puppet_put_quoted(&line, memory_word);
  celeriac_put_c(&line, " runs="), puppet_put_i64(&line, runs);
  celeriac_put_c(&line, " starts="), puppet_put_i64(&line, starts);
  report(&line);
}
static void command_say(puppet_script* script) {
  celeriac_buffer line = {0};
  celeriac_put(&line, puppet_word(script));
  report(&line);
}
static void command_log(puppet_script* script) {
  (void)script;
}

static const struct {
  const char* name;
  void (*run)(puppet_script* script);
} commands[] = {{"send", command_send}, {"raw", command_raw}, {"at", command_at},  {"keep", command_keep},
                {"kept", command_kept}, {"say", command_say}, {"log", command_log}};

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

void othismo_receive(const othismo_message* message) {
  ++runs;
  if (othismo_is(message, "puppet.run")) {
    celeriac_text copy = celeriac_copy(bson_text(bson_find(message->body, "script")));
    puppet_script script = {(char*)copy.ptr, (char*)copy.ptr + copy.len, false};
    while (puppet_next_command(&script)) run_command(&script);
    free((void*)copy.ptr);
    celeriac_buffer body = {0};
    size_t document = bson_begin(&body);
    bson_put_text(&body, "report", celeriac_built(&pending_reports));
    bson_end(&body, document);
    pending_reports.len = 0;
    othismo_reply(message, celeriac_built(&body));
    celeriac_buffer_free(&body);
    return;
  }
  // Everything else is reported; what is called echo.* is answered with its own body as well.
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "message ");
  celeriac_put(&line, message->name);
  celeriac_put_c(&line, " reply_to="), puppet_put_quoted(&line, message->reply_to);
  celeriac_put_c(&line, message->request_id != 0 ? " request_id=1" : " request_id=0");
  celeriac_put_c(&line, message->response_id != 0 ? " response_id=1 " : " response_id=0 ");
  puppet_put_json(&line, message->body,
                  message->body.len > 5 && celeriac_find(message->name, CELERIAC_TEXT("list.response")) >= 0);
  report(&line);
  if (celeriac_starts(message->name, CELERIAC_TEXT("echo.")) && message->response_id == 0)
    othismo_reply(message, message->body);
}
