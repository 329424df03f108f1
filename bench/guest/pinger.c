// Measures messages from inside. Commands, as texts:
//   "ping N ADDRESS"    N requests, one after another, each awaited; answers "done"
//   "flood N ADDRESS"   N numbered messages that expect nothing, every 500th a request that is awaited; answers "done"
//   "spin"              a busy loop for ever
// As a ponger it answers every other request with nothing, and counts: "count" is answered "RECEIVED MISPLACED", the
// numbered messages that came and those that were not the next.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/kinode.h>

static uint64_t expected, received, misplaced;

static uint64_t number(celeriac_text text, size_t* at) {
  uint64_t value = 0;
  while (*at < text.len && text.ptr[*at] == ' ') ++*at;
  for (; *at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9'; ++*at) value = value * 10 + (uint64_t)(text.ptr[*at] - '0');
  return value;
}

static size_t write_number(char* out, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  for (size_t i = 0; i < count; ++i) out[i] = digits[count - 1 - i];
  return count;
}

static bool begins(celeriac_text text, const char* word) {
  size_t i = 0;
  for (; word[i] != 0; ++i)
    if (i >= text.len || text.ptr[i] != word[i]) return false;
  return true;
}

static void run(celeriac_text command) {
  static char target[512];
  const bool flood = begins(command, "flood ");
  size_t at = flood ? 6 : 5;
  const uint64_t count = number(command, &at);
  while (at < command.len && command.ptr[at] == ' ') ++at;
  size_t length = 0;
  while (at < command.len && length + 1 < sizeof target) target[length++] = command.ptr[at++];
  target[length] = 0;
  char body[32] = "n ";
  kinode_outgoing told = kinode_request_to(target, (celeriac_text){body, 0});
  kinode_exit_request asked = {.target = told.target, .request = told.request};
  asked.request.expects_response = (kinode_option_u64){true, 60};
  for (uint64_t i = 0; i < count; ++i) {
    told.request.body.len = asked.request.body.len = 2 + write_number(body + 2, i);
    if (flood && i % 500 != 499) {
      kinode_send(&told);
    } else {
      kinode_awaited answer;
      kinode_import_send_and_await_response(&asked, &answer);
      kinode_free_awaited(&answer);
    }
  }
}

void kinode_main(kinode_address our) {
  (void)our;
  for (;;) {
    kinode_received item = kinode_receive();
    const celeriac_text body = kinode_body(&item);
    if (begins(body, "ping ") || begins(body, "flood ")) {
      run(body);
      kinode_respond((celeriac_text){"done", 4});
    } else if (begins(body, "spin")) {
      for (volatile uint32_t i = 0;;) i = i + 1;
    } else if (begins(body, "count")) {
      char told[64];
      size_t length = write_number(told, received);
      told[length++] = ' ';
      length += write_number(told + length, misplaced);
      kinode_respond((celeriac_text){told, length});
    } else if (begins(body, "n ")) {
      size_t at = 2;
      const uint64_t n = number(body, &at);
      if (n == 0) expected = received = misplaced = 0;
      if (n != expected) ++misplaced;
      expected = n + 1;
      ++received;
      if (kinode_wants_response(&item)) kinode_respond((celeriac_text){"", 0});
    }
    kinode_free_received(&item);
  }
}
