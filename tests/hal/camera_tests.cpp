// Pictures of the bed: what they show, how many are kept, and what happens where there is no camera.

#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <iterator>

#include "bench.hpp"
#include "firmware-sim/program/control.hpp"
#include "hal/camera/bed_picture.hpp"
#include "hal/camera/jpeg.hpp"
#include "hal/camera/photographer.hpp"
#include "hal/camera/simulated_camera.hpp"
#include "hal/service.hpp"
#include "protocol/listener.hpp"
#include "simulated_board.hpp"
#include "virtual_time.hpp"

namespace celeriac::hal::testing {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace camera;
using namespace std::chrono_literals;
using protocol::Result;
using protocol::Status;

/// What libjpeg reads out of a file.
struct Decoded {
  int width = 0, height = 0;
  std::string bytes;

  [[nodiscard]] Colour at(Pixel pixel) const {
    const auto start = static_cast<std::size_t>(pixel.y * width + pixel.x) * 3;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes.at(start + i)); };
    return {byte(0), byte(1), byte(2)};
  }
};

[[noreturn]] void refuse(j_common_ptr) {
  throw std::runtime_error("this is no JPEG");
}

Decoded decode(const std::string& jpeg) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  errors.error_exit = refuse;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  Decoded decoded{.width = static_cast<int>(info.output_width),
                  .height = static_cast<int>(info.output_height)};
  const std::size_t stride = info.output_width * 3;
  decoded.bytes.resize(stride * info.output_height);
  while (info.output_scanline < info.output_height) {
    auto* row = reinterpret_cast<JSAMPROW>(decoded.bytes.data() + info.output_scanline * stride);
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return decoded;
}

/// JPEG gives colours nearly back.
bool alike(Colour one, Colour other) {
  const auto near = [](int a, int b) { return std::abs(a - b) <= 30; };
  return near(one.red, other.red) && near(one.green, other.green) && near(one.blue, other.blue);
}

Scene garden_scene() {
  Scene scene;
  scene.lengths = {2700.0, 1200.0, 400.0};
  scene.square_mm = 50;
  return scene;
}

int pixels_of(const Canvas& canvas, Colour colour) {
  int count = 0;
  for (int y = 0; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x) count += canvas.at({x, y}) == colour ? 1 : 0;
  return count;
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const fs::path& folder) {
  std::error_code absent;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder, absent), fs::directory_iterator()));
}

/// A camera that waits for the test.
class HeldCamera final : public Camera {
 public:
  void take(Completion done) override {
    ++pictures;
    pending = std::move(done);
  }
  void give_up() override {
    pending = nullptr;
    ++given_up;
  }
  void show(Result<Picture> picture) { std::exchange(pending, nullptr)(std::move(picture)); }

  int pictures = 0, given_up = 0;
  Completion pending;
};

/// A photographer on virtual time whose jobs are done at once.
struct Studio {
  asio::io_context io{1};
  VirtualTimers timers{io};
  HeldCamera camera;
  Folder folder;
  std::vector<std::string> complaints;
  std::vector<protocol::Json> kept;
  std::int64_t now_ms = 1'700'000'000'123;
  Photographer photographer{timers,
                            [](auto job, auto done) {
                              job();
                              done();
                            },
                            camera,
                            PhotoFolder(folder.path() / "photos"),
                            {.place = [] { return Place{100.0, 200.5, std::nullopt}; },
                             .clock = [this] { return now_ms; },
                             .complain = [this](std::string why) { complaints.push_back(std::move(why)); },
                             .kept = [this](const protocol::Json& photo) { kept.push_back(photo); }}};

  Call photograph() {
    Call call;
    photographer.photograph([outcome = call.outcome](Outcome answer) { *outcome = std::move(answer); });
    return call;
  }
};

}  // namespace

TEST_CASE("camera: a drawing comes out of libjpeg as it went in") {
  Canvas canvas(64, 48, {10, 200, 30});
  canvas.fill({32, 0}, {63, 47}, {220, 20, 90});
  const auto decoded = decode(encode_jpeg(canvas));
  CHECK(decoded.width == 64);
  CHECK(decoded.height == 48);
  CHECK(alike(decoded.at({8, 24}), {10, 200, 30}));
  CHECK(alike(decoded.at({56, 24}), {220, 20, 90}));
}

TEST_CASE("camera: shapes that leave the canvas are cut off at its edge") {
  Canvas canvas(20, 10, {});
  canvas.fill({-5, -5}, {3, 3}, {1, 1, 1});
  canvas.disc({19, 9}, 1'000'000, {2, 2, 2});
  CHECK(canvas.at({0, 0}) == Colour{2, 2, 2});
  CHECK(canvas.at({19, 9}) == Colour{2, 2, 2});
  canvas.text({16, 4}, "W\xff\x01 long beyond the edge", {3, 3, 3});
  CHECK(canvas.at({16, 4}) == Colour{3, 3, 3});
}

