// V4L2 cameras, played by the test: what is asked of a driver, and what its answers come to.

#include <linux/videodev2.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <set>

#include "hal/camera/jpeg.hpp"
#include "hal/camera/jpeg_file.hpp"
#include "hal/camera/video_camera.hpp"

namespace celeriac::hal::testing {
namespace {

using namespace camera;
using protocol::Result;
using protocol::Status;

/// A frame as a driver gives it.
struct Frame {
  std::string bytes;
  std::uint32_t flags = 0;
  int error = 0;  // of VIDIOC_DQBUF
};

std::string jpeg_frame(int shade) {
  return encode_jpeg(Canvas(64, 48, {static_cast<std::uint8_t>(shade), 100, 100}));
}

/// A driver with one camera.
class FakeVideo final : public VideoSystem {
 public:
  std::map<std::filesystem::path, int> missing;  ///< errno of open()
  std::vector<std::filesystem::path> present{"/dev/video0"};
  std::uint32_t capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  std::string driver = "uvcvideo", card = "Webcam C920";
  std::map<std::filesystem::path, std::string> drivers;  ///< of paths that have another one
  std::vector<std::uint32_t> formats{V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG};
  std::uint32_t width = 0, height = 0;  ///< what it makes of a size; 0: what is wanted
  std::uint32_t stride = 0;
  std::uint32_t buffer_bytes = 65'536;
  std::map<unsigned long, int> fails;  ///< errno by request
  std::deque<Frame> frames;            ///< after the last one there are no more
  // What has happened.
  int opened = 0, closed = 0, dequeued = 0;
  std::uint32_t format = 0;
  std::size_t mapped = 0;
  bool streaming = false;
  std::function<void()> waits;

  std::expected<std::unique_ptr<VideoDevice>, int> open(const std::filesystem::path& path) override {
    if (const auto found = missing.find(path); found != missing.end()) return std::unexpected(found->second);
    ++opened;
    return std::make_unique<Device>(*this, path);
  }
  std::vector<std::filesystem::path> devices() override { return present; }

 private:
  class Device final : public VideoDevice {
   public:
    Device(FakeVideo& video, const std::filesystem::path& path) : video_(video), path_(path) {}
    ~Device() override { ++video_.closed; }
    int control(unsigned long request, void* argument) override {
      if (const auto found = video_.fails.find(request); found != video_.fails.end()) return found->second;
      switch (request) {
        case VIDIOC_QUERYCAP: {
          auto& about = *static_cast<v4l2_capability*>(argument);
          const auto driver = video_.drivers.contains(path_) ? video_.drivers[path_] : video_.driver;
          std::memcpy(about.driver, driver.data(), std::min(driver.size(), sizeof about.driver));
          std::memcpy(about.card, video_.card.data(), std::min(video_.card.size(), sizeof about.card));
          about.capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
          about.device_caps = video_.capabilities;
          return 0;
        }
        case VIDIOC_ENUM_FMT: {
          auto& description = *static_cast<v4l2_fmtdesc*>(argument);
          if (description.index >= video_.formats.size()) return EINVAL;
          description.pixelformat = video_.formats[description.index];
          return 0;
        }
        case VIDIOC_S_FMT: {
          auto& pix = static_cast<v4l2_format*>(argument)->fmt.pix;
          if (video_.width != 0) pix.width = video_.width;
          if (video_.height != 0) pix.height = video_.height;
          pix.bytesperline = video_.stride;
          video_.format = pix.pixelformat;
          return 0;
        }
        case VIDIOC_QUERYBUF: {
          auto& buffer = *static_cast<v4l2_buffer*>(argument);
          buffer.length = video_.buffer_bytes;
          buffer.m.offset = buffer.index * 4096;
          return 0;
        }
        case VIDIOC_QBUF:
          queued_.push_back(static_cast<v4l2_buffer*>(argument)->index);
          return 0;
        case VIDIOC_DQBUF: {
          auto& buffer = *static_cast<v4l2_buffer*>(argument);
          if (video_.frames.empty() || queued_.empty()) return EAGAIN;
          const Frame frame = std::move(video_.frames.front());
          video_.frames.pop_front();
          if (frame.error != 0) return frame.error;
          ++video_.dequeued;
          buffer.index = queued_.front();
          queued_.pop_front();
          buffer.flags = frame.flags;
          buffer.bytesused = static_cast<std::uint32_t>(frame.bytes.size());
          auto& memory = memory_.at(buffer.index);
          std::memcpy(memory.data(), frame.bytes.data(), std::min(frame.bytes.size(), memory.size()));
          return 0;
        }
        case VIDIOC_STREAMON:
          video_.streaming = true;
          return 0;
        case VIDIOC_STREAMOFF:
          video_.streaming = false;
          return 0;
        default:
          return 0;
      }
    }
    std::expected<std::span<std::uint8_t>, int> map(std::size_t bytes, std::int64_t) override {
      ++video_.mapped;
      return std::span(memory_.emplace_back(bytes));
    }
    void unmap(std::span<std::uint8_t>) override { --video_.mapped; }
    bool wait(std::chrono::milliseconds) override {
      if (video_.waits) video_.waits();
      return !video_.frames.empty();
    }

