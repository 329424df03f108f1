// The same page as an Othismo object, /examples/status-page. Its counter of visitors is a variable: it
// survives restarts with the object's memory.

#define CELERIAC_IMPLEMENTATION
#define OTHISMO_START
#include <celeriac/othismo.h>

enum { valve_pin = 8 };
static int visitors;

/// The gateway keeps the path for as long as the object lives.
static void bind(void) {
  celeriac_buffer body = {0};
  size_t document = bson_begin(&body);
  bson_put_text(&body, "path", CELERIAC_TEXT("/"));
  bson_end(&body, document);
  othismo_send("/sys/http", "othismo.http.bind", celeriac_built(&body));
  celeriac_buffer_free(&body);
}

/// Once in the life of the object.
void othismo_start(void) {
  bind();
}

/// The gateway may not be there yet.
static void bind_later(void) {
  celeriac_buffer body = {0};
  size_t document = bson_begin(&body);
  bson_put_int(&body, "milliseconds", 5000);
  bson_end(&body, document);
  othismo_send("/sys/timer", "othismo.timer.set", celeriac_built(&body));
  celeriac_buffer_free(&body);
}

static void put_page(celeriac_buffer* page) {
  int valve = 0;
  celeriac_put_c(page, "<!doctype html><title>Garden</title><h1>Garden</h1><p>The valve is ");
  if (farm_read_pin(valve_pin, &valve) == farm_ok)
    celeriac_put_c(page, valve ? "open" : "closed");
  else
    celeriac_put_c(page, "unknown: "), celeriac_put(page, farm_error());
  celeriac_put_c(page, ".</p><p>Visitor ");
  celeriac_put_number(page, ++visitors);
  celeriac_put_c(page, "</p>");
}

void othismo_receive(const othismo_message* message) {
  if (othismo_is(message, "othismo.error")) bind_later();
  if (othismo_is(message, "othismo.timer.set.response")) bind();
  if (!othismo_is(message, "othismo.http.request")) {
    othismo_refuse(message);
    return;
  }
  celeriac_buffer page = {0}, body = {0};
  put_page(&page);
  size_t document = bson_begin(&body);
  bson_put_int(&body, "status", 200);
  size_t headers = bson_open_document(&body, "headers");
  bson_put_text(&body, "Content-Type", CELERIAC_TEXT("text/html"));
  bson_end(&body, headers);
  bson_put_binary(&body, "body", celeriac_built(&page));
  bson_end(&body, document);
  othismo_reply(message, celeriac_built(&body));
  celeriac_buffer_free(&page), celeriac_buffer_free(&body);
}