TEST_CASE("camera: the gantry is drawn where the carriage is") {
  auto scene = garden_scene();
  for (const double x : {0.0, 900.0, 2700.0}) {
    scene.carriage = {x, 300, -50};
    const auto decoded = decode(encode_jpeg(draw(scene)));
    const View view(scene);
    CHECK(alike(decoded.at(view.at(x, 300)), colours::head));
    CHECK(alike(decoded.at(view.at(x, 900)), colours::gantry));
    CHECK(alike(decoded.at(view.at(1500, 900)), colours::dry_soil));
  }
}

TEST_CASE("camera: plants, wet soil, a mounted tool and what is on can be seen") {
  auto scene = garden_scene();
  scene.carriage = {2000, 600, 0};
  scene.plants = {{.x = 500, .y = 500, .radius = 60, .name = "lettuce"}};
  scene.wet = {{.x = 1025, .y = 325, .litres = 1}};
  const View view(scene);
  const auto before = draw(scene);
  CHECK(before.at(view.at(500, 500)) == colours::plant);
  CHECK(before.at(view.at(1025, 325)) == colours::soaked_soil);
  CHECK(before.at(view.at(2000, 600)) == colours::head);
  scene.tool = true;
  scene.on = {"water"};
  const auto after = draw(scene);
  CHECK(after.at(view.at(2000, 600)) == colours::tool);
  CHECK(pixels_of(before, colours::on) == 0);
  CHECK(pixels_of(after, colours::on) > 50);
}

TEST_CASE("camera: a scene of any size is drawn") {
  Scene scene;
  scene.square_mm = 50;
  for (const double far : {-1e300, -5e6, 0.0, 7e4, 1e300}) {
    scene.carriage = {far, far, far};
    scene.wet = {{far, far, 1e300}};
    scene.plants = {{far, far, std::abs(far), "tree"}};
    CHECK(draw(scene).width() == picture_width);
  }
}

TEST_CASE("camera: what is no scene is an error of the simulator's") {
  CHECK(parse_scene("error: there is nothing in this line\n").error().message ==
        "The simulator shows no scene, but says: error: there is nothing in this line");
  CHECK(parse_scene("{}").error().status == Status::hardware_fault);
  CHECK(parse_scene("").error().status == Status::hardware_fault);
}

TEST_CASE("camera: the simulated camera shows the simulator's bed") {
  asio::io_context io(1);
  Folder folder;
  firmware_sim::Twin twin({.board = garden()}, {.output = [](auto, auto) {}});
  twin.board().machine().place(firmware_sim::AxisName::x, 1800);
  twin.board().loads().soil().water(600, 300, 5);
  REQUIRE(twin.board().loads().soil().plant({.x = 900, .y = 800, .radius = 80, .name = "kale"}));
  auto socket = firmware_sim::ControlSocket::open(
      io.get_executor(), folder.path() / "sim.sock",
      [&](auto line) { return firmware_sim::control(twin, line, firmware_sim::Instant{}); });
  REQUIRE(socket);
  (*socket)->start();
  VirtualTimers timers(io);
  const auto camera = make_camera({.io = io,
                                   .timers = timers,
                                   .background =
                                       [&io](auto job, auto done) {
                                         job();
                                         asio::post(io, std::move(done));
                                       }},
                                  "simulated:" + (folder.path() / "sim.sock").string());
  REQUIRE(camera);
  std::optional<Result<Picture>> taken;
  (*camera)->take([&](Result<Picture> picture) { taken = std::move(picture); });
  const auto end = Clock::now() + 30s;
  while (!taken && Clock::now() < end) io.run_one_for(10ms);
  (*socket)->stop();
  REQUIRE(taken);
  REQUIRE(*taken);
  const auto decoded = decode((*taken)->jpeg);
  CHECK(decoded.width == picture_width);
  CHECK(decoded.height == picture_height);
  const View view(garden_scene());
  CHECK(alike(decoded.at(view.at(1800, 1000)), colours::gantry));
  CHECK(alike(decoded.at(view.at(1800, 80)), colours::head));
  CHECK(alike(decoded.at(view.at(900, 800)), colours::plant));
  CHECK(alike(decoded.at(view.at(610, 310)), colours::soaked_soil));
}

