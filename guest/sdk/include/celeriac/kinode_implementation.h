#pragma once
// The code of kinode.h. Included by it, in the one source that defines CELERIAC_IMPLEMENTATION.

CELERIAC_BEGIN

/// The host allocates what it gives with this.
CELERIAC_EXPORT("cabi_realloc")
void* cabi_realloc(void* block, size_t old_size, size_t alignment, size_t size) {
  (void)old_size;  // malloc aligns to 8, and nothing wants more
  if (size == 0) return (void*)alignment;
  void* made = realloc(block, size);
  if (made == NULL) celeriac_trap();
  return made;
}

CELERIAC_EXPORT("init")
void kinode_export_init(char* our, size_t len) {
  celeriac_text text = {our, len};
  kinode_main(kinode_parse_address(text));
  kinode_free_text(&text);
}

static celeriac_text kinode_until(celeriac_text* rest, char end) {
  size_t at = 0;
  while (at < rest->len && rest->ptr[at] != end) ++at;
  celeriac_text part = celeriac_bytes(rest->ptr, at);
  size_t used = at < rest->len ? at + 1 : at;
  rest->ptr += used;
  rest->len -= used;
  return part;
}
kinode_address kinode_parse_address(celeriac_text text) {
  kinode_address address;
  celeriac_text rest = text, node = kinode_until(&rest, '@');
  const bool has_node = node.len < text.len;
  address.node = has_node ? node : CELERIAC_TEXT("our");
  if (has_node) text = rest;
  address.process.process_name = kinode_until(&text, ':');
  address.process.package_name = kinode_until(&text, ':');
  address.process.publisher_node = text;
  return address;
}
celeriac_text kinode_format_address(const kinode_address* address) {
  celeriac_buffer out = {NULL, 0, 0};
  celeriac_put(&out, address->node), celeriac_put_c(&out, "@");
  celeriac_put(&out, address->process.process_name), celeriac_put_c(&out, ":");
  celeriac_put(&out, address->process.package_name), celeriac_put_c(&out, ":");
  celeriac_put(&out, address->process.publisher_node);
  return celeriac_built(&out);
}

kinode_outgoing kinode_request_to(const char* to, celeriac_text body) {
  kinode_outgoing message;
  memset(&message, 0, sizeof message);
  message.target = kinode_parse_address(celeriac_from_c(to));
  message.request.body = body;
  return message;
}
void kinode_send(const kinode_outgoing* message) {
  kinode_import_send_request(message);
}
kinode_awaited kinode_send_and_await(const char* to, celeriac_text body, uint64_t seconds) {
  kinode_outgoing message = kinode_request_to(to, body);
  message.request.expects_response.some = true;
  message.request.expects_response.value = seconds;
  kinode_exit_request request;
  memset(&request, 0, sizeof request);
  request.target = message.target;
  request.request = message.request;
  kinode_awaited result;
  kinode_import_send_and_await_response(&request, &result);
  return result;
}
kinode_received kinode_receive(void) {
  kinode_received item;
  kinode_import_receive(&item);
  return item;
}
bool kinode_is_request(const kinode_received* item) {
  return !item->is_error && !item->message.is_response;
}
bool kinode_wants_response(const kinode_received* item) {
  return kinode_is_request(item) && item->message.request.expects_response.some;
}
celeriac_text kinode_body(const kinode_received* item) {
  const kinode_message* message = item->is_error ? &item->error.message : &item->message;
  return message->is_response ? message->response.body : message->request.body;
}
bool kinode_from(const kinode_received* item, const char* process) {
  if (item->is_error) return false;
  kinode_address wanted = kinode_parse_address(celeriac_from_c(process));
  return celeriac_equal(item->source.process.process_name, wanted.process.process_name) &&
         celeriac_equal(item->source.process.package_name, wanted.process.package_name) &&
         celeriac_equal(item->source.process.publisher_node, wanted.process.publisher_node);
}
void kinode_respond(celeriac_text body) {
  kinode_import_send_response(0, body.ptr, body.len, 0, NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0);
}
void kinode_respond_with_blob(celeriac_text body, const char* mime, celeriac_text bytes) {
  kinode_import_send_response(0, body.ptr, body.len, 0, NULL, 0, NULL, 0, 1, 1, mime, strlen(mime), bytes.ptr,
                              bytes.len);
}
kinode_option_blob kinode_get_blob(void) {
  kinode_option_blob blob;
  kinode_import_get_blob(&blob);
  return blob;
}
kinode_option_text kinode_get_state(void) {
  kinode_option_text state;
  kinode_import_get_state(&state);
  return state;
}
void kinode_set_state(celeriac_text bytes) {
  kinode_import_set_state(bytes.ptr, bytes.len);
}
void kinode_print(int verbosity, celeriac_text line) {
  kinode_import_print_to_terminal(verbosity, line.ptr, line.len);
}
void kinode_set_timer(uint64_t milliseconds, celeriac_text context) {
  celeriac_buffer body = {NULL, 0, 0};
  json_object(&body), json_key(&body, "SetTimer"), json_number(&body, (double)milliseconds),
      json_end_object(&body);
  kinode_outgoing message = kinode_request_to("our@timer:distro:sys", celeriac_built(&body));
  message.request.expects_response.some = true;
  message.request.expects_response.value = milliseconds / 1000 + 5;
  message.context = kinode_some(context);
  kinode_send(&message);
  celeriac_buffer_free(&body);
}

