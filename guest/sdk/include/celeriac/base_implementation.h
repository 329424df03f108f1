#pragma once
// The code of base.h. Included by it, in the one source that defines CELERIAC_IMPLEMENTATION.

CELERIAC_BEGIN

#ifdef CELERIAC_BARE

// The compiler makes memory.copy and memory.fill of these, not calls of the functions that they stand in.
void* memcpy(void* to, const void* from, size_t size) {
  return __builtin_memmove(to, from, size);
}
void* memmove(void* to, const void* from, size_t size) {
  return __builtin_memmove(to, from, size);
}
void* memset(void* to, int byte, size_t size) {
  return __builtin_memset(to, byte, size);
}
int memcmp(const void* a, const void* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    int difference = ((const unsigned char*)a)[i] - ((const unsigned char*)b)[i];
    if (difference != 0) return difference;
  }
  return 0;
}
size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

// Blocks are powers of two, 16 bytes and more; a freed one waits in the list of its size. The eight bytes
// before a block hold the logarithm of its size.
extern unsigned char __heap_base;
static char* celeriac_heap_end;
static void* celeriac_free_blocks[32];

static unsigned celeriac_block_class(size_t size) {
  return size <= 8 ? 4 : 32 - (unsigned)__builtin_clz(size + 7);
}
void* malloc(size_t size) {
  if (size > 0x40000000u) celeriac_trap();
  unsigned k = celeriac_block_class(size);
  void** block = (void**)celeriac_free_blocks[k];
  if (block != NULL) {
    celeriac_free_blocks[k] = *block;
    return block;
  }
  if (celeriac_heap_end == NULL) celeriac_heap_end = (char*)(((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15);
  size_t bytes = (size_t)1 << k;
  size_t have = (size_t)__builtin_wasm_memory_size(0) * 65536;
  size_t needed = (size_t)celeriac_heap_end + bytes;
  if (needed > have && __builtin_wasm_memory_grow(0, (needed - have + 65535) / 65536) == (size_t)-1)
    celeriac_trap();
  char* made = celeriac_heap_end + 8;
  celeriac_heap_end += bytes;
  *(uint32_t*)(void*)(made - 8) = k;
  return made;
}
void free(void* block) {
  if (block == NULL) return;
  unsigned k = *(uint32_t*)(void*)((char*)block - 8);
  *(void**)block = celeriac_free_blocks[k];
  celeriac_free_blocks[k] = block;
}
void* realloc(void* block, size_t size) {
  if (block == NULL) return malloc(size);
  unsigned k = *(uint32_t*)(void*)((char*)block - 8);
  size_t room = ((size_t)1 << k) - 8;
  if (size <= room) return block;
  void* made = malloc(size);
  memcpy(made, block, room);
  free(block);
  return made;
}
#endif

celeriac_text celeriac_from_c(const char* text) {
  return celeriac_bytes(text, strlen(text));
}
bool celeriac_equal(celeriac_text a, celeriac_text b) {
  return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}
bool celeriac_starts(celeriac_text text, celeriac_text start) {
  return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}
ptrdiff_t celeriac_find(celeriac_text text, celeriac_text part) {
  for (size_t i = 0; i + part.len <= text.len; ++i)
    if (memcmp(text.ptr + i, part.ptr, part.len) == 0) return (ptrdiff_t)i;
  return -1;
}
celeriac_text celeriac_copy(celeriac_text text) {
  char* made = (char*)malloc(text.len + 1);
  if (made == NULL) celeriac_trap();
  if (text.len > 0) memcpy(made, text.ptr, text.len);
  made[text.len] = 0;
  return celeriac_bytes(made, text.len);
}
double celeriac_number(celeriac_text text) {
  size_t i = 0;
  double sign = 1, value = 0, place = 1;
  if (i < text.len && (text.ptr[i] == '-' || text.ptr[i] == '+')) sign = text.ptr[i++] == '-' ? -1 : 1;
  for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; ++i)
    value = value * 10 + (text.ptr[i] - '0');
  if (i < text.len && text.ptr[i] == '.')
    for (++i; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; ++i)
      value += (text.ptr[i] - '0') * (place /= 10);
  if (i < text.len && (text.ptr[i] == 'e' || text.ptr[i] == 'E')) {
    bool down = ++i < text.len && text.ptr[i] == '-';
    if (i < text.len && (text.ptr[i] == '-' || text.ptr[i] == '+')) ++i;
    int exponent = 0;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && exponent < 400; ++i)
      exponent = exponent * 10 + (text.ptr[i] - '0');
    while (exponent-- > 0) value = down ? value / 10 : value * 10;
  }
  return sign * value;
}

