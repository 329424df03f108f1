#include "hal/camera/photo_service.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <format>

#include "hal/camera/calibration.hpp"
#include "hal/programs/words.hpp"

namespace celeriac::hal::camera {
namespace {

namespace asio = boost::asio;
using protocol::Result;
using protocol::Status;

constexpr int rotations[] = {0, 90, 180, 270};

Result<CameraOptions> camera_options(const PhotoOptions& options, const std::filesystem::path& scratch) {
  CameraOptions made{.rotation = options.rotation, .scratch = scratch};
  if (!std::ranges::contains(rotations, options.rotation))
    return protocol::fail(
        Status::malformed,
        std::format("A picture is turned by 0, 90, 180 or 270 degrees, not by {}.", options.rotation));
  if (options.size.empty()) return made;
  if (auto sized = parse_picture_size(options.size, made); !sized)
    return std::unexpected(std::move(sized.error()));
  return made;
}

}  // namespace

Result<std::unique_ptr<PhotoService>> PhotoService::open(
    asio::io_context& io, Timers& timers, settings::Background keeping, protocol::Registers& registers,
    const std::filesystem::path& dir, const PhotoOptions& options, Surroundings surroundings) {
  const auto photos = std::filesystem::absolute(dir) / "photos";
  const auto asked = camera_options(options, std::filesystem::absolute(dir));
  if (!asked) return std::unexpected(asked.error());
  if (options.bounds.photos < 1 || options.bounds.photos > most_photos || options.bounds.bytes < 1)
    return protocol::fail(Status::malformed,
                          std::format("From 1 to {} photos are kept, and at least one byte.", most_photos));
  protocol::Json calibration = nullptr;
  if (!options.calibration.empty()) {
    auto read = read_calibration(options.calibration);
    if (!read) return std::unexpected(std::move(read.error()));
    calibration = std::move(*read);
  }
  std::unique_ptr<PhotoService> service(new PhotoService);
  const settings::Background exposing = [&pool = service->exposures_, &io](auto job, auto done) {
    asio::post(pool, [&io, job = std::move(job), done = std::move(done)]() mutable {
      job();
      asio::post(io, std::move(done));
    });
  };
  auto camera =
      make_camera({.io = io, .timers = timers, .background = exposing, .options = *asked}, options.camera);
  if (!camera) return std::unexpected(std::move(camera.error()));
  service->camera_ = std::move(*camera);
  if (!options.hook.empty()) {
    auto words = programs::split_words(options.hook);
    if (!words) return std::unexpected(std::move(words.error()));
    service->hook_.emplace(io, timers, std::move(*words), surroundings.complain);
  }
  registers.append(photos_register, nullptr);
  registers.publish(camera_register, {{"kind", options.camera.substr(0, options.camera.find(':'))}});
  const auto kept = [&registers, hook = &service->hook_](const protocol::Json& photo) {
    registers.append(photos_register, photo);
    if (*hook) (*hook)->photo(photo.at("path").get<std::string>());
  };
  service->photographer_.emplace(timers, std::move(keeping), *service->camera_,
                                 PhotoFolder(photos, options.bounds),
                                 Photographer::Surroundings{.place = std::move(surroundings.place),
                                                            .clock = std::move(surroundings.clock),
                                                            .complain = std::move(surroundings.complain),
                                                            .rotation = options.rotation,
                                                            .calibration = std::move(calibration),
                                                            .kept = kept});
  return service;
}

PhotoService::~PhotoService() {
  photographer_.reset();
  camera_.reset();  // gives up what it is about to take, so that its thread ends soon
  exposures_.join();
}

}  // namespace celeriac::hal::camera