// ---- giving back what the host allocated ----

void kinode_free_text(celeriac_text* text) {
  if (text->len > 0) free((void*)text->ptr);
  text->ptr = NULL, text->len = 0;
}
static void kinode_free_option(kinode_option_text* text) {
  if (text->some) kinode_free_text(&text->value);
}
void kinode_free_address(kinode_address* address) {
  kinode_free_text(&address->node);
  kinode_free_text(&address->process.process_name);
  kinode_free_text(&address->process.package_name);
  kinode_free_text(&address->process.publisher_node);
}
void kinode_free_capabilities(kinode_capabilities* capabilities) {
  for (size_t i = 0; i < capabilities->len; ++i) {
    kinode_free_address(&capabilities->ptr[i].issuer);
    kinode_free_text(&capabilities->ptr[i].params);
  }
  if (capabilities->len > 0) free(capabilities->ptr);
  capabilities->len = 0;
}
void kinode_free_message(kinode_message* message) {
  if (message->is_response) {
    kinode_free_text(&message->response.body);
    kinode_free_option(&message->response.metadata);
    kinode_free_capabilities(&message->response.capabilities);
    kinode_free_option(&message->context);
  } else {
    kinode_free_text(&message->request.body);
    kinode_free_option(&message->request.metadata);
    kinode_free_capabilities(&message->request.capabilities);
  }
}
void kinode_free_blob(kinode_option_blob* blob) {
  if (!blob->some) return;
  kinode_free_option(&blob->value.mime);
  kinode_free_text(&blob->value.bytes);
}
static void kinode_free_error(kinode_send_error* error) {
#if KINODE_VERSION >= 80
  kinode_free_address(&error->target);
#endif
  kinode_free_message(&error->message);
  kinode_free_blob(&error->blob);
}
void kinode_free_received(kinode_received* item) {
  if (item->is_error) {
    kinode_free_error(&item->error);
    kinode_free_option(&item->error_context);
  } else {
    kinode_free_address(&item->source);
    kinode_free_message(&item->message);
  }
}
void kinode_free_awaited(kinode_awaited* item) {
  if (item->is_error) {
    kinode_free_error(&item->error);
  } else {
    kinode_free_address(&item->source);
    kinode_free_message(&item->message);
  }
}

// ---- the bot: JSON requests to hardware:distro:sys ----

enum { farm_longest_move_s = 600 };

farm_status farm_call(const char* object, const char* operation, const farm_field* fields, size_t count,
                      int* value, celeriac_text* path) {
  (void)object;  // the operation says which
  celeriac_buffer body = {NULL, 0, 0};
  json_object(&body);
  json_key(&body, operation);
  json_object(&body);
  for (size_t i = 0; i < count; ++i) json_key(&body, fields[i].name), json_number(&body, fields[i].number);
  json_end_object(&body);
  json_end_object(&body);
  kinode_awaited answer =
      kinode_send_and_await("our@hardware:distro:sys", celeriac_built(&body), farm_longest_move_s);
  celeriac_buffer_free(&body);
  farm_status status = farm_ok;
  if (answer.is_error) {
    status = answer.error.kind == kinode_offline ? farm_offline : farm_timeout;
    farm_set_error(CELERIAC_TEXT("hardware:distro:sys does not answer, or may not be asked."));
  } else {
    celeriac_text json = answer.message.response.body, error = json_find(json, "error");
    celeriac_text code = json_text(json_find(error, "code")),
                  sentence = json_text(json_find(error, "message"));
    if (error.ptr != NULL) status = farm_status_named(code);
    farm_set_error(sentence);
    free((void*)code.ptr), free((void*)sentence.ptr);
    if (value != NULL) *value = (int)celeriac_number(json_find(json, "value"));
    if (path != NULL) *path = json_text(json_find(json, "path"));
  }
  kinode_free_awaited(&answer);
  return status;
}

CELERIAC_END
