// A farmware to begin with: goes to a place, looks at the soil there, and waters it if it is dry. Copy this
// folder, change what it does, say in manifest.json what it needs, and run ./build.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

enum { soil_sensor = 59, valve = 8, dry = 600, watering_ms = 2000 };

static bool done(farm_status status) {
  if (status != farm_ok) kinode_print(0, farm_error());
  return status == farm_ok;
}

/// Waits without disturbing what else comes: there is nothing else that comes.
static void wait_ms(uint64_t milliseconds) {
  kinode_set_timer(milliseconds, CELERIAC_TEXT("wait"));
  kinode_received item = kinode_receive();
  kinode_free_received(&item);
}

void kinode_main(kinode_address our) {
  (void)our;
  int moisture = 0;
  if (!done(farm_move_absolute(100, 100, 0))) return;
  if (!done(farm_read_pin_analog(soil_sensor, &moisture))) return;
  if (moisture >= dry) {
    kinode_print(0, CELERIAC_TEXT("The soil is moist."));
    return;
  }
  if (!done(farm_write_pin(valve, 1))) return;
  wait_ms(watering_ms);
  if (done(farm_write_pin(valve, 0))) kinode_print(0, CELERIAC_TEXT("Watered."));
}
