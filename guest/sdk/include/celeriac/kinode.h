#pragma once
// kinode:process/standard for guests in C. A process is a function kinode_main(), which is called once and
// loops:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/kinode.h>
//
//   void kinode_main(kinode_address our) {
//     for (;;) {
//       kinode_received item = kinode_receive();
//       if (kinode_wants_response(&item)) kinode_respond(kinode_body(&item));    // an echo
//       kinode_free_received(&item);
//     }
//   }
//
// KINODE_VERSION chooses the version of the interface: 70 (0.7.0, the default), 80 (0.8.0), 100 (1.0.0).
//
// Structures are laid out as the canonical ABI lays out the records, so that they are passed as they are.
// What the host gives is allocated with cabi_realloc and belongs to the guest: kinode_free_received() and its
// like give it back. What the guest passes is only read while the call lasts.

#include "base.h"
#include "hardware.h"
#include "json.h"

#ifndef KINODE_VERSION
#define KINODE_VERSION 70
#endif
#if KINODE_VERSION == 70
#define KINODE_MODULE "kinode:process/standard@0.7.0"
#elif KINODE_VERSION == 80
#define KINODE_MODULE "kinode:process/standard@0.8.0"
#elif KINODE_VERSION == 100
#define KINODE_MODULE "kinode:process/standard@1.0.0"
#else
#error "KINODE_VERSION is 70, 80 or 100"
#endif

CELERIAC_BEGIN

// ---- the records of the interface ----

typedef struct kinode_process_id {
  celeriac_text process_name;
  celeriac_text package_name;
  celeriac_text publisher_node;
} kinode_process_id;

typedef struct kinode_address {
  celeriac_text node;
  kinode_process_id process;
} kinode_address;

/// The right to do something, as its issuer understands it. params is JSON.
typedef struct kinode_capability {
  kinode_address issuer;
  celeriac_text params;
} kinode_capability;
typedef struct kinode_capabilities {
  kinode_capability* ptr;
  size_t len;
} kinode_capabilities;

typedef struct kinode_option_text {
  bool some;
  celeriac_text value;
} kinode_option_text;
typedef struct kinode_option_u64 {
  bool some;
  uint64_t value;
} kinode_option_u64;

/// Bytes that travel beside a message.
typedef struct kinode_blob {
  kinode_option_text mime;
  celeriac_text bytes;
} kinode_blob;
typedef struct kinode_option_blob {
  bool some;
  kinode_blob value;
} kinode_option_blob;

typedef struct kinode_request {
  bool inherit;
  kinode_option_u64 expects_response;  ///< seconds
  celeriac_text body;
  kinode_option_text metadata;
  kinode_capabilities capabilities;
} kinode_request;

typedef struct kinode_response {
  bool inherit;
  celeriac_text body;
  kinode_option_text metadata;
  kinode_capabilities capabilities;
} kinode_response;

typedef struct kinode_message {
  uint8_t is_response;
  union {
    kinode_request request;
    struct {
      kinode_response response;
      kinode_option_text context;
    };
  };
} kinode_message;

enum { kinode_offline = 0, kinode_timeout = 1 };

/// A message that was not answered, as it was sent.
typedef struct kinode_send_error {
  uint8_t kind;
#if KINODE_VERSION >= 80
  kinode_address target;
#endif
  kinode_message message;
  kinode_option_blob blob;
} kinode_send_error;

/// What comes out of the mailbox.
typedef struct kinode_received {
  uint8_t is_error;
  union {
    struct {
      kinode_address source;
      kinode_message message;
    };
    struct {
      kinode_send_error error;
      kinode_option_text error_context;
    };
  };
} kinode_received;

/// What a request that was waited for brought: `message` is always a response.
typedef struct kinode_awaited {
  uint8_t is_error;
  union {
    struct {
      kinode_address source;
      kinode_message message;
    };
    kinode_send_error error;
  };
} kinode_awaited;

/// A request on its way: the parameters of send-request, an element of send-requests.
typedef struct kinode_outgoing {
  kinode_address target;
  kinode_request request;
  kinode_option_text context;
  kinode_option_blob blob;
} kinode_outgoing;

