#pragma once
// Everything about photos that belongs to one hypervisor: the camera with its thread, who takes pictures, and
// who hears of them.

#include <boost/asio/thread_pool.hpp>
#include <optional>

#include "hal/camera/photo_hook.hpp"
#include "hal/camera/photographer.hpp"
#include "protocol/registers.hpp"

namespace celeriac::hal::camera {

/// Photos that are kept at most, whatever is asked for.
inline constexpr std::size_t most_photos = 100'000;

/// As people write it on the command line.
struct PhotoOptions {
  std::string camera = "none";
  std::string size = {};                   ///< "1640x1232"; "": the camera's usual
  int rotation = 0;                        ///< degrees clockwise
  std::filesystem::path calibration = {};  ///< "": none
  PhotoBounds bounds = {};
  std::string hook = {};  ///< program and arguments; "": none
};

/// The register, a stream, in which every photo that is kept appears as TAKE_PHOTO answers it.
inline constexpr const char* photos_register = "photos";
/// `{kind}`: the first word of what was asked for: none, auto, v4l2 …
inline constexpr const char* camera_register = "camera";

class PhotoService {
 public:
  struct Surroundings {
    std::function<Place()> place;
    std::function<std::int64_t()> clock;        ///< milliseconds since 1970
    std::function<void(std::string)> complain;  ///< a sentence for the log
  };

  /// `keeping` writes files. Photos go to `dir`/photos. All references must outlive it. An option that is
  /// wrong is an error with a sentence.
  static protocol::Result<std::unique_ptr<PhotoService>> open(boost::asio::io_context& io, Timers& timers,
                                                              settings::Background keeping,
                                                              protocol::Registers& registers,
                                                              const std::filesystem::path& dir,
                                                              const PhotoOptions& options,
                                                              Surroundings surroundings);
  ~PhotoService();
  PhotoService(const PhotoService&) = delete;
  PhotoService& operator=(const PhotoService&) = delete;

  [[nodiscard]] Photographer& photographer() noexcept { return *photographer_; }

 private:
  PhotoService() = default;

  // A camera takes its time, and must not keep what else goes to the disk waiting.
  boost::asio::thread_pool exposures_{1};
  std::unique_ptr<Camera> camera_;
  std::optional<PhotoHook> hook_;
  std::optional<Photographer> photographer_;
};

}  // namespace celeriac::hal::camera
