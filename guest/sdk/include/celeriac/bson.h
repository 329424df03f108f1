#pragma once
// As much BSON as a guest's messages need.
//
//   celeriac_buffer out = {0};
//   size_t document = bson_begin(&out);
//   size_t place = bson_open_document(&out, "place");  bson_put_double(&out, "x", 120);  bson_end(&out,
//   place); bson_end(&out, document);                                          // {place: {x: 120.0}} double
//   x = bson_number(bson_find(bson_document(bson_find(celeriac_built(&out), "place")), "x"));
//
// Reading never leaves the document: what does not fit is not there. bson_valid() tells whether all of it is
// well-formed.

#include "base.h"

CELERIAC_BEGIN

enum {
  bson_type_double = 0x01,
  bson_type_text = 0x02,
  bson_type_document = 0x03,
  bson_type_array = 0x04,
  bson_type_binary = 0x05,
  bson_type_bool = 0x08,
  bson_type_datetime = 0x09,
  bson_type_null = 0x0A,
  bson_type_int32 = 0x10,
  bson_type_int64 = 0x12,
};

// ---- writing: everything between a begin or open and its end ----

size_t bson_begin(celeriac_buffer* out);
size_t bson_open_document(celeriac_buffer* out, const char* key);
size_t bson_open_array(celeriac_buffer* out, const char* key);
void bson_end(celeriac_buffer* out, size_t start);
void bson_put_text(celeriac_buffer* out, const char* key, celeriac_text value);
void bson_put_binary(celeriac_buffer* out, const char* key, celeriac_text bytes);
void bson_put_double(celeriac_buffer* out, const char* key, double value);
void bson_put_int(celeriac_buffer* out, const char* key, int32_t value);
void bson_put_long(celeriac_buffer* out, const char* key, int64_t value);
void bson_put_bool(celeriac_buffer* out, const char* key, bool value);
void bson_put_null(celeriac_buffer* out, const char* key);
/// A whole document or array, as another one holds it.
void bson_put_raw(celeriac_buffer* out, const char* key, uint8_t type, celeriac_text document);

// ---- reading ----

typedef struct bson_element {
  uint8_t type;  ///< 0: not there
  celeriac_text key;
  celeriac_text value;  ///< its bytes; of text and binary the content
} bson_element;

/// A document's length as its first four bytes tell it.
size_t bson_size(const void* document);
/// Walks over the elements: size_t at = 0; while (bson_next(document, &at, &element)) …
bool bson_next(celeriac_text document, size_t* at, bson_element* element);
bson_element bson_find(celeriac_text document, const char* key);
bool bson_valid(celeriac_text document);

/// Any number, a bool or a date; 0 of anything else.
double bson_number(bson_element element);
int64_t bson_long(bson_element element);
/// Text or bytes; empty of anything else.
celeriac_text bson_text(bson_element element);
/// A document or array; empty of anything else.
celeriac_text bson_document(bson_element element);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
CELERIAC_BEGIN

static void bson_key(celeriac_buffer* out, uint8_t type, const char* key) {
  celeriac_put(out, celeriac_bytes(&type, 1));
  celeriac_put(out, celeriac_bytes(key, strlen(key) + 1));
}
static void bson_int(celeriac_buffer* out, int32_t value) {
  celeriac_put(out, celeriac_bytes(&value, 4));
}
size_t bson_begin(celeriac_buffer* out) {
  return bson_int(out, 0), out->len - 4;
}
size_t bson_open_document(celeriac_buffer* out, const char* key) {
  return bson_key(out, bson_type_document, key), bson_begin(out);
}
size_t bson_open_array(celeriac_buffer* out, const char* key) {
  return bson_key(out, bson_type_array, key), bson_begin(out);
}
void bson_end(celeriac_buffer* out, size_t start) {
  celeriac_put(out, celeriac_bytes("", 1));
  uint32_t size = (uint32_t)(out->len - start);
  memcpy(out->ptr + start, &size, 4);
}
void bson_put_text(celeriac_buffer* out, const char* key, celeriac_text value) {
  bson_key(out, bson_type_text, key), bson_int(out, (int32_t)value.len + 1);
  celeriac_put(out, value), celeriac_put(out, celeriac_bytes("", 1));
}
void bson_put_binary(celeriac_buffer* out, const char* key, celeriac_text bytes) {
  bson_key(out, bson_type_binary, key), bson_int(out, (int32_t)bytes.len);
  celeriac_put(out, celeriac_bytes("", 1)), celeriac_put(out, bytes);
}
void bson_put_double(celeriac_buffer* out, const char* key, double value) {
  bson_key(out, bson_type_double, key), celeriac_put(out, celeriac_bytes(&value, 8));
}
void bson_put_int(celeriac_buffer* out, const char* key, int32_t value) {
  bson_key(out, bson_type_int32, key), bson_int(out, value);
}
void bson_put_long(celeriac_buffer* out, const char* key, int64_t value) {
  bson_key(out, bson_type_int64, key), celeriac_put(out, celeriac_bytes(&value, 8));
}
void bson_put_bool(celeriac_buffer* out, const char* key, bool value) {
  uint8_t byte = value;
  bson_key(out, bson_type_bool, key), celeriac_put(out, celeriac_bytes(&byte, 1));
}
void bson_put_null(celeriac_buffer* out, const char* key) {
  bson_key(out, bson_type_null, key);
}
void bson_put_raw(celeriac_buffer* out, const char* key, uint8_t type, celeriac_text document) {
  bson_key(out, type, key), celeriac_put(out, document);
}

