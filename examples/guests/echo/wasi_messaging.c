// An echo for wasi:messaging: what is published on "echo" comes back on "echo/back", with its content type
// and the metadata "via". Built for the drafts of mid 2024 and of December 2024.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/wasi_messaging.h>

MESSAGING_TOPICS("echo");

bool messaging_handle(messaging_message received, messaging_failure* why) {
  celeriac_text data = messaging_data(received), type = messaging_content_type(received);
  messaging_message back = messaging_new("echo/back", data);
  if (type.len > 0) messaging_import_set_content_type(back, type.ptr, type.len);
  messaging_add_metadata(back, "via", CELERIAC_TEXT("wasi:messaging"));
  bool sent = messaging_send("", "echo/back", back, why);
  messaging_free_text(&data), messaging_free_text(&type);
  messaging_drop(received);
  return sent;
}
