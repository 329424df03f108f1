#pragma once
// A drawing as the bytes of a JPEG file.

#include <string>

#include "hal/camera/canvas.hpp"

namespace celeriac::hal::camera {

/// Percent, as libjpeg counts it: small files in which text stays readable.
inline constexpr int jpeg_quality = 85;

std::string encode_jpeg(const Canvas& canvas);

}  // namespace celeriac::hal::camera
