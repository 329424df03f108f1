#pragma once
/* The same frames in plain C: what the codec of this project is measured against. */

#include <stdint.h>
#include <string.h>

typedef struct {
  uint16_t channel;
  char space[4];
  char wire[5];
  uint16_t size;
} plain_request;

static inline void plain_put_u16(unsigned char* out, uint16_t number) {
  out[0] = (unsigned char)(number >> 8);
  out[1] = (unsigned char)(number & 0xff);
}

static inline uint16_t plain_get_u16(const unsigned char* in) {
  return (uint16_t)(((unsigned)in[0] << 8) | (unsigned)in[1]);
}

static inline size_t plain_encode(unsigned char* out, uint16_t channel, const char* space, const char* wire,
                                  const void* payload, uint16_t size) {
  plain_put_u16(out, channel);
  memcpy(out + 2, space, 4);
  memcpy(out + 6, wire, 5);
  plain_put_u16(out + 11, size);
  out[13] = '\r';
  out[14] = '\n';
  memcpy(out + 15, payload, size);
  return 15U + size;
}

static inline int plain_legal(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* 1 if the name is at least one legal character, then only spaces. */
static inline int plain_name(const unsigned char* name, int width) {
  int length = 0;
  while (length < width && plain_legal(name[length])) ++length;
  for (int i = length; i < width; ++i)
    if (name[i] != ' ') return 0;
  return length > 0;
}

static inline int plain_decode(const unsigned char* in, plain_request* request) {
  if (in[13] != '\r' || in[14] != '\n' || !plain_name(in + 2, 4) || !plain_name(in + 6, 5)) return 0;
  request->channel = plain_get_u16(in);
  memcpy(request->space, in + 2, 4);
  memcpy(request->wire, in + 6, 5);
  request->size = plain_get_u16(in + 11);
  return 1;
}
