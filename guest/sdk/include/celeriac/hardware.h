#pragma once
// The bot, for guests: the same calls in every ABI that can ask and wait. Each is a request to the objects
// /sys/motion, /sys/pins/N and /sys/camera, and waits for its end: a move returns when it has been made.
//
// A package may call what its manifest requests and the user has granted: a capability of
// `hardware:distro:sys` for each operation, and for each pin where it is about one. What is not granted is
// `farm_denied`.
//
// The header of an ABI brings the implementation; include that instead of this one.

#include "base.h"

CELERIAC_BEGIN

/// How a call ended: the status codes of docs/protocol.md.
typedef enum farm_status {
  farm_ok = 0,
  farm_unknown_operation = 1,
  farm_malformed = 2,
  farm_not_found = 3,
  farm_overloaded = 5,
  farm_denied = 6,
  farm_wrong_state = 8,
  farm_locked = 9,  ///< the emergency lock is on
  farm_offline = 10,
  farm_timeout = 11,
  farm_hardware_fault = 12,
  farm_cancelled = 13,
  farm_failed = 14,
  farm_internal = 16,
} farm_status;

typedef enum farm_axis { farm_x = 0, farm_y = 1, farm_z = 2, farm_all_axes = 3 } farm_axis;

/// Millimetres.
farm_status farm_move_absolute(double x, double y, double z);
farm_status farm_move_relative(double x, double y, double z);
farm_status farm_find_home(farm_axis axis);
farm_status farm_home(farm_axis axis);

/// 0 or 1.
farm_status farm_write_pin(int pin, int value);
/// 0 to 255.
farm_status farm_write_pin_analog(int pin, int value);
farm_status farm_read_pin(int pin, int* value);
/// 0 to 1023.
farm_status farm_read_pin_analog(int pin, int* value);

/// Takes a photo; `path` (free() its bytes) tells where it is: a file of the host, and the name that
/// /sys/camera knows.
farm_status farm_take_photo(celeriac_text* path);
farm_status farm_emergency_lock(void);

/// What went wrong in the last call, a sentence for a person; empty after a good one.
celeriac_text farm_error(void);

// ---- below: what an ABI implements ----

/// One field of an operation.
typedef struct farm_field {
  const char* name;
  double number;
} farm_field;

/// Asks `object` ("/sys/motion") for an operation ("move_absolute") and waits for its end. `value` gets the
/// value of the answer; `details`, where not NULL, the text `path` of its document.
farm_status farm_call(const char* object, const char* operation, const farm_field* fields, size_t count,
                      int* value, celeriac_text* path);
/// Keeps what farm_error() tells.
void farm_set_error(celeriac_text sentence);
/// The status of an error's code: "denied"; farm_failed where the code is finer than that.
farm_status farm_status_named(celeriac_text code);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
CELERIAC_BEGIN

static celeriac_text farm_last_error;
celeriac_text farm_error(void) {
  return farm_last_error;
}
void farm_set_error(celeriac_text sentence) {
  free((void*)farm_last_error.ptr);
  farm_last_error = sentence.len > 0 ? celeriac_copy(sentence) : CELERIAC_MAKE(celeriac_text){NULL, 0};
}

farm_status farm_status_named(celeriac_text code) {
  static const char* const names[] = {"ok",
                                      "unknown_operation",
                                      "malformed",
                                      "not_found",
                                      "channel_busy",
                                      "overloaded",
                                      "denied",
                                      "invalid_code",
                                      "wrong_state",
                                      "locked",
                                      "offline",
                                      "timeout",
                                      "hardware_fault",
                                      "cancelled",
                                      "failed",
                                      "out_of_resources",
                                      "internal"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
    if (celeriac_equal(code, celeriac_from_c(names[i]))) return (farm_status)i;
  return celeriac_equal(code, CELERIAC_TEXT("not_permitted")) ? farm_denied : farm_failed;
}

static farm_status farm_motion(const char* operation, const farm_field* fields, size_t count) {
  return farm_call("/sys/motion", operation, fields, count, NULL, NULL);
}
farm_status farm_move_absolute(double x, double y, double z) {
  farm_field fields[] = {{"x", x}, {"y", y}, {"z", z}};
  return farm_motion("move_absolute", fields, 3);
}
farm_status farm_move_relative(double x, double y, double z) {
  farm_field fields[] = {{"x", x}, {"y", y}, {"z", z}};
  return farm_motion("move_relative", fields, 3);
}
farm_status farm_find_home(farm_axis axis) {
  farm_field field = {"axis", (double)axis};
  return farm_motion("find_home", &field, 1);
}
farm_status farm_home(farm_axis axis) {
  farm_field field = {"axis", (double)axis};
  return farm_motion("home", &field, 1);
}
farm_status farm_emergency_lock(void) {
  return farm_motion("emergency_lock", NULL, 0);
}

static farm_status farm_pin(const char* operation, int pin, const farm_field* fields, size_t count,
                            int* value) {
  celeriac_buffer object = {NULL, 0, 0};
  celeriac_put_c(&object, "/sys/pins/");
  celeriac_put_number(&object, pin);
  celeriac_put(&object, celeriac_bytes("", 1));
  farm_status status = farm_call(object.ptr, operation, fields, count, value, NULL);
  celeriac_buffer_free(&object);
  return status;
}
static farm_status farm_write(int pin, int value, int mode) {
  farm_field fields[] = {{"pin", (double)pin}, {"value", (double)value}, {"mode", (double)mode}};
  return farm_pin("write_pin", pin, fields, 3, NULL);
}
static farm_status farm_read(int pin, int mode, int* value) {
  farm_field fields[] = {{"pin", (double)pin}, {"mode", (double)mode}};
  return farm_pin("read_pin", pin, fields, 2, value);
}
farm_status farm_write_pin(int pin, int value) {
  return farm_write(pin, value, 0);
}
farm_status farm_write_pin_analog(int pin, int value) {
  return farm_write(pin, value, 1);
}
farm_status farm_read_pin(int pin, int* value) {
  return farm_read(pin, 0, value);
}
farm_status farm_read_pin_analog(int pin, int* value) {
  return farm_read(pin, 1, value);
}
farm_status farm_take_photo(celeriac_text* path) {
  return farm_call("/sys/camera", "take_photo", NULL, 0, NULL, path);
}

CELERIAC_END
#endif
