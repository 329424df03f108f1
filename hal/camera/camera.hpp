#pragma once
// The seam to a camera: asked for a picture, it gives a JPEG, later, or says why not.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hal/settings/store.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::camera {

struct Picture {
  std::string jpeg;  ///< the bytes of the file
  int width = 0;     ///< pixels
  int height = 0;
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

/// `none`, or `simulated:SOCKET` with the control socket of the simulator. Status::malformed with a sentence.
/// `background` does what takes longer than a millisecond.
protocol::Result<std::unique_ptr<Camera>> make_camera(boost::asio::io_context& io,
                                                      settings::Background background, std::string_view spec);

}  // namespace celeriac::hal::camera
