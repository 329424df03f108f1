// A status page, a process of Kinode: http://HOST:PORT/status-page:examples:celeriac/ shows whether the valve
// is open, and counts its visitors.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

enum { valve_pin = 8 };

/// Asks the gateway for the path. The capability says that the user has given it to us.
static void bind(void) {
  kinode_capability given = {kinode_parse_address(CELERIAC_TEXT("our@http-server:distro:sys")),
                             CELERIAC_TEXT("{\"path\":\"/garden\"}")};
  kinode_outgoing message = kinode_request_to(
      "our@http-server:distro:sys",
      CELERIAC_TEXT(
          "{\"Bind\":{\"path\":\"/garden\",\"authenticated\":false,\"local_only\":false,\"cache\":false}}"));
  message.request.capabilities = (kinode_capabilities){&given, 1};
  message.request.expects_response = (kinode_option_u64){true, 5};
  kinode_send(&message);  // its answer, or that there was none, comes to the loop below
}

static void put_page(celeriac_buffer* page, int visitors) {
  int valve = 0;
  celeriac_put_c(page, "<!doctype html><title>Garden</title><h1>Garden</h1><p>The valve is ");
  if (farm_read_pin(valve_pin, &valve) == farm_ok)
    celeriac_put_c(page, valve ? "open" : "closed");
  else
    celeriac_put_c(page, "unknown: "), celeriac_put(page, farm_error());
  celeriac_put_c(page, ".</p><p>Visitor ");
  celeriac_put_number(page, visitors);
  celeriac_put_c(page, "</p>");
}

void kinode_main(kinode_address our) {
  (void)our;
  bind();
  for (int visitors = 0;;) {
    kinode_received item = kinode_receive();
    if (kinode_wants_response(&item) && json_find(kinode_body(&item), "Http").ptr != NULL) {
      celeriac_buffer page = {0};
      put_page(&page, ++visitors);
      kinode_respond_with_blob(CELERIAC_TEXT("{\"status\":200,\"headers\":{\"Content-Type\":\"text/html\"}}"),
                               "text/html", celeriac_built(&page));
      celeriac_buffer_free(&page);
    }
    if (kinode_from(&item, "timer:distro:sys")) bind();
    if (item.is_error) {
      kinode_print(1, CELERIAC_TEXT("Nobody serves web pages yet: is celeriac-gateway running?"));
      kinode_set_timer(5000, CELERIAC_TEXT("bind"));
    }
    kinode_free_received(&item);
  }
}
