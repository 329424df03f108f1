// A process of Kinode that breaks a rule of the canonical ABI: the body of a request says which. Each is a
// trap (checklist 10 to 14), but for what begins with "fine-", which is not (15, 16, 19) and is answered
// "survived".

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

/// A pointer that is only a number.
static void* at(size_t address) {
  return (void*)address;
}
static size_t memory_end(void) {
  return __builtin_wasm_memory_size(0) * (size_t)65536;
}

// 10: return areas
static void receive_misaligned(void) {
  kinode_import_receive(at(20004));
}
static void receive_past_end(void) {
  kinode_import_receive(at(memory_end() - 64));
}
static void receive_far_away(void) {
  kinode_import_receive(at(0xFFFFFFF8));
}
static void state_misaligned(void) {
  kinode_import_get_state(at(20001));
}
static void request_misaligned(void) {
  kinode_import_send_request(at(20004));
}
static void request_past_end(void) {
  kinode_import_send_request(at(memory_end() - 120));
}
// 11: pointer and length
static void string_wraps(void) {
  kinode_import_print_to_terminal(0, at(0xFFFFFFFE), 4);
}
static void string_past_end(void) {
  kinode_import_print_to_terminal(0, at(memory_end() - 2), 4);
}
static void empty_past_end(void) {
  kinode_import_print_to_terminal(0, at(memory_end() + 1), 0);
}
static void string_too_long(void) {
  kinode_import_print_to_terminal(0, at(0), 0xF0000000);
}
static void list_overflows(void) {
  kinode_import_save_capabilities(at(0), 0x10000000);
}
// 12: UTF-8
static void print(const char* bytes) {
  kinode_print(0, celeriac_from_c(bytes));
}
static void utf8_overlong(void) {
  print("a\xC0\x80");
}
static void utf8_overlong_3(void) {
  print("\xE0\x80\xAF");
}
static void utf8_surrogate(void) {
  print("\xED\xA0\x80");
}
static void utf8_truncated(void) {
  print("\xE2\x82");
}
static void utf8_too_high(void) {
  print("\xF4\x90\x80\x80");
}
static void utf8_lone(void) {
  print("\x80");
}
static void utf8_in_address(void) {
  kinode_outgoing message = kinode_request_to("our@a:b:c", CELERIAC_TEXT("x"));
  message.target.process.package_name = CELERIAC_TEXT("\xFF");
  kinode_send(&message);
}
static void utf8_in_metadata(void) {
  kinode_outgoing message = kinode_request_to("our@a:b:c", CELERIAC_TEXT("x"));
  message.request.metadata = kinode_some(CELERIAC_TEXT("\xFF"));
  kinode_send(&message);
}
// 13: lists of records
static void list_misaligned(void) {
  kinode_import_save_capabilities(at(20002), 0);
}
// 14: discriminants
static void option_2(void) {
  kinode_outgoing message = kinode_request_to("our@a:b:c", CELERIAC_TEXT("x"));
  uint8_t two = 2;
  memcpy(&message.request.expects_response.some, &two, 1);
  kinode_send(&message);
}
static void option_256(void) {  // flat: the whole i32 counts
  kinode_import_send_response(0, NULL, 0, 256, NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0);
}
static void on_exit_3(void) {
  kinode_import_set_on_exit(3, NULL, 0);
}
// Two that the host of Kinode's makes traps (50).
static void await_expecting_nothing(void) {
  kinode_outgoing message = kinode_request_to("our@a:b:c", CELERIAC_TEXT("x"));
  kinode_exit_request request;
  memset(&request, 0, sizeof request);
  request.target = message.target;
  request.request = message.request;
  kinode_awaited result;
  kinode_import_send_and_await_response(&request, &result);
}
static celeriac_text our_address;
static void await_itself(void) {
  kinode_send_and_await(our_address.ptr, CELERIAC_TEXT("x"), 5);
}

