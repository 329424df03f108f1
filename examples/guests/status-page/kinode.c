// A status page, a process of Kinode: http://HOST:PORT/status-page:examples:celeriac/ shows whether the valve
// is open, and counts its visitors.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

enum { valve_pin = 8 };

static void bind(const char* path) {
  celeriac_buffer body = {0};
  json_object(&body), json_key(&body, "Bind"), json_object(&body);
  json_key(&body, "path"), json_string(&body, celeriac_from_c(path));
  json_key(&body, "authenticated"), json_bool(&body, false);
  json_key(&body, "local_only"), json_bool(&body, false);
  json_key(&body, "cache"), json_bool(&body, false);
  json_end_object(&body), json_end_object(&body);
  kinode_awaited answer = kinode_send_and_await("our@http-server:distro:sys", celeriac_built(&body), 5);
  if (answer.is_error)
    kinode_print(0, CELERIAC_TEXT("Nobody serves HTTP here: is celeriac-gateway running?"));
  kinode_free_awaited(&answer);
  celeriac_buffer_free(&body);
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
  bind("/");
  for (int visitors = 0;;) {
    kinode_received item = kinode_receive();
    if (kinode_wants_response(&item) && json_find(kinode_body(&item), "Http").ptr != NULL) {
      celeriac_buffer page = {0};
      put_page(&page, ++visitors);
      kinode_respond_with_blob(CELERIAC_TEXT("{\"status\":200,\"headers\":{\"Content-Type\":\"text/html\"}}"),
                               "text/html", celeriac_built(&page));
      celeriac_buffer_free(&page);
    }
    kinode_free_received(&item);
  }
}
