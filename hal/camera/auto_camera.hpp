#pragma once
// Whatever camera there is: `auto`.
//
//   looking ── rpicam-still lists one ──► rpicam ──┐
//      │ └──── else the first V4L2 camera ──► v4l2 ┤ a picture that comes out: stays with it
//      ▲                                           │
//      └────────────── offline ────────────────────┘ (unplugged, or none: looks again at the next picture)

#include "hal/camera/camera.hpp"
#include "hal/camera/video_device.hpp"
#include "hal/programs/program_run.hpp"

namespace celeriac::hal::camera {

/// How long `rpicam-still --list-cameras` may take; it asks the kernel and is done.
inline constexpr std::chrono::seconds list_patience{4};
inline constexpr std::size_t max_camera_list = 64 * 1024;

/// Whether a list of rpicam's has a camera in it: a line "0 : imx219 [3280x2464 …] (…)".
bool lists_camera(std::string_view list);

class AutoCamera final : public Camera {
 public:
  /// `rpicam`: the program to look for, another one in tests. `video` must outlive it and its background.
  AutoCamera(const CameraParts& parts, VideoSystem& video, std::string rpicam);
  ~AutoCamera() override { give_up(); }

  void take(Completion done) override;
  void give_up() override;

 private:
  void look_for_video();
  void use(std::unique_ptr<Camera> camera);
  void shoot();
  void finish(protocol::Result<Picture> picture);

  CameraParts parts_;
  VideoSystem& video_;
  std::string rpicam_;
  std::unique_ptr<programs::ProgramRun> listing_;
  std::unique_ptr<Camera> camera_;
  Completion done_;
  std::shared_ptr<bool> wanted_;  // the picture being taken; false: given up
};

}  // namespace celeriac::hal::camera
