#pragma once
// JSON to BSON and back, for puppets whose messages are BSON: 3 is an int32 (an int64 where it does not
// fit), 3.0 a double,
// {"$binary": "00ff"} bytes.

#include <celeriac/bson.h>
#include <celeriac/json.h>

#include "puppet.h"

static inline void puppet_put_bson(celeriac_buffer* out, const char* key, celeriac_text json);

/// The members of an object or array.
static inline void puppet_put_members(celeriac_buffer* out, celeriac_text json) {
  bool object = json.ptr[0] == '{';
  size_t at = json_space(json, 1), index = 0;
  while (at < json.len && json.ptr[at] != '}' && json.ptr[at] != ']') {
    celeriac_buffer key = {0};
    if (object) {
      size_t end = json_skip(json, at);
      celeriac_text name = json_text(celeriac_bytes(json.ptr + at, end - at));
      celeriac_put(&key, name);
      free((void*)name.ptr);
      at = json_space(json, json_space(json, end) + 1);
    } else {
      puppet_put_u64(&key, index++);
    }
    celeriac_put(&key, celeriac_bytes("", 1));
    size_t end = json_skip(json, at);
    if (end <= at) end = json.len;
    puppet_put_bson(out, key.ptr, celeriac_bytes(json.ptr + at, end - at));
    celeriac_buffer_free(&key);
    at = json_space(json, end);
    if (at < json.len && json.ptr[at] == ',') at = json_space(json, at + 1);
  }
}
static inline celeriac_text puppet_unhex(celeriac_text digits) {
  char* made = (char*)malloc(digits.len / 2 + 1);
  for (size_t i = 0; i + 1 < digits.len; i += 2)
    made[i / 2] = (char)(puppet_hex(digits.ptr[i]) * 16 + puppet_hex(digits.ptr[i + 1]));
  return celeriac_bytes(made, digits.len / 2);
}
static inline void puppet_put_bson(celeriac_buffer* out, const char* key, celeriac_text json) {
  char first = json.len > 0 ? json.ptr[0] : 'n';
  celeriac_text binary = first == '{' ? json_find(json, "$binary") : celeriac_bytes(NULL, 0);
  if (binary.ptr != NULL) {
    celeriac_text digits = json_text(binary), bytes = puppet_unhex(digits);
    bson_put_binary(out, key, bytes);
    free((void*)digits.ptr), free((void*)bytes.ptr);
  } else if (first == '{' || first == '[') {
    size_t start = first == '{' ? bson_open_document(out, key) : bson_open_array(out, key);
    puppet_put_members(out, json);
    bson_end(out, start);
  } else if (first == '"') {
    celeriac_text text = json_text(json);
    bson_put_text(out, key, text);
    free((void*)text.ptr);
  } else if (first == 't' || first == 'f') {
    bson_put_bool(out, key, first == 't');
  } else if (first == 'n') {
    bson_put_null(out, key);
  } else if (celeriac_find(json, CELERIAC_TEXT(".")) >= 0) {
    bson_put_double(out, key, celeriac_number(json));
  } else {
    bool negative = first == '-';
    int64_t value = (int64_t)puppet_number(celeriac_bytes(json.ptr + negative, json.len - negative));
    if (negative) value = -value;
    if (value >= INT32_MIN && value <= INT32_MAX)
      bson_put_int(out, key, (int32_t)value);
    else
      bson_put_long(out, key, value);
  }
}
/// A document of its own: celeriac_buffer_free() it.
static inline celeriac_buffer puppet_document(celeriac_text json) {
  celeriac_buffer out = {0};
  size_t start = bson_begin(&out);
  celeriac_text object = json_find(json, "");
  if (object.len > 0 && object.ptr[0] == '{') puppet_put_members(&out, object);
  bson_end(&out, start);
  return out;
}

static inline void puppet_put_json(celeriac_buffer* out, celeriac_text document, bool array) {
  celeriac_put_c(out, array ? "[" : "{");
  bson_element element;
  size_t at = 0;
  bool first = true;
  while (bson_next(document, &at, &element)) {
    if (!first) celeriac_put_c(out, ",");
    first = false;
    if (!array) puppet_put_quoted(out, element.key), celeriac_put_c(out, ":");
    switch (element.type) {
      case bson_type_document:
      case bson_type_array:
        puppet_put_json(out, element.value, element.type == bson_type_array);
        break;
      case bson_type_text:
        puppet_put_quoted(out, element.value);
        break;
      case bson_type_binary:
        celeriac_put_c(out, "{\"$binary\":\"");
        for (size_t i = 0; i < element.value.len; ++i) puppet_put_hex(out, (uint8_t)element.value.ptr[i], 2);
        celeriac_put_c(out, "\"}");
        break;
      case bson_type_bool:
        celeriac_put_c(out, element.value.ptr[0] ? "true" : "false");
        break;
      case bson_type_null:
        celeriac_put_c(out, "null");
        break;
      case bson_type_double: {
        double value = bson_number(element);
        celeriac_put_number(out, value);
        if (value == (double)(int64_t)value) celeriac_put_c(out, ".0");
        break;
      }
      default:
        puppet_put_i64(out, bson_long(element));
    }
  }
  celeriac_put_c(out, array ? "]" : "}");
}
