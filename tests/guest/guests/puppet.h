#pragma once
// What the puppets of all ABIs share: words of their language, and the lines of their reports. README.md
// describes both.

#include <celeriac/base.h>

/// Texts up to this are shown whole in a report, longer ones as #length:hash.
enum { puppet_shown = 200 };

// ---- words ----

/// A script, read word by word. Texts in quotes are decoded in place, so the words live as long as it does.
typedef struct puppet_script {
  char* at;
  char* end;
  bool begun;  ///< `at` is within a command, not before the first
} puppet_script;

static inline bool puppet_separator(char c) {
  return c == '\n' || c == ';';
}
static inline bool puppet_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
static inline void puppet_skip_space(puppet_script* s) {
  while (s->at < s->end && puppet_space(*s->at)) ++s->at;
}
/// True if the command has no more words.
static inline bool puppet_command_ends(puppet_script* s) {
  puppet_skip_space(s);
  return s->at == s->end || puppet_separator(*s->at);
}
/// Goes past a word without decoding it.
static inline void puppet_skip_word(puppet_script* s) {
  bool quoted = *s->at == '"';
  for (++s->at; s->at < s->end; ++s->at) {
    if (!quoted && (puppet_space(*s->at) || puppet_separator(*s->at))) return;
    if (quoted && *s->at == '\\')
      ++s->at;
    else if (quoted && *s->at == '"')
      break;
  }
  if (s->at < s->end)
    ++s->at;
  else
    s->at = s->end;
}
/// Goes to the first word of the next command; false if there is none.
static inline bool puppet_next_command(puppet_script* s) {
  while (s->begun && !puppet_command_ends(s)) puppet_skip_word(s);  // words that nobody wanted
  while (s->at < s->end && (puppet_space(*s->at) || puppet_separator(*s->at))) ++s->at;
  s->begun = true;
  return s->at < s->end;
}
static inline int puppet_hex(char c) {
  return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}
static inline char puppet_unescape(puppet_script* s) {
  char c = *s->at++;
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  if (c == '0') return 0;
  if (c != 'x' || s->end - s->at < 2) return c;
  int byte = puppet_hex(s->at[0]) * 16 + puppet_hex(s->at[1]);
  s->at += 2;
  return (char)byte;
}
/// The next word of the command; {NULL, 0} if there is none.
static inline celeriac_text puppet_word(puppet_script* s) {
  if (puppet_command_ends(s)) return celeriac_bytes(NULL, 0);
  char* start = s->at;
  if (*start != '"') {
    while (s->at < s->end && !puppet_space(*s->at) && !puppet_separator(*s->at)) ++s->at;
    return celeriac_bytes(start, (size_t)(s->at - start));
  }
  ++s->at;
  char* out = start;
  while (s->at < s->end && *s->at != '"') {
    char c = *s->at++;
    *out++ = c == '\\' && s->at < s->end ? puppet_unescape(s) : c;
  }
  if (s->at < s->end) ++s->at;
  return celeriac_bytes(start, (size_t)(out - start));
}
/// The rest of the command, as it stands.
static inline celeriac_text puppet_rest(puppet_script* s) {
  puppet_skip_space(s);
  char* start = s->at;
  while (s->at < s->end && *s->at != '\n') ++s->at;
  return celeriac_bytes(start, (size_t)(s->at - start));
}
static inline bool puppet_is(celeriac_text word, const char* text) {
  return celeriac_equal(word, celeriac_from_c(text));
}
static inline uint64_t puppet_number(celeriac_text word) {
  uint64_t value = 0;
  for (size_t i = 0; i < word.len && word.ptr[i] >= '0' && word.ptr[i] <= '9'; ++i)
    value = value * 10 + (uint64_t)(word.ptr[i] - '0');
  return value;
}
/// Bytes of a given number, the same each time; free() them.
static inline celeriac_text puppet_bytes(uint64_t size) {
  char* made = (char*)malloc((size_t)size + 1);
  if (made == NULL) celeriac_trap();
  for (size_t i = 0; i < size; ++i) made[i] = (char)('a' + i % 26);
  return celeriac_bytes(made, (size_t)size);
}

// ---- lines of reports ----

static inline void puppet_put_u64(celeriac_buffer* out, uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  celeriac_put(out, celeriac_bytes(digits + at, sizeof digits - at));
}
static inline void puppet_put_i64(celeriac_buffer* out, int64_t value) {
  if (value < 0) celeriac_put_c(out, "-");
  puppet_put_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}
static inline void puppet_put_hex(celeriac_buffer* out, uint32_t value, int digits) {
  while (digits-- > 0)
    celeriac_put(out, celeriac_bytes(&"0123456789abcdef"[(value >> (4 * digits)) & 15], 1));
}
/// "text" with escapes, or #length:hash.
static inline void puppet_put_quoted(celeriac_buffer* out, celeriac_text text) {
  if (text.len > puppet_shown) {
    uint32_t hash = 2166136261u;  // FNV-1a
    for (size_t i = 0; i < text.len; ++i) hash = (hash ^ (uint8_t)text.ptr[i]) * 16777619u;
    celeriac_put_c(out, "#");
    puppet_put_u64(out, text.len);
    celeriac_put_c(out, ":");
    puppet_put_hex(out, hash, 8);
    return;
  }
  celeriac_put_c(out, "\"");
  for (size_t i = 0; i < text.len; ++i) {
    uint8_t c = (uint8_t)text.ptr[i];
    if (c == '"' || c == '\\')
      celeriac_put_c(out, c == '"' ? "\\\"" : "\\\\");
    else if (c == '\n')
      celeriac_put_c(out, "\\n");
    else if (c < 0x20 || c >= 0x7F)
      celeriac_put_c(out, "\\x"), puppet_put_hex(out, c, 2);
    else
      celeriac_put(out, celeriac_bytes(text.ptr + i, 1));
  }
  celeriac_put_c(out, "\"");
}

// ---- misbehaving ----

static volatile int puppet_sink;
/// Needs frames of the engine, and nothing of the stack in memory.
static inline int puppet_recurse(int depth) {
  if (puppet_sink == -1) return depth;
  int deeper = puppet_recurse(depth + 1);
  puppet_sink = deeper;
  return deeper + puppet_sink;
}
/// Commands that need no ABI. False if it is none of them.
static inline bool puppet_misbehave(celeriac_text command, puppet_script* script, celeriac_buffer* line) {
  if (puppet_is(command, "trap")) celeriac_trap();
  if (puppet_is(command, "spin"))
    for (;;) puppet_sink = puppet_sink + 1;
  if (puppet_is(command, "recurse")) return puppet_sink = puppet_recurse(0), true;
  if (puppet_is(command, "grow")) {  // grow PAGES | grow forever
    celeriac_text pages = puppet_word(script);
    size_t before = 0, step = puppet_is(pages, "forever") ? 16 : (size_t)puppet_number(pages);
    do before = __builtin_wasm_memory_grow(0, step);
    while (puppet_is(pages, "forever") && before != (size_t)-1);
    celeriac_put_c(line, before == (size_t)-1 ? "grow refused pages=" : "grow pages=");
    puppet_put_u64(line, __builtin_wasm_memory_size(0));
    return true;
  }
  if (puppet_is(command, "memory")) {
    celeriac_put_c(line, "memory pages=");
    puppet_put_u64(line, __builtin_wasm_memory_size(0));
    return true;
  }
  return false;
}