/// The parameters of send-and-await-response, an element of on-exit's requests.
typedef struct kinode_exit_request {
  kinode_address target;
  kinode_request request;
  kinode_option_blob blob;
} kinode_exit_request;

enum { kinode_on_exit_none = 0, kinode_on_exit_restart = 1, kinode_on_exit_requests = 2 };
typedef struct kinode_on_exit {
  uint8_t kind;
  struct {
    kinode_exit_request* ptr;
    size_t len;
  } requests;
} kinode_on_exit;

#if KINODE_VERSION >= 100
typedef struct kinode_grant {
  kinode_process_id process;
  celeriac_text params;
} kinode_grant;
#else
typedef kinode_process_id kinode_grant;
#endif

enum { kinode_name_taken = 0, kinode_no_file_at_path = 1 };
typedef struct kinode_spawned {
  uint8_t is_error;
  union {
    kinode_process_id process;
    uint8_t error;
  };
} kinode_spawned;

CELERIAC_ASSERT(sizeof(kinode_process_id) == 24 && sizeof(kinode_address) == 32 &&
                    sizeof(kinode_capability) == 40,
                "layout");
CELERIAC_ASSERT(sizeof(kinode_blob) == 20 && sizeof(kinode_option_blob) == 24 &&
                    sizeof(kinode_option_text) == 12,
                "layout");
CELERIAC_ASSERT(sizeof(kinode_request) == 56 && offsetof(kinode_request, body) == 24, "layout");
CELERIAC_ASSERT(sizeof(kinode_response) == 32 && offsetof(kinode_message, context) == 40, "layout");
CELERIAC_ASSERT(sizeof(kinode_message) == 64 && offsetof(kinode_message, request) == 8, "layout");
CELERIAC_ASSERT(sizeof(kinode_outgoing) == 128 && offsetof(kinode_outgoing, context) == 88, "layout");
CELERIAC_ASSERT(offsetof(kinode_outgoing, blob) == 100 && sizeof(kinode_exit_request) == 112, "layout");
CELERIAC_ASSERT(offsetof(kinode_received, message) == 40 && sizeof(kinode_on_exit) == 12 &&
                    sizeof(kinode_spawned) == 28,
                "layout");
#if KINODE_VERSION == 70
CELERIAC_ASSERT(sizeof(kinode_send_error) == 96 && sizeof(kinode_received) == 120 &&
                    sizeof(kinode_awaited) == 104,
                "layout");
CELERIAC_ASSERT(offsetof(kinode_received, error_context) == 104 &&
                    offsetof(kinode_received, error.blob) == 80,
                "layout");
#else
CELERIAC_ASSERT(sizeof(kinode_send_error) == 128 && sizeof(kinode_received) == 152 &&
                    sizeof(kinode_awaited) == 136,
                "layout");
CELERIAC_ASSERT(offsetof(kinode_received, error_context) == 136 &&
                    offsetof(kinode_received, error.blob) == 112,
                "layout");
#endif

// ---- the functions of the interface, as they are imported ----

#define KINODE_IMPORT(field) CELERIAC_IMPORT(KINODE_MODULE, field)
KINODE_IMPORT("print-to-terminal")
void kinode_import_print_to_terminal(int32_t verbosity, const char* ptr, size_t len);
KINODE_IMPORT("set-on-exit")
void kinode_import_set_on_exit(int32_t kind, const kinode_exit_request* ptr, size_t len);
KINODE_IMPORT("get-on-exit") void kinode_import_get_on_exit(kinode_on_exit* out);
KINODE_IMPORT("get-state") void kinode_import_get_state(kinode_option_text* out);
KINODE_IMPORT("set-state") void kinode_import_set_state(const char* ptr, size_t len);
KINODE_IMPORT("clear-state") void kinode_import_clear_state(void);
KINODE_IMPORT("spawn")
void kinode_import_spawn(int32_t has_name, const char* name, size_t name_len, const char* path,
                         size_t path_len, int32_t on_exit, const kinode_exit_request* requests,
                         size_t requests_len, const kinode_capability* wanted, size_t wanted_len,
                         const kinode_grant* grants, size_t grants_len, int32_t is_public,
                         kinode_spawned* out);