// Functions of wasi_snapshot_preview1, which is there beside every ABI.
CELERIAC_IMPORT("wasi_snapshot_preview1", "args_sizes_get")
int32_t celeriac_import_args_sizes_get(size_t* count, size_t* size);
CELERIAC_IMPORT("wasi_snapshot_preview1", "args_get")
int32_t celeriac_import_args_get(char** arguments, char* bytes);
CELERIAC_IMPORT("wasi_snapshot_preview1", "clock_time_get")
int32_t celeriac_import_clock_time_get(int32_t clock, int64_t precision, int64_t* nanoseconds);

celeriac_text celeriac_argument(size_t index) {
  static char** arguments;  // the program's name is the first
  static size_t count;
  size_t size = 0;
  if (arguments == NULL && celeriac_import_args_sizes_get(&count, &size) == 0) {
    arguments = (char**)malloc((count + 1) * sizeof *arguments + size + 1);
    if (arguments == NULL || celeriac_import_args_get(arguments, (char*)(arguments + count + 1)) != 0)
      count = 0;
  }
  return index + 1 < count ? celeriac_from_c(arguments[index + 1]) : celeriac_bytes(NULL, 0);
}
int64_t celeriac_now_ms(void) {
  int64_t nanoseconds = 0;
  return celeriac_import_clock_time_get(0, 1000000, &nanoseconds) == 0 ? nanoseconds / 1000000 : 0;
}

void celeriac_put(celeriac_buffer* buffer, celeriac_text bytes) {
  if (buffer->len + bytes.len > buffer->capacity) {
    size_t capacity = buffer->capacity < 64 ? 128 : buffer->capacity * 2;
    if (capacity < buffer->len + bytes.len) capacity = buffer->len + bytes.len;
    char* made = (char*)realloc(buffer->ptr, capacity);
    if (made == NULL) celeriac_trap();
    buffer->ptr = made;
    buffer->capacity = capacity;
  }
  if (bytes.len > 0) memcpy(buffer->ptr + buffer->len, bytes.ptr, bytes.len);
  buffer->len += bytes.len;
}
void celeriac_put_c(celeriac_buffer* buffer, const char* text) {
  celeriac_put(buffer, celeriac_from_c(text));
}
void celeriac_put_number(celeriac_buffer* buffer, double number) {
  char digits[32];
  size_t at = sizeof digits;
  bool negative = number < 0;
  if (negative) number = -number;
  if (!(number < 9e15)) number = 9e15;  // and not a number
  uint64_t whole = (uint64_t)number;
  uint32_t fraction = (uint32_t)((number - (double)whole) * 1e6 + 0.5);
  if (fraction >= 1000000) whole += 1, fraction = 0;
  if (whole == 0 && fraction == 0) negative = false;
  if (fraction > 0) {
    bool leading = true;  // zeros at the end are left out
    for (int i = 0; i < 6; ++i, fraction /= 10) {
      if (leading && fraction % 10 == 0) continue;
      leading = false;
      digits[--at] = (char)('0' + fraction % 10);
    }
    digits[--at] = '.';
  }
  do digits[--at] = (char)('0' + whole % 10);
  while ((whole /= 10) > 0);
  if (negative) digits[--at] = '-';
  celeriac_put(buffer, celeriac_bytes(digits + at, sizeof digits - at));
}
void celeriac_buffer_free(celeriac_buffer* buffer) {
  free(buffer->ptr);
  buffer->ptr = NULL;
  buffer->len = buffer->capacity = 0;
}

CELERIAC_END