size_t bson_size(const void* document) {
  uint32_t size;
  memcpy(&size, document, 4);
  return size;
}
/// Bytes that a value at `at` takes; 0 if it does not fit.
static size_t bson_extent(uint8_t type, celeriac_text document, size_t at) {
  size_t left = document.len - at, size = 0;
  switch (type) {
    case bson_type_double:
    case bson_type_datetime:
    case bson_type_int64:
      return left > 8 ? 8 : 0;
    case bson_type_int32:
      return left > 4 ? 4 : 0;
    case bson_type_bool:
      return left > 1 ? 1 : 0;
    case bson_type_text:
    case bson_type_binary:
      if (left < 5) return 0;
      size = bson_size(document.ptr + at);
      if (size > left || (type == bson_type_text && (size == 0 || document.ptr[at + 3 + size] != 0)))
        return 0;
      size += type == bson_type_text ? 4 : 5;
      return size < left ? size : 0;
    case bson_type_document:
    case bson_type_array:
      if (left < 5) return 0;
      size = bson_size(document.ptr + at);
      return size >= 5 && size < left ? size : 0;
    default:
      return 0;
  }
}
bool bson_next(celeriac_text document, size_t* at, bson_element* element) {
  memset(element, 0, sizeof *element);
  if (document.len < 5) return false;
  if (*at == 0) *at = 4;
  if (*at >= document.len || document.ptr[*at] == 0) return false;
  uint8_t type = (uint8_t)document.ptr[*at];
  size_t key = *at + 1, end = key;
  while (end < document.len && document.ptr[end] != 0) ++end;
  if (end >= document.len) return false;
  size_t size = bson_extent(type, document, end + 1);
  if (size == 0 && type != bson_type_null) return false;
  const char* value = document.ptr + end + 1;
  *at = end + 1 + size;
  if (type == bson_type_text) value += 4, size -= 5;
  if (type == bson_type_binary) value += 5, size -= 5;
  element->type = type;
  element->key = celeriac_bytes(document.ptr + key, end - key);
  element->value = celeriac_bytes(value, size);
  return true;
}
bson_element bson_find(celeriac_text document, const char* key) {
  bson_element element;
  size_t at = 0;
  while (bson_next(document, &at, &element))
    if (celeriac_equal(element.key, celeriac_from_c(key))) return element;
  return element;
}
bool bson_valid(celeriac_text document) {
  if (document.len < 5 || bson_size(document.ptr) != document.len) return false;
  bson_element element;
  size_t at = 0;
  while (bson_next(document, &at, &element)) {
    bool nested = element.type == bson_type_document || element.type == bson_type_array;
    if (nested && !bson_valid(element.value)) return false;
  }
  return (at == 0 ? 4 : at) == document.len - 1;
}
int64_t bson_long(bson_element element) {
  int32_t narrow = 0;
  int64_t wide = 0;
  double real = 0;
  switch (element.type) {
    case bson_type_int32:
      return memcpy(&narrow, element.value.ptr, 4), narrow;
    case bson_type_int64:
    case bson_type_datetime:
      return memcpy(&wide, element.value.ptr, 8), wide;
    case bson_type_double:
      return memcpy(&real, element.value.ptr, 8), real > -9e18 && real < 9e18 ? (int64_t)real : 0;
    case bson_type_bool:
      return element.value.ptr[0] != 0;
    default:
      return 0;
  }
}
double bson_number(bson_element element) {
  double real = 0;
  if (element.type == bson_type_double) return memcpy(&real, element.value.ptr, 8), real;
  return (double)bson_long(element);
}
celeriac_text bson_text(bson_element element) {
  bool text = element.type == bson_type_text || element.type == bson_type_binary;
  return text ? element.value : CELERIAC_MAKE(celeriac_text){NULL, 0};
}
celeriac_text bson_document(bson_element element) {
  bool document = element.type == bson_type_document || element.type == bson_type_array;
  return document ? element.value : CELERIAC_MAKE(celeriac_text){NULL, 0};
}

CELERIAC_END
#endif
