#pragma once
// The farm ABI in C: raw frames of the wire protocol (docs/protocol.md), the thinnest of all. A program is a
// function farm_main(), called once:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/farm.h>
//
//   CELERIAC_EXPORT("farm_main") void farm_main(void) {
//     if (farm_move_absolute(120, 80, 0) == farm_ok) farm_write_pin(8, 1);
//   }
//
// Programs of wasi_snapshot_preview1 (celeriac-cc --command) may use it from main() as well.

#include "base.h"
#include "bson.h"
#include "hardware.h"

CELERIAC_BEGIN

/// Bytes of a request's header, of a response, of the longest payload.
enum { farm_header_size = 15, farm_response_size = 8, farm_payload_max = 65535 };

// ---- the functions of the ABI ----

/// Hands over one frame: a request, or a part of the answer to one that came in. 0, or a status of the
/// protocol.
CELERIAC_IMPORT("farm", "send") int32_t farm_import_send(const void* frame, size_t length);
/// The next frame: its length; 0 if none came within the time (-1: for ever); a negative number if it is
/// longer than `capacity`: minus its length, and it stays.
CELERIAC_IMPORT("farm", "receive")
int32_t farm_import_receive(void* frame, size_t capacity, int32_t timeout_ms);
/// From now on messages of other processes come as requests: MESG REQST, or what they are called in the
/// protocol.
CELERIAC_IMPORT("farm", "listen") void farm_import_listen(void);

// ---- the friendly layer ----

/// A frame taken apart; views into a buffer that the next farm_receive() overwrites.
typedef struct farm_frame {
  bool is_response;
  uint16_t channel;
  celeriac_text name_space;  ///< requests: without the spaces behind it
  celeriac_text operation;
  celeriac_text payload;
  uint16_t status;  ///< responses
  uint16_t value;
} farm_frame;

/// Sends a request: farm_request(1, "SYS", "MVABS", payload).
bool farm_request(uint16_t channel, const char* name_space, const char* operation, celeriac_text payload);
/// The next frame; false if none came in time.
bool farm_receive(farm_frame* frame, int32_t timeout_ms);

/// Sends a request and waits for its response; requests of others that come meanwhile are kept for
/// farm_receive(). `slices`, where not NULL, gets what came before the response.
farm_status farm_ask(const char* name_space, const char* operation, celeriac_text payload, uint16_t* value,
                     celeriac_buffer* slices);

static inline void farm_listen(void) {
  farm_import_listen();
}
/// Answers a request that came in: with bytes, a status and a value.
void farm_reply(const farm_frame* request, farm_status status, uint16_t value, celeriac_text data);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
CELERIAC_BEGIN

static char* farm_buffer;
enum { farm_longest_wait_ms = 600000 };

static uint16_t farm_u16(const char* at) {
  return (uint16_t)((uint8_t)at[0] << 8 | (uint8_t)at[1]);
}
static void farm_put_u16(char* at, unsigned value) {
  at[0] = (char)(value >> 8), at[1] = (char)value;
}
static celeriac_text farm_word(const char* at, size_t size) {
  while (size > 0 && at[size - 1] == ' ') --size;
  return celeriac_bytes(at, size);
}
static void farm_put_word(char* to, const char* word, size_t size) {
  for (size_t i = 0; i < size; ++i) to[i] = *word != 0 ? *word++ : ' ';
}

bool farm_request(uint16_t channel, const char* name_space, const char* operation, celeriac_text payload) {
  char header[farm_header_size];
  if (payload.len > farm_payload_max) return false;
  farm_put_u16(header, channel);
  farm_put_word(header + 2, name_space, 4);
  farm_put_word(header + 6, operation, 5);
  farm_put_u16(header + 11, (unsigned)payload.len);
  header[13] = '\r', header[14] = '\n';
  celeriac_buffer frame = {NULL, 0, 0};
  celeriac_put(&frame, celeriac_bytes(header, sizeof header));
  celeriac_put(&frame, payload);
  int32_t status = farm_import_send(frame.ptr, frame.len);
  celeriac_buffer_free(&frame);
  return status == 0;
}

/// Frames that came while farm_ask() waited for others.
static struct farm_kept {
  struct farm_kept* next;
  int32_t length;
  char bytes[];
}* farm_kept_frames;

