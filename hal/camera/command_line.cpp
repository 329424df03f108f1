#include "hal/camera/command_line.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

namespace celeriac::hal::camera {

void add_options(CLI::App& app, PhotoOptions& options) {
  app.add_option("--camera", options.camera,
                 "none, auto, rpicam, v4l2:/dev/videoN[,skip=FRAMES], command:PROGRAM ARGUMENTS, or "
                 "simulated:SOCKET with the simulator's control socket")
      ->type_name("CAMERA")
      ->capture_default_str();
  app.add_option("--camera-size", options.size, "size of photos in pixels: 1640x1232")->type_name("SIZE");
  app.add_option("--camera-rotation", options.rotation,
                 "degrees clockwise by which photos are to be turned: 0, 90, 180 or 270")
      ->type_name("DEGREES")
      ->check(CLI::IsMember({0, 90, 180, 270}))
      ->capture_default_str();
  app.add_option("--camera-calibration", options.calibration,
                 "JSON file of the camera's calibration, which is written into each photo")
      ->type_name("FILE");
  app.add_option("--photos", options.bounds.photos, "photos that are kept; then the oldest goes")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, most_photos))
      ->capture_default_str();
  app.add_option("--photo-bytes", options.bounds.bytes, "bytes of photos that are kept; 500MB, 2GB")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--photo-hook", options.hook,
                 "program that is started with the path of each photo as its last argument")
      ->type_name("PROGRAM");
}

}  // namespace celeriac::hal::camera
