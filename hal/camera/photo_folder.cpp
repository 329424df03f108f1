#include "hal/camera/photo_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <format>
#include <fstream>
#include <vector>

namespace celeriac::hal::camera {
namespace {

namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

constexpr std::string_view extension = ".jpg", unfinished_extension = ".part";

struct Photo {
  fs::path path;
  std::uintmax_t bytes;
};

/// Our files, the oldest first; what a crash has left half-written goes.
std::vector<Photo> photos_in(const fs::path& folder) {
  std::vector<Photo> photos;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.path().extension() == unfinished_extension) fs::remove(entry.path(), ignored);
    if (entry.path().extension() != extension || !entry.is_regular_file(ignored)) continue;
    const auto size = entry.file_size(ignored);
    photos.push_back({entry.path(), ignored ? 0 : size});
  }
  std::ranges::sort(photos, {}, &Photo::path);
  return photos;
}

/// The name, or the first "name-2" and so on that is free.
fs::path free_path(const fs::path& folder, const std::string& name) {
  auto path = folder / name;
  std::error_code ignored;
  const auto stem = path.stem().string();
  for (int number = 2; fs::exists(path, ignored); ++number)
    path = folder / std::format("{}-{}{}", stem, number, extension);
  return path;
}

std::string axis_text(const std::optional<double>& millimetres) {
  return millimetres ? std::format("{:.1f}", *millimetres) : "unknown";
}

}  // namespace

std::string photo_name(std::int64_t time_ms, const Place& place) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(time_ms)};
  return std::format("{:%FT%H-%M-%S}Z_x{}_y{}_z{}{}", time, axis_text(place[Axis::x]),
                     axis_text(place[Axis::y]), axis_text(place[Axis::z]), extension);
}

// Room is made before the picture is written, so that a clock that went back cannot make it the one to go.
void PhotoFolder::make_room(std::uintmax_t bytes) const {
  const auto photos = photos_in(path_);
  std::uintmax_t sum = bytes;
  for (const auto& photo : photos) sum += photo.bytes;
  std::size_t count = photos.size() + 1;
  for (const auto& photo : photos) {
    if (count <= bounds_.photos && sum <= bounds_.bytes) return;
    std::error_code ignored;
    fs::remove(photo.path, ignored);
    --count;
    sum -= photo.bytes;
  }
}

Result<fs::path> PhotoFolder::keep(const std::string& name, std::string_view bytes) const {
  const auto fail = [&](std::string_view why) {
    return protocol::fail(Status::out_of_resources,
                          std::format("The photo cannot be kept in {}: {}.", path_.string(), why));
  };
  if (bytes.size() > bounds_.bytes) return fail("it is larger than all that is kept there");
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) return fail(error.message());
  make_room(bytes.size());
  const auto path = free_path(path_, name);
  auto unfinished = path;
  unfinished += unfinished_extension;
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    const std::string why = std::strerror(errno);
    fs::remove(unfinished, error);
    return fail(why);
  }
  fs::rename(unfinished, path, error);
  if (error) return fail(error.message());
  return path;
}

}  // namespace celeriac::hal::camera