TEST_CASE("camera: a simulator that is away, or hangs up, makes the camera offline") {
  asio::io_context io(1);
  SimulatedCamera camera(io, [](auto, auto) {}, "/nowhere/sim.sock");
  std::optional<Result<Picture>> taken;
  camera.take([&](Result<Picture> picture) { taken = std::move(picture); });
  CHECK_FALSE(taken);  // never from inside the call
  io.run_for(10s);
  REQUIRE(taken);
  CHECK(taken->error().status == Status::offline);
  CHECK(taken->error().message.contains("/nowhere/sim.sock"));
}

TEST_CASE("camera: a picture that was given up is not heard of again") {
  asio::io_context io(1);
  VirtualTimers timers(io);
  bool heard = false;
  for (const auto* spec : {"none", "simulated:/nowhere/sim.sock"}) {
    const auto camera = make_camera({.io = io, .timers = timers, .background = [](auto, auto) {}}, spec);
    REQUIRE(camera);
    (*camera)->take([&](const Result<Picture>&) { heard = true; });
    (*camera)->give_up();
    io.restart();
    io.run_for(1s);
  }
  CHECK_FALSE(heard);
}

TEST_CASE("camera: without one, a photo says what to do") {
  asio::io_context io(1);
  VirtualTimers timers(io);
  const auto camera = make_camera({.io = io, .timers = timers, .background = {}}, "none");
  REQUIRE(camera);
  std::optional<Result<Picture>> taken;
  (*camera)->take([&](Result<Picture> picture) { taken = std::move(picture); });
  io.run();
  REQUIRE(taken);
  CHECK(taken->error().status == Status::offline);
  CHECK(taken->error().message.starts_with("No camera is configured"));
}

TEST_CASE("camera: a camera that does not exist is refused with those that do") {
  asio::io_context io(1);
  VirtualTimers timers(io);
  const CameraParts parts{.io = io, .timers = timers, .background = {}};
  for (const auto* spec :
       {"", "usb", "none:x", "auto:x", "rpicam:x", "simulated", "simulated:", "v4l2", "v4l2:video0",
        "v4l2:/dev/video0,skip=", "v4l2:/dev/video0,skip=301", "command", "command:  ", "command:\"x"}) {
    CAPTURE(spec);
    const auto camera = make_camera(parts, spec);
    REQUIRE_FALSE(camera);
    CHECK(camera.error().status == Status::malformed);
  }
  CHECK_FALSE(make_camera(parts, "simulated:" + std::string(200, 'a')));
  CHECK(
      make_camera(parts, "usb").error().message ==
      "There is no camera \"usb\": it is none, auto, rpicam, v4l2:/dev/videoN, command:PROGRAM ARGUMENTS or "
      "simulated:SOCKET.");
}

TEST_CASE("camera: a photo is kept under its time and place, and told with its size") {
  Studio studio;
  const auto call = studio.photograph();
  CHECK_FALSE(call.answered());
  studio.camera.show(Picture{.jpeg = "bytes", .width = 4, .height = 3});
  REQUIRE(call.ok());
  const auto& photo = *call.done().document;
  CHECK(photo["width"] == 4);
  CHECK(photo["height"] == 3);
  CHECK(photo["mime"] == "image/jpeg");
  CHECK(photo["rotation"] == 0);
  CHECK(photo["time"] == 1'700'000'000'123);
  CHECK(photo["position"] == protocol::Json{{"x", 100.0}, {"y", 200.5}, {"z", nullptr}});
  CHECK(photo["name"] == "2023-11-14T22-13-20.123Z_x100.0_y200.5_zunknown.jpg");
  CHECK(studio.kept == std::vector{photo});
  const fs::path path = photo["path"].get<std::string>();
  CHECK(path.filename() == "2023-11-14T22-13-20.123Z_x100.0_y200.5_zunknown.jpg");
  CHECK(read_all(path) == "bytes");
}

TEST_CASE("camera: two photos of the same moment are two files") {
  Studio studio;
  const auto first = studio.photograph(), second = studio.photograph();
  studio.camera.show(Picture{.jpeg = "one"});
  studio.camera.show(Picture{.jpeg = "two"});
  REQUIRE(second.ok());
  CHECK(read_all((*first.done().document)["path"].get<std::string>()) == "one");
  CHECK(read_all((*second.done().document)["path"].get<std::string>()) == "two");
}

TEST_CASE("camera: one picture at a time; others wait in order, and beyond the bound nobody does") {
  Studio studio;
  std::vector<Call> calls;
  for (std::size_t i = 0; i < Photographer::max_waiting + 1; ++i) calls.push_back(studio.photograph());
  const auto beyond = studio.photograph();
  CHECK(beyond.status() == Status::overloaded);
  CHECK(studio.camera.pictures == 1);
  for (auto& call : calls) {
    CHECK_FALSE(call.answered());
    studio.camera.show(Picture{});
    CHECK(call.ok());
  }
  CHECK(studio.photograph().status() == Status::internal);  // begins at once: unanswered
  CHECK(studio.camera.pictures == static_cast<int>(Photographer::max_waiting) + 2);
}

