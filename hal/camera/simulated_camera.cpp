#include "hal/camera/simulated_camera.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <format>

#include "hal/camera/bed_picture.hpp"
#include "hal/camera/jpeg.hpp"
#include "hal/camera/scene.hpp"

namespace celeriac::hal::camera {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using protocol::Result;
using protocol::Status;

constexpr std::string_view question = "scene\n";

/// What the simulator shows, as one line. It may be closed under our feet.
asio::awaitable<Result<std::string>> ask(stream_protocol::socket& socket, std::string path) {
  boost::system::error_code failed;
  const auto token = asio::redirect_error(asio::use_awaitable, failed);
  const auto offline = [&] {
    return protocol::fail(
        Status::offline,
        std::format("The simulated camera does not reach the simulator at {}: {}.", path, failed.message()));
  };
  co_await socket.async_connect(stream_protocol::endpoint(path), token);
  if (failed) co_return offline();
  co_await asio::async_write(socket, asio::buffer(question), token);
  if (failed) co_return offline();
  std::string answer;
  const auto size = co_await asio::async_read_until(
      socket, asio::dynamic_buffer(answer, SimulatedCamera::max_scene_bytes), '\n', token);
  if (failed == asio::error::not_found)
    co_return protocol::fail(Status::hardware_fault, "The simulator's answer is longer than a scene can be.");
  if (failed) co_return offline();
  answer.resize(size);
  co_return answer;
}

Result<Picture> picture_of(const std::string& answer) {
  const auto scene = parse_scene(answer);
  if (!scene) return std::unexpected(scene.error());
  const Canvas canvas = draw(*scene);
  return Picture{.jpeg = encode_jpeg(canvas), .width = canvas.width(), .height = canvas.height()};
}

}  // namespace

/// One picture on its way. Given up, its camera may be gone: it does not look back.
struct SimulatedCamera::Exposure {
  stream_protocol::socket socket;
  settings::Background background;
  std::string path;
  Completion done;  // empty once given up

  void finish(Result<Picture> picture) {
    if (done) std::exchange(done, nullptr)(std::move(picture));
  }
};

void SimulatedCamera::take(Completion done) {
  exposure_ = std::make_shared<Exposure>(stream_protocol::socket(io_), background_, socket_.string(),
                                         std::move(done));
  asio::co_spawn(io_, expose(exposure_), [exposure = exposure_](std::exception_ptr defect) {
    if (defect) exposure->finish(protocol::fail(Status::internal, "The simulated camera met a defect."));
  });
}

void SimulatedCamera::give_up() {
  if (!exposure_) return;
  exposure_->done = nullptr;
  boost::system::error_code ignored;
  exposure_->socket.close(ignored);
  exposure_.reset();
}

asio::awaitable<void> SimulatedCamera::expose(std::shared_ptr<Exposure> exposure) {
  auto answer = co_await ask(exposure->socket, exposure->path);
  boost::system::error_code ignored;
  exposure->socket.close(ignored);
  if (!answer) co_return exposure->finish(std::unexpected(answer.error()));
  // Drawing and encoding take some ten milliseconds.
  auto picture = std::make_shared<Result<Picture>>(Picture{});
  exposure->background([picture, answer = std::move(*answer)] { *picture = picture_of(answer); },
                       [picture, exposure] { exposure->finish(std::move(*picture)); });
}

}  // namespace celeriac::hal::camera
