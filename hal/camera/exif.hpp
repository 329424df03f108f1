#pragma once
// What is known of a photo, as the Exif segment of its file.
//
// Written by ourselves: a dozen tags of three types make 150 lines, and nothing of others is parsed;
// libexif's strength is to read and to edit. Tags, types and the order of directories: Exif 2.32 (CIPA
// DC-008), TIFF 6.0.

#include <cstdint>
#include <string>

#include "hal/camera/photo_folder.hpp"
#include "protocol/document.hpp"

namespace celeriac::hal::camera {

struct PhotoFacts {
  std::int64_t time_ms = 0;  ///< since 1970
  Place place = {};
  int width = 0, height = 0;             ///< pixels, as they are in the file
  int rotation = 0;                      ///< degrees clockwise, 0, 90, 180 or 270: how a viewer is to turn it
  std::string name = {};                 ///< of the file
  std::string model = {};                ///< of the camera; "" where it does not tell
  protocol::Json calibration = nullptr;  ///< see calibration.hpp
};

/// Longest text of a tag; a calibration is shorter. The segment has 64 KiB.
inline constexpr std::size_t max_exif_text = 8 * 1024;

/// What is in the file as UserComment: `{name, time, x, y, z, calibration}`; axes that are not known, and a
/// calibration that there is not, are left away.
protocol::Json photo_comment(const PhotoFacts& facts);

/// A whole APP1 segment: time in UTC, place and calibration as JSON, orientation, camera, software.
std::string exif_segment(const PhotoFacts& facts);

}  // namespace celeriac::hal::camera
