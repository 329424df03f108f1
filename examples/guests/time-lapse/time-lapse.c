// Photo time-lapse, a process of Kinode that also opens files: every hour (or as its argument says, in
// seconds) it has a photo taken and notes it in index.txt of its drive "photos", a line each: when, and
// where the photo is. Anything sent to it is answered with {"photos": N}.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>
#include <stdio.h>

static const char drive[] = "/time-lapse:celeriac/photos";
static unsigned photos;

static uint64_t pause_ms(void) {
  celeriac_text seconds = celeriac_argument(0);
  return seconds.len > 0 ? (uint64_t)(celeriac_number(seconds) * 1000) : 3600000;
}

static void take(void) {
  celeriac_text path = {NULL, 0};
  if (farm_take_photo(&path) != farm_ok) {
    kinode_print(0, farm_error());
    return;
  }
  char name[128];
  snprintf(name, sizeof name, "%s/index.txt", drive);
  FILE* index = fopen(name, "a");
  if (index == NULL) {
    kinode_print(0, CELERIAC_TEXT("The index cannot be written."));
  } else {
    fprintf(index, "%lld %.*s\n", (long long)celeriac_now_ms() / 1000, (int)path.len, path.ptr);
    fclose(index);
    ++photos;
  }
  free((void*)path.ptr);
}

/// How many there are from earlier runs.
static void count(void) {
  char name[128];
  snprintf(name, sizeof name, "%s/index.txt", drive);
  FILE* index = fopen(name, "r");
  if (index == NULL) return;
  for (int c = 0; (c = fgetc(index)) != EOF;) photos += c == '\n';
  fclose(index);
}

void kinode_main(kinode_address our) {
  (void)our;
  count();
  take();
  kinode_set_timer(pause_ms(), CELERIAC_TEXT("take"));
  for (;;) {
    kinode_received item = kinode_receive();
    if (kinode_wants_response(&item)) {
      celeriac_buffer out = {0};
      json_object(&out), json_key(&out, "photos"), json_number(&out, photos), json_end_object(&out);
      kinode_respond(celeriac_built(&out));
      celeriac_buffer_free(&out);
    } else if (kinode_from(&item, "timer:distro:sys")) {
      take();
      kinode_set_timer(pause_ms(), CELERIAC_TEXT("take"));
    }
    kinode_free_received(&item);
  }
}
