#pragma once
// One picture of a V4L2 device, from opening it to closing it again: nobody else is kept from it in between.
//
//   open ► is it a camera? ► a format (MJPEG, else YUYV) ► buffers ► streaming ► frames … the first ones
//   are for exposure and focus ► one picture ► everything given back
//
// It takes its time, and is for a thread in the background. Requests and structures: the kernel's
// linux/videodev2.h and its user space API guide, "Streaming I/O (Memory Mapping)".

#include <atomic>
#include <optional>

#include "hal/camera/camera.hpp"
#include "hal/camera/video_device.hpp"

namespace celeriac::hal::camera {

/// Frames that go by before the one that is kept, unless asked otherwise: at 30 a second a third of a second,
/// after which the exposure of most webcams has settled.
inline constexpr int skipped_frames = 10;
inline constexpr int max_skipped_frames = 300;
/// A camera that gives no frame for so long gives none at all.
inline constexpr std::chrono::milliseconds frame_patience{3'000};
/// How soon one that is given up is left alone.
inline constexpr std::chrono::milliseconds frame_wait{200};
/// Frames that the driver marks as damaged, before the camera counts as broken.
inline constexpr int max_damaged_frames = 30;
/// Buffers that frames come in, and what one may have: the largest picture there is takes less.
inline constexpr unsigned frame_buffers = 4;
inline constexpr std::size_t max_frame_bytes = 64 * 1024 * 1024;

struct VideoSource {
  std::filesystem::path path;  ///< "/dev/video0"
  int skip = skipped_frames;
};

/// Status::offline: no such device, not allowed, in use, unplugged, or no camera; hardware_fault: no suitable
/// format, no frames, or bad ones; cancelled: given up. Each with a sentence.
protocol::Result<Picture> capture(VideoSystem& video, const VideoSource& source, const CameraOptions& options,
                                  const std::atomic<bool>& given_up);

/// The first device that is a camera and has a format for us; parts of a Pi's own picture pipeline are none.
std::optional<std::filesystem::path> first_camera(VideoSystem& video);

}  // namespace celeriac::hal::camera
