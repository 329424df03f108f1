#include "hal/camera/jpeg_file.hpp"

#include "hal/camera/jpeg.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Status;

std::size_t big_endian(std::string_view bytes, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

/// SOF0 to SOF15 but for the three numbers in between that are something else (DHT, JPG, DAC).
bool is_frame_header(std::uint8_t kind) {
  return kind >= 0xC0 && kind <= 0xCF && kind != marker::dht && kind != 0xC8 && kind != 0xCC;
}

constexpr std::string_view start("\xFF\xD8", 2);

}  // namespace

protocol::Result<JpegFile> inspect_jpeg(std::string_view bytes) {
  const auto refuse = [](std::string_view why) {
    return protocol::fail(Status::hardware_fault,
                          "What the camera gave is no JPEG picture: " + std::string(why) + ".");
  };
  if (bytes.empty()) return refuse("it is empty");
  if (!bytes.starts_with(start)) return refuse("it does not begin like one");
  constexpr std::size_t marker_bytes = 2, shortest_frame_header = 9;
  JpegFile file;
  std::size_t at = start.size();
  while (true) {
    // Any number of FF may stand before the marker's own.
    while (at + marker_bytes < bytes.size() && static_cast<unsigned char>(bytes[at]) == 0xFF &&
           static_cast<unsigned char>(bytes[at + 1]) == 0xFF)
      ++at;
    if (at + 2 * marker_bytes > bytes.size()) return refuse("it breaks off before the picture");
    if (static_cast<unsigned char>(bytes[at]) != 0xFF) return refuse("there is no marker where one must be");
    const auto kind = static_cast<std::uint8_t>(bytes[at + 1]);
    const auto length = big_endian(bytes, at + marker_bytes);
    if (length < 2 || at + marker_bytes + length > bytes.size())
      return refuse("a segment is longer than the rest");
    if (kind == marker::sos) break;
    if (file.segments.size() == max_jpeg_segments) return refuse("it has too many segments");
    const auto segment = bytes.substr(at, marker_bytes + length);
    if (kind == marker::dht) file.huffman_tables = true;
    if (is_frame_header(kind) && segment.size() >= shortest_frame_header) {
      file.height = static_cast<int>(big_endian(segment, 5));
      file.width = static_cast<int>(big_endian(segment, 7));
    }
    file.segments.push_back({kind, segment});
    at += segment.size();
  }
  if (file.width == 0 || file.height == 0) return refuse("it has no size");
  file.scan = bytes.substr(at);
  return file;
}

std::string with_exif(const JpegFile& file, std::string_view exif) {
  std::string made(start);
  made += exif;
  for (const auto& segment : file.segments) {
    constexpr std::size_t header_bytes = 4;
    if (segment.kind == marker::app1 && segment.bytes.substr(header_bytes).starts_with(exif_signature))
      continue;
    made += segment.bytes;
  }
  return made.append(file.scan);
}

std::string with_huffman_tables(const JpegFile& file) {
  std::string made(start);
  for (const auto& segment : file.segments) made += segment.bytes;
  made += standard_huffman_tables();
  return made.append(file.scan);
}

}  // namespace celeriac::hal::camera
