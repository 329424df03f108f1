// An echo for the farm ABI: answers each request of another process with what it brought, over the wire
// protocol's raw frames.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/farm.h>

CELERIAC_EXPORT("farm_main") void farm_main(void) {
  farm_frame frame;
  farm_listen();
  while (farm_receive(&frame, -1))
    if (!frame.is_response) farm_reply(&frame, farm_ok, 0, frame.payload);
}
