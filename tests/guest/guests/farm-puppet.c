// A guest of the farm ABI that does what requests tell it: README.md has its language.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/farm.h>

#include "puppet.h"
#include "puppet_json.h"

static celeriac_buffer reports;

static void report(celeriac_buffer* line) {
  celeriac_put(&reports, celeriac_built(line));
  celeriac_put_c(&reports, "\n");
  celeriac_buffer_free(line);
}
static void put_answer(celeriac_buffer* line, const char* what, int status, int value, celeriac_text data) {
  celeriac_put_c(line, what), celeriac_put_c(line, " status=");
  puppet_put_i64(line, status);
  celeriac_put_c(line, " value=");
  puppet_put_i64(line, value);
  if (data.len == 0) return;
  celeriac_put_c(line, " ");
  if (bson_valid(data))
    puppet_put_json(line, data, false);
  else
    puppet_put_quoted(line, data);
}

/// ask SPACE OPERATION [id N] [JSON]
static void command_ask(puppet_script* script) {
  char* space = (char*)celeriac_copy(puppet_word(script)).ptr;
  char* operation = (char*)celeriac_copy(puppet_word(script)).ptr;
  celeriac_buffer payload = {0}, slices = {0}, line = {0};
  puppet_skip_space(script);
  if (celeriac_starts(celeriac_bytes(script->at, (size_t)(script->end - script->at)), CELERIAC_TEXT("id "))) {
    puppet_word(script);
    char id[2];
    farm_put_u16(id, (unsigned)puppet_number(puppet_word(script)));
    celeriac_put(&payload, celeriac_bytes(id, 2));
  }
  celeriac_text json = puppet_rest(script);
  if (json.len > 0) {
    celeriac_buffer document = puppet_document(json);
    celeriac_put(&payload, celeriac_built(&document));
    celeriac_buffer_free(&document);
  }
  uint16_t value = 0;
  farm_status status = farm_ask(space, operation, celeriac_built(&payload), &value, &slices);
  put_answer(&line, "answer", (int)status, value, celeriac_built(&slices));
  report(&line);
  celeriac_buffer_free(&payload), celeriac_buffer_free(&slices);
  free(space), free(operation);
}
/// large N: asks for BLOB.WRITE with a payload of N bytes.
static void command_large(puppet_script* script) {
  const size_t size = (size_t)puppet_number(puppet_word(script));
  celeriac_buffer payload = {0}, slices = {0}, line = {0};
  celeriac_put(&payload, celeriac_bytes("\0\0", 2));  // its own id, which the host puts there
  size_t document = bson_begin(&payload);
  const size_t around = 2 + 16;  // the id; size, type, "data", length, subtype, and end of the document
  char* bytes = (char*)malloc(size);
  if (bytes == NULL) celeriac_trap();
  memset(bytes, 0, size);
  bson_put_binary(&payload, "data", celeriac_bytes(bytes, size > around ? size - around : 0));
  bson_end(&payload, document);
  uint16_t value = 0;
  farm_status status = farm_ask("BLOB", "WRITE", celeriac_built(&payload), &value, &slices);
  put_answer(&line, "answer", (int)status, value, celeriac_built(&slices));
  report(&line);
  free(bytes), celeriac_buffer_free(&payload), celeriac_buffer_free(&slices);
}
/// raw HEX: hands over these bytes, and reports what send says.
static void command_raw(puppet_script* script) {
  celeriac_text bytes = puppet_unhex(puppet_word(script));
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "send ");
  puppet_put_i64(&line, farm_import_send(bytes.ptr, bytes.len));
  report(&line);
  free((void*)bytes.ptr);
}
/// next MS: takes a frame, whatever it is.
static void command_next(puppet_script* script) {
  farm_frame frame;
  celeriac_buffer line = {0};
  int32_t length = farm_next((int32_t)puppet_number(puppet_word(script)));
  if (!farm_take_apart(&frame, length)) {
    celeriac_put_c(&line, "none");
  } else if (frame.is_response) {
    put_answer(&line, "response", frame.status, frame.value, celeriac_bytes(NULL, 0));
  } else {
    celeriac_put_c(&line, "request "), celeriac_put(&line, frame.name_space);
    celeriac_put_c(&line, " "), celeriac_put(&line, frame.operation);
    celeriac_put_c(&line, " "), puppet_put_quoted(&line, frame.payload);
  }
  report(&line);
}
/// at POINTER LENGTH: a frame that does not exist; capacity N: room for the next one that is too small.
static void command_at(puppet_script* script) {
  size_t pointer = (size_t)puppet_number(puppet_word(script));
  size_t length = (size_t)puppet_number(puppet_word(script));
  farm_import_send((const void*)pointer, length);
}
static void command_capacity(puppet_script* script) {
  char small[64];
  size_t capacity = (size_t)puppet_number(puppet_word(script));
  celeriac_buffer line = {0};
  celeriac_put_c(&line, "receive ");
  puppet_put_i64(&line, farm_import_receive(small, capacity < sizeof small ? capacity : sizeof small, 1000));
  report(&line);
}
static void command_say(puppet_script* script) {
  celeriac_buffer line = {0};
  celeriac_put(&line, puppet_word(script));
  report(&line);
}

static const struct {
  const char* name;
  void (*run)(puppet_script* script);
} commands[] = {{"ask", command_ask},   {"large", command_large}, {"raw", command_raw},
                {"next", command_next}, {"at", command_at},       {"capacity", command_capacity},
                {"say", command_say}};

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

CELERIAC_EXPORT("farm_main") void farm_main(void) {
  farm_listen();
  for (;;) {
    farm_frame frame;
    if (!farm_receive(&frame, -1) || frame.is_response) continue;
    if (celeriac_equal(frame.payload, CELERIAC_TEXT("!exit"))) return;
    farm_frame request = {.channel = frame.channel};
    if (celeriac_starts(frame.payload, CELERIAC_TEXT("!"))) {
      celeriac_text copy = celeriac_copy(frame.payload);
      puppet_script script = {(char*)copy.ptr + 1, (char*)copy.ptr + copy.len, false};
      while (puppet_next_command(&script)) run_command(&script);
      free((void*)copy.ptr);
      farm_reply(&request, farm_ok, 0, celeriac_built(&reports));
      reports.len = 0;
    } else {  // an echo, with the names that it came by
      celeriac_buffer line = {0};
      celeriac_put_c(&line, "request "), celeriac_put(&line, frame.name_space);
      celeriac_put_c(&line, " "), celeriac_put(&line, frame.operation);
      celeriac_put_c(&line, " "), puppet_put_quoted(&line, frame.payload);
      farm_reply(&request, farm_ok, 0, celeriac_built(&line));
      celeriac_buffer_free(&line);
    }
  }
}
