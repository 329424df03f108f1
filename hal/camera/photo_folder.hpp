#pragma once
// Where pictures are kept: so many files of so many bytes, and the oldest go first.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hal/firmware/axis.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::camera {

/// Where a bot was, in mm; nothing for an axis that is not known.
using Place = PerAxis<std::optional<double>>;

/// "2026-11-20T18-54-02.123Z_x100.0_y200.5_z-10.0.jpg": names sort by time, which is UTC. `time_ms`:
/// milliseconds since 1970. What is not known is "unknown".
std::string photo_name(std::int64_t time_ms, const Place& place);

struct PhotoBounds {
  std::size_t photos = 1'000;
  std::uintmax_t bytes = 256ULL * 1024 * 1024;
};

class PhotoFolder {
 public:
  explicit PhotoFolder(std::filesystem::path path, PhotoBounds bounds = {})
      : path_(std::move(path)), bounds_(bounds) {}

  /// Writes a file as a whole, and makes room for it first. Takes its time: not for the loop. Gives where it
  /// is; one of the same moment gets a number. Status::out_of_resources with a sentence.
  [[nodiscard]] protocol::Result<std::filesystem::path> keep(const std::string& name,
                                                             std::string_view bytes) const;

 private:
  void make_room(std::uintmax_t bytes) const;

  std::filesystem::path path_;
  PhotoBounds bounds_;
};

}  // namespace celeriac::hal::camera
