#include "hal/camera/camera.hpp"

#include <sys/un.h>

#include <boost/asio/post.hpp>
#include <charconv>
#include <format>

#include "hal/camera/auto_camera.hpp"
#include "hal/camera/command_camera.hpp"
#include "hal/camera/simulated_camera.hpp"
#include "hal/camera/video_camera.hpp"
#include "hal/programs/words.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Result;
using protocol::Status;

/// A host without a camera, which says so.
class NoCamera final : public Camera {
 public:
  explicit NoCamera(boost::asio::io_context& io) : io_(io) {}

  void take(Completion done) override {
    boost::asio::post(io_, [alive = alive_, done = std::move(done)]() mutable {
      if (*alive)
        done(protocol::fail(Status::offline,
                            "No camera is configured: start the hypervisor with --camera to have one."));
    });
  }
  void give_up() override {
    *alive_ = false;
    alive_ = std::make_shared<bool>(true);
  }

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

using Make = Result<std::unique_ptr<Camera>> (*)(const CameraParts& parts, std::string_view rest);

std::unexpected<protocol::Error> takes_nothing(std::string_view name) {
  return protocol::fail(Status::malformed, std::format("--camera {} takes nothing after it.", name));
}

Result<std::unique_ptr<Camera>> make_none(const CameraParts& parts, std::string_view rest) {
  if (!rest.empty()) return takes_nothing("none");
  return std::make_unique<NoCamera>(parts.io);
}

Result<std::unique_ptr<Camera>> make_auto(const CameraParts& parts, std::string_view rest) {
  if (!rest.empty()) return takes_nothing("auto");
  return std::make_unique<AutoCamera>(parts, kernel_video(), std::string(rpicam_program));
}

Result<std::unique_ptr<Camera>> make_command(const CameraParts& parts, std::string_view rest) {
  auto words = programs::split_words(rest);
  if (!words) return std::unexpected(std::move(words.error()));
  return std::make_unique<CommandCamera>(parts, std::move(*words));
}

Result<std::unique_ptr<Camera>> make_rpicam(const CameraParts& parts, std::string_view rest) {
  if (!rest.empty()) return takes_nothing("rpicam");
  return make_command(parts, rpicam_command);
}

Result<std::unique_ptr<Camera>> make_video(const CameraParts& parts, std::string_view rest) {
  auto source = parse_video_source(rest);
  if (!source) return std::unexpected(std::move(source.error()));
  return std::make_unique<VideoCamera>(kernel_video(), parts.background, std::move(*source), parts.options);
}

Result<std::unique_ptr<Camera>> make_simulated(const CameraParts& parts, std::string_view rest) {
  if (rest.empty() || rest.size() >= sizeof(sockaddr_un::sun_path))
    return protocol::fail(
        Status::malformed,
        std::format(
            "A simulated camera is simulated:SOCKET, the simulator's control socket, whose path has 1 "
            "to {} bytes.",
            sizeof(sockaddr_un::sun_path) - 1));
  return std::make_unique<SimulatedCamera>(parts.io, parts.background, std::filesystem::path(rest));
}

struct Kind {
  std::string_view name;
  std::string_view spelling;  ///< for sentences
  Make make;
};
constexpr Kind kinds[] = {{"none", "none", make_none},
                          {"auto", "auto", make_auto},
                          {"rpicam", "rpicam", make_rpicam},
                          {"v4l2", "v4l2:/dev/videoN", make_video},
                          {"command", "command:PROGRAM ARGUMENTS", make_command},
                          {"simulated", "simulated:SOCKET", make_simulated}};

std::string spellings() {
  std::string list;
  for (const auto& kind : kinds)
    list += std::format("{}{}",
                        list.empty()                   ? ""
                        : &kind == std::end(kinds) - 1 ? " or "
                                                       : ", ",
                        kind.spelling);
  return list;
}

}  // namespace

Result<void> parse_picture_size(std::string_view text, CameraOptions& options) {
  const auto cross = text.find('x');
  const auto side = [](std::string_view digits) {
    int pixels = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), pixels);
    return read.ec == std::errc() && read.ptr == digits.data() + digits.size() ? pixels : 0;
  };
  const int width = cross == std::string_view::npos ? 0 : side(text.substr(0, cross));
  const int height = cross == std::string_view::npos ? 0 : side(text.substr(cross + 1));
  if (width < 1 || height < 1 || width > max_picture_side || height > max_picture_side)
    return protocol::fail(
        Status::malformed,
        std::format("\"{}\" is no size of a picture: write it in pixels, as 1640x1232.", text.substr(0, 40)));
  options.width = width;
  options.height = height;
  return {};
}

Result<std::unique_ptr<Camera>> make_camera(const CameraParts& parts, std::string_view spec) {
  const auto colon = spec.find(':');
  const auto name = spec.substr(0, colon);
  const auto rest = colon == std::string_view::npos ? std::string_view() : spec.substr(colon + 1);
  for (const auto& kind : kinds)
    if (kind.name == name) return kind.make(parts, rest);
  return protocol::fail(Status::malformed,
                        std::format("There is no camera \"{}\": it is {}.", spec.substr(0, 60), spellings()));
}

}  // namespace celeriac::hal::camera
