#pragma once
// A V4L2 camera: `v4l2:/dev/video0`. Each picture is one capture on a thread in the background.

#include "hal/camera/camera.hpp"
#include "hal/camera/video_capture.hpp"

namespace celeriac::hal::camera {

/// "/dev/video0" or "/dev/video0,skip=30". Status::malformed.
protocol::Result<VideoSource> parse_video_source(std::string_view text);

class VideoCamera final : public Camera {
 public:
  /// `video` must outlive what the background has been given.
  VideoCamera(VideoSystem& video, settings::Background background, VideoSource source, CameraOptions options)
      : video_(video),
        background_(std::move(background)),
        source_(std::move(source)),
        options_(std::move(options)) {}
  ~VideoCamera() override { give_up(); }

  void take(Completion done) override;
  void give_up() override;

 private:
  struct Exposure;

  VideoSystem& video_;
  settings::Background background_;
  VideoSource source_;
  CameraOptions options_;
  std::shared_ptr<Exposure> exposure_;
};

}  // namespace celeriac::hal::camera
