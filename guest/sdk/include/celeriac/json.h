#pragma once
// As much JSON as a guest's messages need: writing into a celeriac_buffer, and finding members in a text.
//
//   celeriac_buffer out = {0};
//   json_object(&out);  json_key(&out, "pin");  json_number(&out, 8);  json_end_object(&out);     //
//   {"pin":8} double pin = celeriac_number(json_find(body, "write_pin.pin"));
//
// Reading does not check: what is not well-formed is simply not found.

#include "base.h"

CELERIAC_BEGIN

// Writing. Commas come by themselves.
void json_object(celeriac_buffer* out);
void json_end_object(celeriac_buffer* out);
void json_array(celeriac_buffer* out);
void json_end_array(celeriac_buffer* out);
void json_key(celeriac_buffer* out, const char* key);
void json_string(celeriac_buffer* out, celeriac_text value);
void json_number(celeriac_buffer* out, double value);
void json_bool(celeriac_buffer* out, bool value);
void json_null(celeriac_buffer* out);
/// A value that is JSON already.
void json_raw(celeriac_buffer* out, celeriac_text json);

/// The value at a path of names and indices: json_find(text, "Http.headers.Host"), json_find(text,
/// "members.0"). A view into `json`; {NULL, 0} if it is not there. "" is the value itself, without the space
/// around it.
celeriac_text json_find(celeriac_text json, const char* path);
/// The text of a string value, without quotes and escapes, in memory of its own: free() it. Of another value:
/// its JSON.
celeriac_text json_text(celeriac_text value);
/// Whether a value is this string.
bool json_is(celeriac_text value, const char* text);

CELERIAC_END

#ifdef CELERIAC_IMPLEMENTATION
CELERIAC_BEGIN

static void json_separate(celeriac_buffer* out) {
  if (out->len == 0) return;
  char last = out->ptr[out->len - 1];
  if (last != '{' && last != '[' && last != ':') celeriac_put_c(out, ",");
}
void json_object(celeriac_buffer* out) {
  json_separate(out), celeriac_put_c(out, "{");
}
void json_end_object(celeriac_buffer* out) {
  celeriac_put_c(out, "}");
}
void json_array(celeriac_buffer* out) {
  json_separate(out), celeriac_put_c(out, "[");
}
void json_end_array(celeriac_buffer* out) {
  celeriac_put_c(out, "]");
}
void json_key(celeriac_buffer* out, const char* key) {
  json_string(out, celeriac_from_c(key)), celeriac_put_c(out, ":");
}
void json_string(celeriac_buffer* out, celeriac_text value) {
  json_separate(out);
  celeriac_put_c(out, "\"");
  for (size_t i = 0; i < value.len; ++i) {
    unsigned char c = (unsigned char)value.ptr[i];
    char escaped[7] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15], 0};
    if (c == '"' || c == '\\') escaped[1] = (char)c, escaped[2] = 0;
    if (c == '\n') escaped[1] = 'n', escaped[2] = 0;
    if (c < 0x20 || c == '"' || c == '\\')
      celeriac_put_c(out, escaped);
    else
      celeriac_put(out, celeriac_bytes(value.ptr + i, 1));
  }
  celeriac_put_c(out, "\"");
}
void json_number(celeriac_buffer* out, double value) {
  json_separate(out), celeriac_put_number(out, value);
}
void json_bool(celeriac_buffer* out, bool value) {
  json_raw(out, celeriac_from_c(value ? "true" : "false"));
}
void json_null(celeriac_buffer* out) {
  json_raw(out, CELERIAC_TEXT("null"));
}
void json_raw(celeriac_buffer* out, celeriac_text json) {
  json_separate(out), celeriac_put(out, json);
}

