// Soil-moisture logger, a process of Kinode. Every hour (or as its argument says, in seconds) it reads the
// soil sensor on pin 59 and keeps the reading. Requests, JSON:
//
//   {"latest": null}         → {"time": 1790000000, "moisture": 512}, null before the first
//   {"readings": 24}         → {"readings": [{"time": …, "moisture": …}, …]}, the newest last
//   {"every": 600}           → {"every": 600}: seconds from one reading to the next
//
// Everything that it knows is in its state, so it survives whatever happens.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

enum { sensor_pin = 59, kept = 1000 };

typedef struct reading {
  int64_t time;  // seconds since 1970
  int32_t moisture;
} reading;

static struct {
  uint32_t every;  // seconds
  uint32_t count;  // of readings ever made: the newest is readings[(count - 1) % kept]
  reading readings[kept];
} diary = {.every = 3600};

static void load(void) {
  kinode_option_text state = kinode_get_state();
  if (!state.some) return;
  if (state.value.len == sizeof diary) memcpy(&diary, state.value.ptr, sizeof diary);
  kinode_free_text(&state.value);
}
static void save(void) {
  kinode_set_state(celeriac_bytes(&diary, sizeof diary));
}

static void read_sensor(void) {
  int moisture = 0;
  if (farm_read_pin_analog(sensor_pin, &moisture) != farm_ok) {
    kinode_print(0, farm_error());
    return;
  }
  diary.readings[diary.count++ % kept] = (reading){celeriac_now_ms() / 1000, moisture};
  save();
}
static void schedule(void) {
  kinode_set_timer(diary.every * 1000ull, CELERIAC_TEXT("read"));
}

static void put_reading(celeriac_buffer* out, const reading* r) {
  json_object(out);
  json_key(out, "time"), json_number(out, (double)r->time);
  json_key(out, "moisture"), json_number(out, r->moisture);
  json_end_object(out);
}
static void answer(celeriac_text request) {
  celeriac_buffer out = {0};
  celeriac_text every = json_find(request, "every"), readings = json_find(request, "readings");
  if (every.len > 0) {
    double seconds = celeriac_number(every);
    if (seconds >= 1 && seconds <= 86400) diary.every = (uint32_t)seconds, save(), schedule();
    json_object(&out), json_key(&out, "every"), json_number(&out, diary.every), json_end_object(&out);
  } else if (readings.len > 0) {
    uint32_t wanted = (uint32_t)celeriac_number(readings), there = diary.count < kept ? diary.count : kept;
    if (wanted > there) wanted = there;
    json_object(&out), json_key(&out, "readings"), json_array(&out);
    for (uint32_t i = diary.count - wanted; i < diary.count; ++i)
      put_reading(&out, &diary.readings[i % kept]);
    json_end_array(&out), json_end_object(&out);
  } else if (diary.count > 0) {
    put_reading(&out, &diary.readings[(diary.count - 1) % kept]);
  } else {
    json_null(&out);
  }
  kinode_respond(celeriac_built(&out));
  celeriac_buffer_free(&out);
}

void kinode_main(kinode_address our) {
  (void)our;
  load();
  celeriac_text every = celeriac_argument(0);
  if (diary.count == 0 && every.len > 0) diary.every = (uint32_t)celeriac_number(every);
  read_sensor();
  schedule();
  for (;;) {
    kinode_received item = kinode_receive();
    if (kinode_wants_response(&item)) {
      answer(kinode_body(&item));
    } else if (kinode_from(&item, "timer:distro:sys")) {
      read_sensor();
      schedule();
    }
    kinode_free_received(&item);
  }
}
