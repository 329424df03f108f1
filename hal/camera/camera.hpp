#pragma once
// The seam to a camera: asked for a picture, it gives a JPEG, later, or says why not.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hal/settings/store.hpp"
#include "hal/timers.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::camera {

struct Picture {
  std::string jpeg;  ///< the bytes of the file
  int width = 0;     ///< pixels
  int height = 0;
  std::string model = {};  ///< of the camera, where it tells
  bool turned = false;     ///< the camera has already turned it as CameraOptions::rotation says
};

class Camera {
 public:
  /// Status::offline: there is no camera, or it cannot be reached; hardware_fault: it does not do its work.
  using Completion = std::move_only_function<void(protocol::Result<Picture>)>;

  virtual ~Camera() = default;
  /// Calls `done` once, from the loop and never from inside this call. One picture at a time: not to be
  /// called before the one before is done or given up.
  virtual void take(Completion done) = 0;
  /// Forgets the picture being taken: its `done` is dropped without being called.
  virtual void give_up() = 0;
};

/// Largest side of a picture, in pixels: JPEG's own bound.
inline constexpr int max_picture_side = 65'500;

/// What is asked of a camera.
struct CameraOptions {
  int width = 640;  ///< pixels; a camera that has not this size gives the nearest that it has
  int height = 480;
  int rotation = 0;  ///< degrees clockwise, 0, 90, 180 or 270, by which a picture is to be turned
  std::filesystem::path scratch = {};  ///< folder for the files of programs
};

/// "1640x1232" into width and height. Status::malformed.
protocol::Result<void> parse_picture_size(std::string_view text, CameraOptions& options);

/// What cameras are made of. The references must outlive them.
struct CameraParts {
  boost::asio::io_context& io;
  Timers& timers;
  settings::Background background;  ///< does what takes longer than a millisecond, one thing after the other
  CameraOptions options = {};
};

/// `none`, `auto`, `rpicam`, `v4l2:/dev/videoN[,skip=N]`, `command:PROGRAM ARGUMENTS`, or `simulated:SOCKET`
/// with the control socket of the simulator. Status::malformed with a sentence.
protocol::Result<std::unique_ptr<Camera>> make_camera(const CameraParts& parts, std::string_view spec);

}  // namespace celeriac::hal::camera