static size_t json_space(celeriac_text json, size_t at) {
  while (at < json.len &&
         (json.ptr[at] == ' ' || json.ptr[at] == '\n' || json.ptr[at] == '\t' || json.ptr[at] == '\r'))
    ++at;
  return at;
}
/// Where the value that begins at `at` ends.
static size_t json_skip(celeriac_text json, size_t at) {
  size_t depth = 0;
  bool string = false;
  for (; at < json.len; ++at) {
    char c = json.ptr[at];
    if (string) {
      if (c == '\\')
        ++at;
      else if (c == '"') {
        string = false;
        if (depth == 0) return at + 1;
      }
    } else if (c == '"') {
      string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
      return at;
    }
  }
  return at < json.len ? at : json.len;
}
/// The member called `name`, or the element of that number, of the value `json`.
static celeriac_text json_member(celeriac_text json, celeriac_text name) {
  celeriac_text none = {NULL, 0};
  if (json.len == 0 || (json.ptr[0] != '{' && json.ptr[0] != '[')) return none;
  bool object = json.ptr[0] == '{';
  size_t at = json_space(json, 1), index = 0, wanted = (size_t)celeriac_number(name);
  while (at < json.len && json.ptr[at] != '}' && json.ptr[at] != ']') {
    bool here = !object && index == wanted;
    if (object) {
      size_t end = json_skip(json, at);
      here = end >= at + 2 && celeriac_equal(celeriac_bytes(json.ptr + at + 1, end - at - 2), name);
      at = json_space(json, end);
      if (at >= json.len || json.ptr[at] != ':') return none;
      at = json_space(json, at + 1);
    }
    size_t end = json_skip(json, at);
    if (end <= at) return none;
    if (here) return celeriac_bytes(json.ptr + at, end - at);
    at = json_space(json, end);
    if (at < json.len && json.ptr[at] == ',') at = json_space(json, at + 1);
    ++index;
  }
  return none;
}
celeriac_text json_find(celeriac_text json, const char* path) {
  size_t start = json_space(json, 0);
  if (start >= json.len) return CELERIAC_MAKE(celeriac_text){NULL, 0};
  celeriac_text value = celeriac_bytes(json.ptr + start, json_skip(json, start) - start);
  while (*path != 0 && value.ptr != NULL) {
    size_t length = 0;
    while (path[length] != 0 && path[length] != '.') ++length;
    value = json_member(value, celeriac_bytes(path, length));
    path += length;
    if (*path == '.') ++path;
  }
  return value;
}
static unsigned json_hex(const char* digits) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    char c = digits[i];
    value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  return value;
}
static size_t json_utf8(unsigned code, char out[4]) {
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xC0 | (code >> 6)), out[1] = (char)(0x80 | (code & 63)), 2;
  if (code < 0x10000)
    return out[0] = (char)(0xE0 | (code >> 12)), out[1] = (char)(0x80 | ((code >> 6) & 63)),
           out[2] = (char)(0x80 | (code & 63)), 3;
  out[0] = (char)(0xF0 | (code >> 18)), out[1] = (char)(0x80 | ((code >> 12) & 63));
  return out[2] = (char)(0x80 | ((code >> 6) & 63)), out[3] = (char)(0x80 | (code & 63)), 4;
}
celeriac_text json_text(celeriac_text value) {
  celeriac_text made = celeriac_copy(value);
  if (value.len < 2 || value.ptr[0] != '"') return made;
  char* out = (char*)made.ptr;
  size_t length = 0;
  for (size_t i = 1; i + 1 < value.len; ++i) {
    char c = value.ptr[i];
    if (c != '\\') {
      out[length++] = c;
      continue;
    }
    c = value.ptr[++i];
    if (c == 'u' && i + 4 < value.len) {
      unsigned code = json_hex(value.ptr + i + 1);
      i += 4;
      if (code >= 0xD800 && code < 0xDC00 && i + 6 < value.len && value.ptr[i + 1] == '\\' &&
          value.ptr[i + 2] == 'u') {
        code = 0x10000 + ((code - 0xD800) << 10) + (json_hex(value.ptr + i + 3) - 0xDC00);
        i += 6;
      }
      length += json_utf8(code, out + length);
    } else {
      out[length++] = c == 'n'   ? '\n'
                      : c == 't' ? '\t'
                      : c == 'r' ? '\r'
                      : c == 'b' ? '\b'
                      : c == 'f' ? '\f'
                                 : c;
    }
  }
  out[length] = 0;
  made.len = length;
  return made;
}
bool json_is(celeriac_text value, const char* text) {
  celeriac_text plain = json_text(value);
  bool equal = value.len >= 2 && value.ptr[0] == '"' && celeriac_equal(plain, celeriac_from_c(text));
  free((void*)plain.ptr);
  return equal;
}

CELERIAC_END
#endif
