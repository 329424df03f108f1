#include "hal/camera/auto_camera.hpp"

#include <boost/asio/post.hpp>
#include <optional>

#include "hal/camera/command_camera.hpp"
#include "hal/camera/video_camera.hpp"
#include "hal/programs/words.hpp"

namespace celeriac::hal::camera {

using protocol::Result;
using protocol::Status;

bool lists_camera(std::string_view list) {
  constexpr std::string_view digits = "0123456789", blanks = " \t";
  while (!list.empty()) {
    const auto feed = list.find('\n');
    auto line = list.substr(0, feed);
    list = feed == std::string_view::npos ? std::string_view() : list.substr(feed + 1);
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const auto number_end = std::min(line.find_first_not_of(digits), line.size());
    if (number_end == 0) continue;
    line.remove_prefix(number_end);
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    if (line.starts_with(':')) return true;
  }
  return false;
}

AutoCamera::AutoCamera(const CameraParts& parts, VideoSystem& video, std::string rpicam)
    : parts_(parts), video_(video), rpicam_(std::move(rpicam)) {}

void AutoCamera::take(Completion done) {
  done_ = std::move(done);
  wanted_ = std::make_shared<bool>(true);
  if (camera_) return shoot();
  auto listing = programs::ProgramRun::start(parts_.io, parts_.timers, {rpicam_, "--list-cameras"},
                                             {.time = list_patience, .output_bytes = max_camera_list},
                                             [this](const Result<std::string>& list) {
                                               listing_.reset();
                                               if (!list || !lists_camera(*list)) return look_for_video();
                                               auto words = programs::split_words(rpicam_command).value();
                                               words.front() = rpicam_;
                                               use(std::make_unique<CommandCamera>(parts_, std::move(words)));
                                             });
  if (listing)
    listing_ = std::move(*listing);
  else
    look_for_video();
}

// Opening every device may take a while.
void AutoCamera::look_for_video() {
  auto found = std::make_shared<std::optional<std::filesystem::path>>();
  parts_.background([found, &video = video_] { *found = first_camera(video); },
                    [this, found, wanted = wanted_] {
                      if (!*wanted) return;
                      if (*found)
                        return use(std::make_unique<VideoCamera>(
                            video_, parts_.background, VideoSource{.path = **found}, parts_.options));
                      finish(protocol::fail(Status::offline,
                                            "No camera was found: neither one of the Raspberry Pi's own "
                                            "(rpicam-still --list-cameras), nor one on USB (/dev/videoN)."));
                    });
}

void AutoCamera::use(std::unique_ptr<Camera> camera) {
  camera_ = std::move(camera);
  shoot();
}

void AutoCamera::shoot() {
  camera_->take([this](Result<Picture> picture) { finish(std::move(picture)); });
}

void AutoCamera::finish(Result<Picture> picture) {
  if (!picture && picture.error().status == Status::offline && camera_)
    // It is being called back from.
    boost::asio::post(parts_.io, [camera = std::shared_ptr<Camera>(std::move(camera_))] {});
  wanted_.reset();
  std::exchange(done_, nullptr)(std::move(picture));
}

void AutoCamera::give_up() {
  if (wanted_) *wanted_ = false;
  wanted_.reset();
  listing_.reset();
  done_ = nullptr;
  if (camera_) camera_->give_up();
}

}  // namespace celeriac::hal::camera
