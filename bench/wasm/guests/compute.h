// The work that is measured, native and as a guest: the same source.
#pragma once

enum { crc_bytes = 1 << 20, side = 256 };

static unsigned crc32_of(const unsigned char* bytes, unsigned count) {
  static unsigned table[256];
  if (table[1] == 0) {
    for (unsigned i = 0; i < 256; ++i) {
      unsigned c = i;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      table[i] = c;
    }
  }
  unsigned crc = 0xFFFFFFFFu;
  for (unsigned i = 0; i < count; ++i) crc = table[(crc ^ bytes[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

static void fill_bytes(unsigned char* bytes) {
  for (unsigned i = 0; i < crc_bytes; ++i) bytes[i] = (unsigned char)(i * 31u >> 3);
}

static void fill_picture(float* picture) {
  for (unsigned i = 0; i < side * side; ++i) picture[i] = (float)(i % 251);
}

// 5 by 5, the border left out.
static float convolve(const float* from, float* to) {
  static const float kernel[25] = {1, 4,  6, 4,  1, 4, 16, 24, 16, 4, 6, 24, 36,
                                   24, 6, 4, 16, 24, 16, 4, 1, 4, 6, 4, 1};
  float sum = 0;
  for (int y = 2; y < side - 2; ++y) {
    for (int x = 2; x < side - 2; ++x) {
      float value = 0;
      for (int v = 0; v < 5; ++v) {
        for (int u = 0; u < 5; ++u) value += kernel[v * 5 + u] * from[(y + v - 2) * side + x + u - 2];
      }
      to[y * side + x] = value / 256;
      sum += to[y * side + x];
    }
  }
  return sum;
}
