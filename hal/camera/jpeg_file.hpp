#pragma once
// The outside of a JPEG file: segments up to the scan, without decoding anything.
//
//   SOI  APPn …  DQT  SOF (size)  DHT  SOS  the scan …  EOI
//
// Numbers of markers: ITU-T T.81, table B.1.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::hal::camera {

/// Segments before the scan; a picture of a camera has about ten.
inline constexpr std::size_t max_jpeg_segments = 1000;

namespace marker {
inline constexpr std::uint8_t soi = 0xD8, eoi = 0xD9, sos = 0xDA, dht = 0xC4, app1 = 0xE1;
}  // namespace marker

/// What an APP1 segment with Exif begins with, after its length.
inline constexpr std::string_view exif_signature("Exif\0\0", 6);

struct JpegSegment {
  std::uint8_t kind;
  std::string_view bytes;  ///< whole: marker, length, and what it holds
};

/// Looks into bytes of somebody else's, which must outlive it.
struct JpegFile {
  int width = 0, height = 0;
  bool huffman_tables = false;        ///< cameras leave the standard ones away in their video
  std::vector<JpegSegment> segments;  ///< before the scan
  std::string_view scan;              ///< from its header on
};

/// Status::hardware_fault: this is no JPEG, which is said of whom it came from ("the camera").
protocol::Result<JpegFile> inspect_jpeg(std::string_view bytes);

/// The same picture with `exif`, a whole APP1 segment, in front, instead of any Exif that is in it.
std::string with_exif(const JpegFile& file, std::string_view exif);
/// The same picture with the standard tables of T.81, annex K, which decoders of files want.
std::string with_huffman_tables(const JpegFile& file);

}  // namespace celeriac::hal::camera
