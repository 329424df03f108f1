#pragma once
// Othismo objects in C. An object is what its memory holds; it answers messages, one at a time:
//
//   #define CELERIAC_IMPLEMENTATION
//   #include <celeriac/othismo.h>
//
//   static int asked;
//   void othismo_receive(const othismo_message* message) {
//     if (!othismo_is(message, "counter.next")) return othismo_refuse(message);
//     celeriac_buffer body = {0};
//     size_t document = bson_begin(&body);
//     bson_put_int(&body, "asked", ++asked);
//     bson_end(&body, document);
//     othismo_reply(message, celeriac_built(&body));                     // counter.next.response
//     celeriac_buffer_free(&body);
//   }
//
// After each message the host keeps a snapshot of memory: `asked` survives everything. OTHISMO_GENERATION
// chooses the form of the ABI: 1 (the default: one inbox, sending waits for the reply) or 3 (messages are
// buffers, replies are messages).

#include "base.h"
#include "bson.h"
#include "hardware.h"

#ifndef OTHISMO_GENERATION
#define OTHISMO_GENERATION 1
#endif

CELERIAC_BEGIN

/// One message of a document. Views into the document, which lives as long as othismo_receive() works on it.
typedef struct othismo_message {
  celeriac_text name;  ///< "acme.custom_message"
  celeriac_text body;  ///< a BSON document
  celeriac_text reply_to;
  int64_t request_id;   ///< 0: none
  int64_t response_id;  ///< of a reply: the request_id that it answers
} othismo_message;

/// What the guest is to define: called once for each message. Returning ends the run.
void othismo_receive(const othismo_message* message);
/// Called once after instantiation, if OTHISMO_START is defined before the header is included with its
/// implementation.
void othismo_start(void);

bool othismo_is(const othismo_message* message, const char* name);
/// Sends `body`, a document, as the message NAME.response to whom the message wants it.
void othismo_reply(const othismo_message* message, celeriac_text body);
/// Sends othismo.error there; refuse: with the code unknown_message.
void othismo_reply_error(const othismo_message* message, const char* code, celeriac_text sentence);
void othismo_refuse(const othismo_message* message);

/// Sends a message to an object: othismo_send("/garden/valve", "valve.open", body). Nothing is waited for; a
/// reply to it is dropped by generation 1, and comes to othismo_receive() in generation 3, with the returned
/// number as its response_id.
int64_t othismo_send(const char* to, const char* name, celeriac_text body);
/// A whole document, as it is.
void othismo_send_document(celeriac_text document);

#if OTHISMO_GENERATION == 1
/// Sends a message and waits for the reply: {NULL, 0} if there is none. The reply is a document, {othismo:
/// {…}, "NAME.response": {…}}, in the inbox: read it before the next message is sent.
celeriac_text othismo_ask(const char* to, const char* name, celeriac_text body);
celeriac_text othismo_ask_document(celeriac_text document);
/// The first message in a document beside its routing: {0} if there is none.
bson_element othismo_content(celeriac_text document);
#endif

// ---- the functions of the ABI ----

#if OTHISMO_GENERATION == 1
CELERIAC_IMPORT("othismo", "send_message")
int32_t othismo_import_send_message(size_t length, const void* buffer);
#else
CELERIAC_IMPORT("othismo", "_send_message")
int32_t othismo_import_send_message(const void* buffer, size_t length);
#endif

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
#include "othismo_implementation.h"
#endif