TEST_CASE("camera: one that does not answer is given up, and the next photo has its turn") {
  Studio studio;
  const auto first = studio.photograph(), second = studio.photograph();
  studio.timers.advance(studio.timers.now() + Photographer::patience);
  studio.io.poll();
  CHECK(first.status() == Status::timeout);
  CHECK(studio.camera.given_up == 1);
  CHECK(studio.complaints == std::vector<std::string>{"The camera gave no picture within 15 s."});
  studio.camera.show(Picture{});
  CHECK(second.ok());
}

TEST_CASE("camera: what the camera says is the answer") {
  Studio studio;
  const auto broken = studio.photograph();
  studio.camera.show(protocol::fail(Status::hardware_fault, "The lens cap is on."));
  CHECK(broken.status() == Status::hardware_fault);
  CHECK(studio.complaints.size() == 1);
  const auto away = studio.photograph();
  studio.camera.show(protocol::fail(Status::offline, "There is none."));
  CHECK(away.status() == Status::offline);
  CHECK(studio.complaints.size() == 1);
}

TEST_CASE("camera: of too many photos the oldest go") {
  Folder folder;
  const PhotoFolder photos(folder.path() / "photos", {.photos = 3, .bytes = 1'000});
  std::vector<fs::path> paths;
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto kept = photos.keep(photo_name(i, {}), "x");
    REQUIRE(kept);
    paths.push_back(*kept);
  }
  CHECK(files_in(folder.path() / "photos") == 3);
  CHECK_FALSE(fs::exists(paths[1]));
  CHECK(fs::exists(paths[2]));
}

TEST_CASE("camera: of too many bytes the oldest go, and a photo larger than all is refused") {
  Folder folder;
  const PhotoFolder photos(folder.path() / "photos", {.photos = 100, .bytes = 10});
  REQUIRE(photos.keep(photo_name(1, {}), "1234"));
  REQUIRE(photos.keep(photo_name(2, {}), "1234"));
  const auto third = photos.keep(photo_name(3, {}), "12345");
  REQUIRE(third);
  CHECK(files_in(folder.path() / "photos") == 2);
  CHECK(photos.keep(photo_name(4, {}), "12345678901").error().status == Status::out_of_resources);
  CHECK(fs::exists(*third));
}

TEST_CASE("camera: a new photo stays, also when the clock went back; other people's files do as well") {
  Folder folder;
  std::ofstream(folder.path() / "notes.txt") << "mine";
  const PhotoFolder photos(folder.path(), {.photos = 1, .bytes = 1'000});
  REQUIRE(photos.keep(photo_name(2'000'000, {}), "new"));
  const auto back = photos.keep(photo_name(1'000, {}), "back");
  REQUIRE(back);
  CHECK(read_all(*back) == "back");
  CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("camera: a folder that cannot be written is told as a sentence") {
  const PhotoFolder photos("/proc/photos");
  const auto kept = photos.keep("a.jpg", "x");
  REQUIRE_FALSE(kept);
  CHECK(kept.error().status == Status::out_of_resources);
  CHECK(kept.error().message.contains("/proc/photos"));
}

TEST_CASE("camera: a client on a socket gets path and size as a document") {
  Studio studio;
  protocol::Dispatcher dispatcher(protocol::Server::hypervisor);
  install(dispatcher, studio.photographer);
  const auto listener = protocol::Listener::on_unix(studio.io, studio.folder.path() / "hal.sock", dispatcher);
  REQUIRE(listener);
  const auto client = protocol::connect_unix(studio.io, studio.folder.path() / "hal.sock", nullptr);
  REQUIRE(client);
  std::optional<protocol::Reply> reply;
  (*client)->request(*protocol::find_operation("SYS.TAKE_PHOTO"), "",
                     [&](protocol::Reply answer) { reply = std::move(answer); });
  const auto end = Clock::now() + 30s;
  while (!reply && Clock::now() < end) {
    studio.io.run_one_for(10ms);
    if (studio.camera.pending) studio.camera.show(Picture{.jpeg = "bytes", .width = 4, .height = 3});
  }
  REQUIRE(reply);
  REQUIRE(reply->ok());
  const auto photo = reply->document();
  REQUIRE(photo);
  CHECK((*photo)["width"] == 4);
  CHECK(read_all((*photo)["path"].get<std::string>()) == "bytes");
  (*client)->close();
  studio.io.run_for(50ms);
}

}  // namespace celeriac::hal::testing
