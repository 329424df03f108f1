#pragma once
// A camera above the simulated bed: asks the simulator what there is, and draws it.

#include <boost/asio/awaitable.hpp>
#include <filesystem>

#include "hal/camera/camera.hpp"

namespace celeriac::hal::camera {

class SimulatedCamera final : public Camera {
 public:
  /// Longest answer of the simulator that is read, in bytes.
  static constexpr std::size_t max_scene_bytes = 1024 * 1024;

  /// `socket`: where the simulator takes commands.
  SimulatedCamera(boost::asio::io_context& io, settings::Background background, std::filesystem::path socket)
      : io_(io), background_(std::move(background)), socket_(std::move(socket)) {}
  ~SimulatedCamera() override { give_up(); }

  void take(Completion done) override;
  void give_up() override;

 private:
  struct Exposure;
  static boost::asio::awaitable<void> expose(std::shared_ptr<Exposure> exposure);

  boost::asio::io_context& io_;
  settings::Background background_;
  std::filesystem::path socket_;
  std::shared_ptr<Exposure> exposure_;
};

}  // namespace celeriac::hal::camera
