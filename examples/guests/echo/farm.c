// An echo for the farm ABI: says over the wire protocol's raw frames what it was asked to, and ends.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/farm.h>

CELERIAC_EXPORT("farm_main") void farm_main(void) {
  celeriac_buffer payload = {0};
  size_t document = bson_begin(&payload);
  bson_put_text(&payload, "message", CELERIAC_TEXT("A guest speaks frames."));
  bson_put_text(&payload, "message_type", CELERIAC_TEXT("info"));
  bson_end(&payload, bson_open_array(&payload, "channels"));
  bson_end(&payload, document);
  farm_ask("SYS", "MESSG", celeriac_built(&payload), NULL, NULL);
  celeriac_buffer_free(&payload);
}