KINODE_IMPORT("save-capabilities")
void kinode_import_save_capabilities(const kinode_capability* ptr, size_t len);
KINODE_IMPORT("drop-capabilities")
void kinode_import_drop_capabilities(const kinode_capability* ptr, size_t len);
KINODE_IMPORT("our-capabilities") void kinode_import_our_capabilities(kinode_capabilities* out);
KINODE_IMPORT("receive") void kinode_import_receive(kinode_received* out);
KINODE_IMPORT("get-blob") void kinode_import_get_blob(kinode_option_blob* out);
KINODE_IMPORT("send-request") void kinode_import_send_request(const kinode_outgoing* message);
KINODE_IMPORT("send-requests") void kinode_import_send_requests(const kinode_outgoing* ptr, size_t len);
KINODE_IMPORT("send-response")
void kinode_import_send_response(int32_t inherit, const char* body, size_t body_len, int32_t has_metadata,
                                 const char* metadata, size_t metadata_len,
                                 const kinode_capability* capabilities, size_t capabilities_len,
                                 int32_t has_blob, int32_t has_mime, const char* mime, size_t mime_len,
                                 const char* bytes, size_t bytes_len);
KINODE_IMPORT("send-and-await-response")
void kinode_import_send_and_await_response(const kinode_exit_request* message, kinode_awaited* out);
#if KINODE_VERSION >= 100
KINODE_IMPORT("our") void kinode_import_our(kinode_address* out);
KINODE_IMPORT("has-blob") int32_t kinode_import_has_blob(void);
KINODE_IMPORT("last-blob") void kinode_import_last_blob(kinode_option_blob* out);
#endif

// ---- the friendly layer ----

/// The process: what the guest is to define. It ends when this returns.
void kinode_main(kinode_address our);

/// "our@hardware:distro:sys", or without a node: "hardware:distro:sys" is one here. Views into `text`.
kinode_address kinode_parse_address(celeriac_text text);
/// "node@process:package:publisher", to free().
celeriac_text kinode_format_address(const kinode_address* address);

static inline kinode_option_text kinode_some(celeriac_text value) {
  return CELERIAC_MAKE(kinode_option_text){true, value};
}
/// A request to `to` ("our@p:k:u") that expects nothing: fill in the rest, and kinode_send() it.
kinode_outgoing kinode_request_to(const char* to, celeriac_text body);
void kinode_send(const kinode_outgoing* message);
/// Sends a request and waits for its response, for `seconds` at most. Everything else that comes meanwhile
/// waits in the mailbox. kinode_free_awaited().
kinode_awaited kinode_send_and_await(const char* to, celeriac_text body, uint64_t seconds);
/// The next item of the mailbox; waits for it. kinode_free_received().
kinode_received kinode_receive(void);
bool kinode_wants_response(const kinode_received* item);
bool kinode_is_request(const kinode_received* item);
/// The body of a request, a response, or of the request that an error is about.
celeriac_text kinode_body(const kinode_received* item);
/// Whether a message is from this process of this node: "timer:distro:sys".
bool kinode_from(const kinode_received* item, const char* process);
/// Responds to the request that is being dealt with.
void kinode_respond(celeriac_text body);
void kinode_respond_with_blob(celeriac_text body, const char* mime, celeriac_text bytes);
/// The blob of the message received last; free() its bytes, and those of mime.
kinode_option_blob kinode_get_blob(void);

/// What was kept last, over restarts and upgrades; free() its bytes.
kinode_option_text kinode_get_state(void);
/// Returns when it is on disk.
void kinode_set_state(celeriac_text bytes);

/// A line of the log; verbosity 0 is always shown, 3 hardly ever.
void kinode_print(int verbosity, celeriac_text line);
/// Has the timer answer after so many milliseconds: a response from timer:distro:sys with this context.
void kinode_set_timer(uint64_t milliseconds, celeriac_text context);

void kinode_free_text(celeriac_text* text);
void kinode_free_address(kinode_address* address);
void kinode_free_capabilities(kinode_capabilities* capabilities);
void kinode_free_message(kinode_message* message);
void kinode_free_received(kinode_received* item);
void kinode_free_awaited(kinode_awaited* item);
void kinode_free_blob(kinode_option_blob* blob);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
#include "kinode_implementation.h"
#endif
