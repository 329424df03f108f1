#include "hal/camera/camera.hpp"

#include <sys/un.h>

#include <boost/asio/post.hpp>
#include <format>

#include "hal/camera/simulated_camera.hpp"

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

using Make = Result<std::unique_ptr<Camera>> (*)(boost::asio::io_context& io, settings::Background background,
                                                 std::string_view rest);

Result<std::unique_ptr<Camera>> make_none(boost::asio::io_context& io, settings::Background,
                                          std::string_view rest) {
  if (!rest.empty()) return protocol::fail(Status::malformed, "--camera none takes nothing after it.");
  return std::make_unique<NoCamera>(io);
}

Result<std::unique_ptr<Camera>> make_simulated(boost::asio::io_context& io, settings::Background background,
                                               std::string_view rest) {
  if (rest.empty() || rest.size() >= sizeof(sockaddr_un::sun_path))
    return protocol::fail(
        Status::malformed,
        std::format(
            "A simulated camera is simulated:SOCKET, the simulator's control socket, whose path has 1 "
            "to {} bytes.",
            sizeof(sockaddr_un::sun_path) - 1));
  return std::make_unique<SimulatedCamera>(io, std::move(background), std::filesystem::path(rest));
}

struct Kind {
  std::string_view name;
  Make make;
};
constexpr Kind kinds[] = {{"none", make_none}, {"simulated", make_simulated}};

}  // namespace

Result<std::unique_ptr<Camera>> make_camera(boost::asio::io_context& io, settings::Background background,
                                            std::string_view spec) {
  const auto colon = spec.find(':');
  const auto name = spec.substr(0, colon);
  const auto rest = colon == std::string_view::npos ? std::string_view() : spec.substr(colon + 1);
  for (const auto& kind : kinds)
    if (kind.name == name) return kind.make(io, std::move(background), rest);
  return protocol::fail(
      Status::malformed,
      std::format("There is no camera \"{}\": it is none or simulated:SOCKET.", spec.substr(0, 60)));
}

}  // namespace celeriac::hal::camera
