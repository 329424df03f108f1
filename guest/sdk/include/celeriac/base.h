#pragma once
// What the headers of all ABIs share: how imports and exports are named, text and bytes, memory.
//
// The headers hold declarations; exactly one source of a program defines CELERIAC_IMPLEMENTATION before it
// includes the header of its ABI, and gets the code as well. Without libc (celeriac-cc --bare) that includes
// a small malloc and the functions of memory that compilers call by themselves.
//
// A celeriac_text is both text (UTF-8) and bytes: a pointer and a length, as the canonical ABI passes strings
// and lists. It says nothing about who owns the bytes; the functions that give one away say so.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CELERIAC_BEGIN extern "C" {
#define CELERIAC_END }
#define CELERIAC_ASSERT(condition, text) static_assert(condition, text)
#define CELERIAC_MAKE(type) type
#else
#define CELERIAC_BEGIN
#define CELERIAC_END
#define CELERIAC_ASSERT(condition, text) _Static_assert(condition, text)
#define CELERIAC_MAKE(type) (type)
#endif

/// A function of the host: CELERIAC_IMPORT("module", "field") int name(int x);
#define CELERIAC_IMPORT(module, field) __attribute__((import_module(module), import_name(field)))
/// A function that the host calls.
#define CELERIAC_EXPORT(name) __attribute__((export_name(name)))

CELERIAC_BEGIN

typedef struct celeriac_text {
  const char* ptr;
  size_t len;
} celeriac_text;
#ifdef __wasm__
CELERIAC_ASSERT(sizeof(celeriac_text) == 8, "guests are wasm32");
#endif

/// Text of a literal: CELERIAC_TEXT("soil").
#define CELERIAC_TEXT(literal) (CELERIAC_MAKE(celeriac_text){literal, sizeof(literal) - 1})

static inline celeriac_text celeriac_bytes(const void* bytes, size_t size) {
  celeriac_text text = {(const char*)bytes, size};
  return text;
}
celeriac_text celeriac_from_c(const char* text);
bool celeriac_equal(celeriac_text a, celeriac_text b);
bool celeriac_starts(celeriac_text text, celeriac_text start);
/// Where `part` begins in `text`, or -1.
ptrdiff_t celeriac_find(celeriac_text text, celeriac_text part);
/// A copy of one's own; free() it.
celeriac_text celeriac_copy(celeriac_text text);
/// The number at the start of `text`, 0 where there is none: "-12.5".
double celeriac_number(celeriac_text text);

/// The manifest's arguments: celeriac_argument(0) is the first, {NULL, 0} where there is none. Valid for
/// ever.
celeriac_text celeriac_argument(size_t index);
/// Milliseconds since 1970.
int64_t celeriac_now_ms(void);

/// Ends the guest with a trap.
__attribute__((noreturn)) static inline void celeriac_trap(void) {
  __builtin_trap();
}

// ---- a buffer that grows, for building messages ----

typedef struct celeriac_buffer {
  char* ptr;
  size_t len;
  size_t capacity;
} celeriac_buffer;

void celeriac_put(celeriac_buffer* buffer, celeriac_text bytes);
void celeriac_put_c(celeriac_buffer* buffer, const char* text);
/// A number as JSON has it: "3", "-0.25"; six decimals at most.
void celeriac_put_number(celeriac_buffer* buffer, double number);
void celeriac_buffer_free(celeriac_buffer* buffer);
static inline celeriac_text celeriac_built(const celeriac_buffer* buffer) {
  return celeriac_bytes(buffer->ptr, buffer->len);
}

#ifdef CELERIAC_BARE
void* malloc(size_t size);
void* realloc(void* block, size_t size);
void free(void* block);
void* memcpy(void* to, const void* from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int byte, size_t size);
int memcmp(const void* a, const void* b, size_t size);
size_t strlen(const char* text);
#endif

CELERIAC_END

#ifndef CELERIAC_BARE
#include <stdlib.h>
#include <string.h>
#endif

#ifdef CELERIAC_IMPLEMENTATION
#include "base_implementation.h"
#endif
