// An echo for kinode:process/standard: responds to each request with its body and its blob. Built for
// versions 0.7.0, 0.8.0 and 1.0.0.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

void kinode_main(kinode_address our) {
  (void)our;
  for (;;) {
    kinode_received item = kinode_receive();
    if (kinode_wants_response(&item)) {
      celeriac_text body = kinode_body(&item);
      bool inherit = true;  // the blob goes along, without coming through here
      kinode_import_send_response(inherit, body.ptr, body.len, 0, NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0);
    }
    kinode_free_received(&item);
  }
}