static void farm_keep(int32_t length) {
  struct farm_kept* kept = (struct farm_kept*)malloc(sizeof *kept + (size_t)length);
  if (kept == NULL) celeriac_trap();
  kept->next = NULL;
  kept->length = length;
  memcpy(kept->bytes, farm_buffer, (size_t)length);
  struct farm_kept** end = &farm_kept_frames;
  while (*end != NULL) end = &(*end)->next;
  *end = kept;
}
/// The next frame from the host, into farm_buffer: its length.
static int32_t farm_next(int32_t timeout_ms) {
  const size_t capacity = farm_header_size + farm_payload_max;
  if (farm_buffer == NULL) farm_buffer = (char*)malloc(capacity);
  if (farm_buffer == NULL) celeriac_trap();
  return farm_import_receive(farm_buffer, capacity, timeout_ms);
}
static bool farm_take_apart(farm_frame* frame, int32_t length) {
  memset(frame, 0, sizeof *frame);
  if (length < farm_response_size) return false;
  const char* at = farm_buffer;
  frame->channel = farm_u16(at);
  frame->is_response = at[6] == '\r' && at[7] == '\n';
  if (frame->is_response) {
    frame->status = farm_u16(at + 2);
    frame->value = farm_u16(at + 4);
    return true;
  }
  if (length < farm_header_size) return false;
  frame->name_space = farm_word(at + 2, 4);
  frame->operation = farm_word(at + 6, 5);
  frame->payload = celeriac_bytes(at + farm_header_size, (size_t)length - farm_header_size);
  return true;
}
bool farm_receive(farm_frame* frame, int32_t timeout_ms) {
  struct farm_kept* kept = farm_kept_frames;
  if (kept == NULL) return farm_take_apart(frame, farm_next(timeout_ms));
  farm_kept_frames = kept->next;
  memcpy(farm_buffer, kept->bytes, (size_t)kept->length);
  int32_t length = kept->length;
  free(kept);
  return farm_take_apart(frame, length);
}
farm_status farm_ask(const char* name_space, const char* operation, celeriac_text payload, uint16_t* value,
                     celeriac_buffer* slices) {
  static uint16_t channel;
  if (++channel == 0) ++channel;  // 0 is for emergencies
  if (!farm_request(channel, name_space, operation, payload)) return farm_malformed;
  farm_frame frame;
  for (;;) {
    int32_t length = farm_next(farm_longest_wait_ms);
    if (!farm_take_apart(&frame, length)) return farm_timeout;
    bool slice = !frame.is_response && celeriac_equal(frame.name_space, CELERIAC_TEXT("SLCE")) &&
                 frame.payload.len >= 2;
    if (slice && farm_u16(frame.payload.ptr) == channel) {
      if (slices != NULL) celeriac_put(slices, celeriac_bytes(frame.payload.ptr + 2, frame.payload.len - 2));
    } else if (frame.is_response && frame.channel == channel) {
      if (value != NULL) *value = frame.value;
      return (farm_status)frame.status;
    } else if (!frame.is_response && !slice) {
      farm_keep(length);
    }
  }
}
void farm_reply(const farm_frame* request, farm_status status, uint16_t value, celeriac_text data) {
  char answer[farm_response_size];
  uint16_t channel = request->channel;  // `data` may lie in what `request` views: nothing is received here
  for (size_t at = 0; at < data.len; at += farm_payload_max - 2) {
    size_t size = data.len - at < farm_payload_max - 2 ? data.len - at : farm_payload_max - 2;
    char head[2];
    farm_put_u16(head, channel);
    celeriac_buffer slice = {NULL, 0, 0};
    celeriac_put(&slice, celeriac_bytes(head, 2));
    celeriac_put(&slice, celeriac_bytes(data.ptr + at, size));
    farm_request(0, "SLCE", "NEW", celeriac_built(&slice));
    celeriac_buffer_free(&slice);
  }
  farm_put_u16(answer, channel);
  farm_put_u16(answer + 2, (unsigned)status);
  farm_put_u16(answer + 4, value);
  answer[6] = '\r', answer[7] = '\n';
  farm_import_send(answer, sizeof answer);
}

// ---- the bot ----

static const char* const farm_codes[][2] = {
    {"move_absolute", "MVABS"}, {"move_relative", "MVREL"},  {"find_home", "FHOME"},
    {"home", "HOME"},           {"write_pin", "WRPIN"},      {"read_pin", "RDPIN"},
    {"take_photo", "PHOTO"},    {"emergency_lock", "ESTOP"},
};

farm_status farm_call(const char* object, const char* operation, const farm_field* fields, size_t count,
                      int* value, celeriac_text* path) {
  (void)object;  // the operation says which
  const char* code = "?";
  for (size_t i = 0; i < sizeof farm_codes / sizeof *farm_codes; ++i)
    if (celeriac_equal(celeriac_from_c(farm_codes[i][0]), celeriac_from_c(operation)))
      code = farm_codes[i][1];
  celeriac_buffer payload = {NULL, 0, 0}, slices = {NULL, 0, 0};
  if (count > 0) {
    size_t document = bson_begin(&payload);
    for (size_t i = 0; i < count; ++i) bson_put_double(&payload, fields[i].name, fields[i].number);
    bson_end(&payload, document);
  }
  uint16_t number = 0;
  farm_status status = farm_ask("SYS", code, celeriac_built(&payload), &number, &slices);
  farm_set_error(status == farm_ok ? celeriac_bytes(NULL, 0)
                                   : bson_text(bson_find(celeriac_built(&slices), "message")));
  if (value != NULL) *value = number;
  if (path != NULL) *path = celeriac_copy(bson_text(bson_find(celeriac_built(&slices), "path")));
  celeriac_buffer_free(&payload), celeriac_buffer_free(&slices);
  return status;
}

CELERIAC_END
#endif
