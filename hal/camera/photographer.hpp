#pragma once
// Takes pictures one after the other, and keeps them.
//
//   photograph ──► waiting (at most max_waiting) ──► exposing ──► keeping, with time and place in it ──► told
//                      └─ overloaded                    └─ timeout after patience: the camera is told to give
//                      up

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "hal/camera/camera.hpp"
#include "hal/camera/photo_folder.hpp"
#include "hal/outcome.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::camera {

class Photographer {
 public:
  /// Requests beside the one at work.
  static constexpr std::size_t max_waiting = 16;
  /// A camera on USB needs a second or two for light and focus.
  static constexpr std::chrono::seconds patience{15};

  struct Surroundings {
    std::function<Place()> place;               ///< of the bot, for the file's name
    std::function<std::int64_t()> clock;        ///< milliseconds since 1970
    std::function<void(std::string)> complain;  ///< a sentence for the log; who asked may tell nobody
    int rotation = 0;  ///< degrees clockwise by which pictures are to be turned, unless the camera does
    protocol::Json calibration = nullptr;               ///< written into each picture; null: none
    std::function<void(const protocol::Json&)> kept{};  ///< hears of every photo, as the answer has it
  };

  /// All references must outlive it.
  Photographer(Timers& timers, settings::Background background, Camera& camera, PhotoFolder folder,
               Surroundings surroundings);
  ~Photographer();

  /// Completes once, later: with `{path, name, width, height, mime, rotation, time, position: {x, y, z}}`
  /// (pixels, degrees clockwise by which a viewer turns it, ms since 1970, mm or null), or an error of the
  /// camera's, `timeout`, `out_of_resources`, or `overloaded` at once.
  void photograph(Completion completion);

 private:
  void expose(Completion completion);
  void keep(Picture picture);
  void finish(Outcome outcome);

  settings::Background background_;
  Camera& camera_;
  PhotoFolder folder_;
  Surroundings surroundings_;
  std::unique_ptr<Timer> deadline_;
  std::deque<Completion> waiting_;
  Completion at_work_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::camera
