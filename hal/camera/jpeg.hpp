#pragma once
// Pixels as the bytes of a JPEG file.

#include <cstdint>
#include <span>
#include <string>

#include "hal/camera/canvas.hpp"

namespace celeriac::hal::camera {

/// Percent, as libjpeg counts it: small files in which text stays readable.
inline constexpr int jpeg_quality = 85;

std::string encode_jpeg(const Canvas& canvas);

/// Pixels as cameras give them: two at a time share their colour, Y0 Cb Y1 Cr (V4L2's YUYV).
struct YuyvFrame {
  std::span<const std::uint8_t> bytes;  ///< at least height × stride
  int width = 0;                        ///< pixels, even
  int height = 0;
  std::size_t stride = 0;  ///< bytes from one row to the next, at least 2 × width
};
std::string encode_jpeg(const YuyvFrame& frame);

/// A DHT segment with the tables that T.81, annex K, gives as typical, as libjpeg has them.
std::string standard_huffman_tables();

}  // namespace celeriac::hal::camera