// 15, 16, 19: what is allowed
static void fine_bool_2(void) {
  kinode_import_send_response(2, "survived", 8, 0, NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0);
}
static void fine_none_garbage(void) {
  kinode_import_send_response(0, "survived", 8, 0, at(0xFFFFFFF0), 0xFFFFFFFF, NULL, 0, 0, 7, at(0xFFFFFFF0),
                              0xFFFFFFFF, at(0xFFFFFFF0), 0xFFFFFFFF);
}
static void fine_none_garbage_in_memory(void) {
  kinode_outgoing message = kinode_request_to("our@a:b:c", CELERIAC_TEXT("x"));
  message.request.metadata.value = celeriac_bytes(at(0xFFFFFFF0), 0xFFFFFFFF);
  message.context.value = celeriac_bytes(at(0xFFFFFFF0), 0xFFFFFFFF);
  memset(&message.blob.value, 0xFF, sizeof message.blob.value);
  kinode_send(&message);
  kinode_respond(CELERIAC_TEXT("survived"));
}
static void fine_verbosity_257(void) {  // a flat u8 keeps its low 8 bits
  kinode_import_print_to_terminal(257, "one", 3);
  kinode_respond(CELERIAC_TEXT("survived"));
}
static void fine_nul(void) {
  kinode_import_send_response(0, "sur\0vived", 9, 1, "{\"nul\":\"\0\"}", 11, NULL, 0, 0, 0, NULL, 0, NULL, 0);
}

static const struct {
  const char* name;
  void (*run)(void);
} breaches[] = {
    {"receive-misaligned", receive_misaligned},
    {"receive-past-end", receive_past_end},
    {"receive-far-away", receive_far_away},
    {"state-misaligned", state_misaligned},
    {"request-misaligned", request_misaligned},
    {"request-past-end", request_past_end},
    {"string-wraps", string_wraps},
    {"string-past-end", string_past_end},
    {"empty-past-end", empty_past_end},
    {"string-too-long", string_too_long},
    {"list-overflows", list_overflows},
    {"utf8-overlong", utf8_overlong},
    {"utf8-overlong-3", utf8_overlong_3},
    {"utf8-surrogate", utf8_surrogate},
    {"utf8-truncated", utf8_truncated},
    {"utf8-too-high", utf8_too_high},
    {"utf8-lone", utf8_lone},
    {"utf8-in-address", utf8_in_address},
    {"utf8-in-metadata", utf8_in_metadata},
    {"list-misaligned", list_misaligned},
    {"option-2", option_2},
    {"option-256", option_256},
    {"on-exit-3", on_exit_3},
    {"await-expecting-nothing", await_expecting_nothing},
    {"await-itself", await_itself},
    {"fine-bool-2", fine_bool_2},
    {"fine-none-garbage", fine_none_garbage},
    {"fine-none-garbage-in-memory", fine_none_garbage_in_memory},
    {"fine-verbosity-257", fine_verbosity_257},
    {"fine-nul", fine_nul},
};

void kinode_main(kinode_address our) {
  our_address = kinode_format_address(&our);
  our_address = celeriac_copy(our_address);  // with a NUL behind it
  for (;;) {
    kinode_received item = kinode_receive();
    for (size_t i = 0; i < sizeof breaches / sizeof *breaches; ++i)
      if (celeriac_equal(kinode_body(&item), celeriac_from_c(breaches[i].name))) breaches[i].run();
    if (celeriac_equal(kinode_body(&item), CELERIAC_TEXT("names"))) {
      celeriac_buffer names = {0};
      for (size_t i = 0; i < sizeof breaches / sizeof *breaches; ++i)
        celeriac_put_c(&names, breaches[i].name), celeriac_put_c(&names, "\n");
      kinode_respond(celeriac_built(&names));
      celeriac_buffer_free(&names);
    }
    kinode_free_received(&item);
  }
}