   private:
    FakeVideo& video_;
    std::filesystem::path path_;
    std::deque<std::uint32_t> queued_;
    std::deque<std::vector<std::uint8_t>> memory_;
  };
};

Result<Picture> shoot(FakeVideo& video, int skip = 2, CameraOptions options = {}) {
  const std::atomic<bool> given_up = false;
  const VideoSource source{.path = "/dev/video0", .skip = skip};
  auto picture = capture(video, source, options, given_up);
  // However it ends, everything is given back.
  CHECK(video.opened == video.closed);
  CHECK(video.mapped == 0);
  CHECK_FALSE(video.streaming);
  return picture;
}

std::string why(FakeVideo& video) {
  const auto picture = shoot(video);
  REQUIRE_FALSE(picture);
  return picture.error().message;
}

}  // namespace

TEST_CASE("video: the first frames are for exposure, and the next is the picture") {
  FakeVideo video;
  for (const int shade : {0, 50, 200, 255}) video.frames.push_back({jpeg_frame(shade)});
  const auto picture = shoot(video);
  REQUIRE(picture);
  CHECK(picture->jpeg == jpeg_frame(200));
  CHECK(picture->width == 64);
  CHECK(picture->height == 48);
  CHECK(picture->model == "Webcam C920");
  CHECK(video.format == V4L2_PIX_FMT_MJPEG);
  CHECK(video.frames.size() == 1);
}

TEST_CASE("video: without MJPEG a picture is made of YUYV, whose rows may be padded") {
  FakeVideo video;
  video.formats = {V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUYV};
  video.width = 64;
  video.height = 48;
  video.stride = 160;
  std::string grey;
  for (int i = 0; i < 160 * 48 / 2; ++i) grey += std::string("\x80\x80", 2);
  video.frames.push_back({grey});
  const auto picture = shoot(video, 0);
  REQUIRE(picture);
  CHECK(video.format == V4L2_PIX_FMT_YUYV);
  const auto file = inspect_jpeg(picture->jpeg);
  REQUIRE(file);
  CHECK(file->width == 64);
  CHECK(file->height == 48);
}

TEST_CASE("video: frames that are damaged are passed over, but not for ever") {
  FakeVideo video;
  video.frames = {{"no jpeg"}, {jpeg_frame(1), V4L2_BUF_FLAG_ERROR}, {jpeg_frame(2)}};
  REQUIRE(shoot(video, 0));
  video.frames.assign(max_damaged_frames, {jpeg_frame(1), V4L2_BUF_FLAG_ERROR});
  CHECK(shoot(video, 0).error().message == "The camera /dev/video0 gives only damaged frames.");
  video.frames.assign(max_damaged_frames, {"no jpeg"});
  CHECK(shoot(video, 0).error().message.contains("no JPEG picture"));
}

TEST_CASE("video: a camera that gives no frames is told from one that is away") {
  FakeVideo video;
  CHECK(why(video) == "The camera /dev/video0 gave no frame for 3 s.");
  CHECK(shoot(video).error().status == Status::hardware_fault);
  video.frames = {{.error = EAGAIN}, {.error = ENODEV}};
  CHECK(why(video) == "/dev/video0: the camera is gone: is it plugged in?");
  video.missing["/dev/video0"] = ENOENT;
  CHECK(why(video) == "/dev/video0: there is no such device: is the camera plugged in?");
  CHECK(shoot(video).error().status == Status::offline);
  video.missing["/dev/video0"] = EACCES;
  CHECK(why(video).contains("group video"));
  video.missing["/dev/video0"] = EIO;
  CHECK(why(video).starts_with("The camera /dev/video0 fails: "));
}

TEST_CASE("video: one that another program uses, or a bus without room, says so") {
  for (const auto request : {VIDIOC_S_FMT, VIDIOC_REQBUFS, VIDIOC_STREAMON}) {
    FakeVideo video;
    video.fails[request] = EBUSY;
    CHECK(why(video) == "/dev/video0: another program uses it.");
  }
  FakeVideo video;
  video.fails[VIDIOC_STREAMON] = ENOSPC;
  CHECK(why(video).contains("the USB bus has no room for it"));
}

TEST_CASE("video: what is no camera, or has no format for us, says so") {
  FakeVideo video;
  video.capabilities = V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING;
  CHECK(why(video) == "/dev/video0 is no camera.");
  video.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  video.fails[VIDIOC_QUERYCAP] = ENOTTY;
  CHECK(why(video) == "/dev/video0 is no camera.");
  video.fails.clear();
  video.formats = {V4L2_PIX_FMT_H264, V4L2_PIX_FMT_SRGGB10P};
  CHECK(why(video) ==
        "The camera /dev/video0 has neither MJPEG nor YUYV, and other formats are not understood.");
}

TEST_CASE("video: a driver that says impossible things is not believed") {
  FakeVideo video;
  video.width = 1'000'000;
  CHECK(why(video).contains("impossible size"));
  video.width = 0;
  video.buffer_bytes = max_frame_bytes + 1;
  CHECK(why(video).contains("wants frames of"));
  video.buffer_bytes = 100;
  video.frames = {{std::string(101, 'x')}};
  CHECK(why(video).contains("gives frames that cannot be"));
  video.formats = {V4L2_PIX_FMT_YUYV};
  video.frames.assign(max_damaged_frames, {std::string(10, 'x')});
  CHECK(shoot(video, 0).error().message.contains("too short"));
}

TEST_CASE("video: a picture that is given up leaves the device alone") {
  FakeVideo video;
  std::atomic<bool> given_up = false;
  int waited = 0;
  video.waits = [&] { given_up = ++waited == 3; };
  const VideoSource source{.path = "/dev/video0"};
  CHECK(capture(video, source, {}, given_up).error().status == Status::cancelled);
  CHECK(waited == 3);
  CHECK(video.opened == video.closed);
}

TEST_CASE("video: the first camera is none of the Pi's own pipeline, and none without a format") {
  FakeVideo video;
  video.present = {"/dev/video0", "/dev/video1", "/dev/video2", "/dev/video3"};
  video.missing["/dev/video0"] = EACCES;
  video.drivers = {{"/dev/video1", "bcm2835-isp"}, {"/dev/video2", "unicam"}};
  CHECK(first_camera(video) == "/dev/video3");
  video.formats = {V4L2_PIX_FMT_H264};
  CHECK_FALSE(first_camera(video));
  CHECK(video.opened == video.closed);
}

TEST_CASE("video: a camera works in the background, and is not heard of when given up") {
  FakeVideo video;
  for (int i = 0; i < 5; ++i) video.frames.push_back({jpeg_frame(i)});
  std::vector<std::move_only_function<void()>> jobs, completions;
  VideoCamera camera(video,
                     [&](auto job, auto done) {
                       jobs.push_back(std::move(job));
                       completions.push_back(std::move(done));
                     },
                     {.path = "/dev/video0", .skip = 0}, {});
  std::optional<Result<Picture>> taken;
  const auto take = [&] { camera.take([&](Result<Picture> picture) { taken = std::move(picture); }); };
  take();
  CHECK(video.opened == 0);
  jobs.back()();
  CHECK_FALSE(taken);
  completions.back()();
  REQUIRE(taken);
  CHECK(*taken);
  taken.reset();
  take();
  camera.give_up();
  jobs.back()();
  completions.back()();
  CHECK_FALSE(taken);
  CHECK(video.opened == video.closed);
}

TEST_CASE("video: the source is a path, and how many frames are skipped") {
  CHECK(parse_video_source("/dev/video2")->skip == skipped_frames);
  const auto source = parse_video_source("/dev/v4l/by-id/a,b,skip=30");
  REQUIRE(source);
  CHECK(source->path == "/dev/v4l/by-id/a,b");
  CHECK(source->skip == 30);
  for (const auto* bad : {"", "video0", "/dev/video0,skip=x", "/dev/video0,skip=-1", "/dev/video0,skip=301"})
    CHECK(parse_video_source(bad).error().status == Status::malformed);
}

}  // namespace celeriac::hal::testing
