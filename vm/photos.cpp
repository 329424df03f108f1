#include "vm/photos.hpp"

#include <cctype>
#include <chrono>
#include <format>
#include <iterator>

namespace celeriac::vm {

using protocol::Json;

namespace {

/// RFC 8089; what is not among RFC 3986's unreserved characters is written as its bytes.
std::string file_url(std::string_view path) {
  std::string url = "file://";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("/-._~:").contains(c))
      url += c;
    else
      url += std::format("%{:02X}", static_cast<unsigned>(byte));
  }
  return url;
}

}  // namespace

Photos::Photos(Assets& assets, RemoteRegisters& remote) {
  remote.watch(
      "photos", [&assets](const Json& photo) { keep_photo(assets, photo); },
      RemoteRegisters::Begin::with_the_next);
}

void keep_photo(Assets& assets, const Json& photo) {
  Json image = image_of(photo);
  if (image.is_null()) return;
  const auto& images = assets.all(AssetKind::image);
  // Ids made here fall, below 0: the last of them is the oldest.
  for (auto ours_end = images.lower_bound(0);
       static_cast<std::size_t>(std::distance(images.begin(), ours_end)) >= max_photo_images;
       ours_end = images.lower_bound(0))
    if (!assets.remove(AssetKind::image, std::prev(ours_end)->first)) break;
  (void)assets.put(AssetKind::image, std::move(image));
}

Json image_of(const Json& photo) {
  using namespace std::chrono;
  if (!photo.is_object()) return nullptr;
  const auto path = photo.value("path", Json()), name = photo.value("name", Json()),
             time = photo.value("time", Json()), position = photo.value("position", Json());
  if (!path.is_string() || !time.is_number_integer()) return nullptr;
  Json meta = Json::object();
  if (name.is_string()) meta["name"] = name;
  for (const char* axis : {"x", "y", "z"})
    if (position.is_object() && position.contains(axis) && position[axis].is_number())
      meta[axis] = position[axis];
  const std::string taken =
      std::format("{:%FT%T}Z", sys_time<milliseconds>{milliseconds(time.get<std::int64_t>())});
  return {{"attachment_url", file_url(path.get<std::string>())},
          {"created_at", taken},
          {"attachment_processed_at", taken},
          {"meta", std::move(meta)}};
}

}  // namespace celeriac::vm
