#include "hal/camera/video_camera.hpp"

#include <charconv>
#include <format>

namespace celeriac::hal::camera {

using protocol::Result;
using protocol::Status;

Result<VideoSource> parse_video_source(std::string_view text) {
  constexpr std::string_view skip = ",skip=";
  VideoSource source;
  const auto comma = text.find(skip);
  source.path = text.substr(0, comma);
  if (comma != std::string_view::npos) {
    const auto digits = text.substr(comma + skip.size());
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), source.skip);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || source.skip < 0 ||
        source.skip > max_skipped_frames)
      return protocol::fail(Status::malformed,
                            std::format("A camera skips from 0 to {} frames: v4l2:/dev/video0,skip={}.",
                                        max_skipped_frames, skipped_frames));
  }
  if (!source.path.is_absolute())
    return protocol::fail(Status::malformed, "A V4L2 camera is v4l2:/dev/videoN, with the device's path.");
  return source;
}

/// One picture on its way. Given up, its camera may be gone: it does not look back.
struct VideoCamera::Exposure {
  std::atomic<bool> given_up = false;
  Completion done;
  Result<Picture> picture{Picture{}};
};

void VideoCamera::take(Completion done) {
  exposure_ = std::make_shared<Exposure>();
  exposure_->done = std::move(done);
  background_(
      [exposure = exposure_, &video = video_, source = source_, options = options_] {
        exposure->picture = capture(video, source, options, exposure->given_up);
      },
      [exposure = exposure_] {
        if (exposure->done) std::exchange(exposure->done, nullptr)(std::move(exposure->picture));
      });
}

void VideoCamera::give_up() {
  if (!exposure_) return;
  exposure_->given_up = true;
  exposure_->done = nullptr;
  exposure_.reset();
}

}  // namespace celeriac::hal::camera
