#include "hal/camera/video_capture.hpp"

#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>
#include <optional>
#include <vector>

#include "hal/camera/jpeg.hpp"
#include "hal/camera/jpeg_file.hpp"
#include "protocol/words.hpp"

namespace celeriac::hal::camera {
namespace {

using protocol::Result;
using protocol::Status;

constexpr auto capture_type = static_cast<std::uint32_t>(V4L2_BUF_TYPE_VIDEO_CAPTURE);
constexpr auto memory = static_cast<std::uint32_t>(V4L2_MEMORY_MMAP);
/// Formats of a device that are looked at: more than any has.
constexpr std::uint32_t max_formats = 256;

/// The better first: what the camera has compressed itself need not be sent whole over USB.
constexpr std::uint32_t formats[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_JPEG, V4L2_PIX_FMT_YUYV};

/// Video devices that stand between sensor and memory on a Raspberry Pi: they take part in a picture, but
/// give none by themselves. Names of the drivers in the Raspberry Pi kernel.
constexpr std::string_view pipeline_drivers[] = {"bcm2835-codec", "bcm2835-isp", "unicam",
                                                 "rp1-cfe",       "pispbe",      "rpi-hevc-dec"};

struct Trouble {
  int error;
  Status status;
  std::string_view says;
};
constexpr Trouble troubles[] = {
    {ENOENT, Status::offline, "there is no such device: is the camera plugged in?"},
    {ENXIO, Status::offline, "there is no such device: is the camera plugged in?"},
    {ENODEV, Status::offline, "the camera is gone: is it plugged in?"},
    {EACCES, Status::offline, "it may not be opened: the hypervisor's user must be in the group video."},
    {EPERM, Status::offline, "it may not be opened: the hypervisor's user must be in the group video."},
    {EBUSY, Status::offline, "another program uses it."},
    {ENOSPC, Status::hardware_fault, "the USB bus has no room for it: use another port, or a smaller size."},
};

/// The kernel's texts end with a zero, unless they are full.
template <std::size_t size>
std::string text_of(const __u8 (&text)[size]) {
  const auto* const start = reinterpret_cast<const char*>(text);
  return protocol::shown({start, ::strnlen(start, size)}, size);
}

class Capture {
 public:
  Capture(VideoSystem& video, const VideoSource& source, const CameraOptions& options,
          const std::atomic<bool>& given_up)
      : video_(video), source_(source), options_(options), given_up_(given_up) {}
  ~Capture() {
    if (!device_) return;
    auto type = capture_type;
    if (streaming_) device_->control(VIDIOC_STREAMOFF, &type);
    for (const auto& buffer : buffers_) device_->unmap(buffer);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  Result<Picture> take() {
    if (auto ready = open(); !ready) return std::unexpected(std::move(ready.error()));
    const auto wanted = best_format();
    if (!wanted)
      return protocol::fail(Status::hardware_fault,
                            std::format("The camera {} has neither MJPEG nor YUYV, and other formats are not "
                                        "understood.",
                                        source_.path.string()));
    if (auto ready = set_format(*wanted); !ready) return std::unexpected(std::move(ready.error()));
    if (auto ready = start(); !ready) return std::unexpected(std::move(ready.error()));
    return stream();
  }

  Result<void> open() {
    auto opened = video_.open(source_.path);
    if (!opened) return failed(opened.error());
    device_ = std::move(*opened);
    v4l2_capability about{};
    if (const int error = device_->control(VIDIOC_QUERYCAP, &about); error != 0) return no_camera();
    const auto can =
        (about.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? about.device_caps : about.capabilities;
    if ((can & V4L2_CAP_VIDEO_CAPTURE) == 0 || (can & V4L2_CAP_STREAMING) == 0) return no_camera();
    model_ = text_of(about.card);
    driver_ = text_of(about.driver);
    return {};
  }

  std::optional<std::uint32_t> best_format() {
    std::vector<std::uint32_t> offered;
    for (std::uint32_t index = 0; index < max_formats; ++index) {
      v4l2_fmtdesc description{};
      description.index = index;
      description.type = capture_type;
      if (device_->control(VIDIOC_ENUM_FMT, &description) != 0) break;
      offered.push_back(description.pixelformat);
    }
    const auto* const found =
        std::ranges::find_if(formats, [&](auto format) { return std::ranges::contains(offered, format); });
    return found == std::end(formats) ? std::nullopt : std::optional(*found);
  }

  [[nodiscard]] const std::string& driver() const { return driver_; }

 private:
  [[nodiscard]] std::unexpected<protocol::Error> failed(int error) const {
    for (const auto& row : troubles)
      if (row.error == error)
        return protocol::fail(row.status, std::format("{}: {}", source_.path.string(), row.says));
    return protocol::fail(Status::hardware_fault, std::format("The camera {} fails: {}.",
                                                              source_.path.string(), std::strerror(error)));
  }
  [[nodiscard]] std::unexpected<protocol::Error> no_camera() const {
    return protocol::fail(Status::offline, std::format("{} is no camera.", source_.path.string()));
  }
  [[nodiscard]] std::unexpected<protocol::Error> broken(std::string_view why) const {
    return protocol::fail(Status::hardware_fault,
                          std::format("The camera {} {}.", source_.path.string(), why));
  }

  Result<void> set_format(std::uint32_t wanted) {
    v4l2_format format{};
    format.type = capture_type;
    format.fmt.pix.width = static_cast<std::uint32_t>(options_.width);
    format.fmt.pix.height = static_cast<std::uint32_t>(options_.height);
    format.fmt.pix.pixelformat = wanted;
    format.fmt.pix.field = V4L2_FIELD_ANY;
    if (const int error = device_->control(VIDIOC_S_FMT, &format); error != 0) return failed(error);
    if (format.fmt.pix.pixelformat != wanted) return broken("offers a format that it then refuses");
    if (format.fmt.pix.width == 0 || format.fmt.pix.width > max_picture_side || format.fmt.pix.height == 0 ||
        format.fmt.pix.height > max_picture_side)
      return broken("gives pictures of an impossible size");
    format_ = format.fmt.pix;
    return {};
  }

  Result<void> start() {
    v4l2_requestbuffers wanted{};
    wanted.count = frame_buffers;
    wanted.type = capture_type;
    wanted.memory = memory;
    if (const int error = device_->control(VIDIOC_REQBUFS, &wanted); error != 0) return failed(error);
    if (wanted.count == 0) return broken("has no memory for frames");
    for (std::uint32_t index = 0; index < std::min(wanted.count, frame_buffers); ++index) {
      v4l2_buffer buffer = numbered(index);
      if (const int error = device_->control(VIDIOC_QUERYBUF, &buffer); error != 0) return failed(error);
      if (buffer.length == 0 || buffer.length > max_frame_bytes)
        return broken(std::format("wants frames of {} bytes", buffer.length));
      const auto mapped = device_->map(buffer.length, buffer.m.offset);
      if (!mapped) return failed(mapped.error());
      buffers_.push_back(*mapped);
      if (const int error = device_->control(VIDIOC_QBUF, &buffer); error != 0) return failed(error);
    }
    auto type = capture_type;
    if (const int error = device_->control(VIDIOC_STREAMON, &type); error != 0) return failed(error);
    streaming_ = true;
    return {};
  }

  static v4l2_buffer numbered(std::uint32_t index) {
    v4l2_buffer buffer{};
    buffer.type = capture_type;
    buffer.memory = memory;
    buffer.index = index;
    return buffer;
  }

  Result<Picture> stream() {
    int skipped = 0, damaged = 0;
    std::chrono::milliseconds silent{0};
    while (!given_up_) {
      if (!device_->wait(frame_wait)) {
        silent += frame_wait;
        if (silent >= frame_patience)
          return broken(std::format("gave no frame for {} s", frame_patience.count() / 1000));
        continue;
      }
      v4l2_buffer buffer = numbered(0);
      const int error = device_->control(VIDIOC_DQBUF, &buffer);
      if (error == EAGAIN) {  // ready, and yet nothing: the time counts, so that it ends some day
        silent += std::chrono::milliseconds(1);
        if (silent >= frame_patience) return broken("says that it has frames, and has none");
        continue;
      }
      if (error != 0) return failed(error);
      silent = std::chrono::milliseconds(0);
      if (buffer.index >= buffers_.size() || buffer.bytesused > buffers_[buffer.index].size())
        return broken("gives frames that cannot be");
      const auto bytes = buffers_[buffer.index].first(buffer.bytesused);
      std::optional<Result<Picture>> picture;
      if (skipped < source_.skip) {
        ++skipped;
      } else {
        if ((buffer.flags & V4L2_BUF_FLAG_ERROR) == 0) picture = picture_of(bytes);
        if (picture && *picture) return std::move(*picture);
        if (++damaged >= max_damaged_frames)
          return picture ? std::move(*picture) : broken("gives only damaged frames");
      }
      if (const int refused = device_->control(VIDIOC_QBUF, &buffer); refused != 0) return failed(refused);
    }
    return protocol::fail(Status::cancelled, "The picture was given up.");
  }

  [[nodiscard]] Result<Picture> picture_of(std::span<const std::uint8_t> bytes) const {
    const bool compressed = format_.pixelformat != V4L2_PIX_FMT_YUYV;
    return compressed ? picture_of_jpeg(bytes) : picture_of_yuyv(bytes);
  }

  [[nodiscard]] Result<Picture> picture_of_jpeg(std::span<const std::uint8_t> bytes) const {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto file = inspect_jpeg(text);
    if (!file) return std::unexpected(file.error());
    return Picture{.jpeg = file->huffman_tables ? std::string(text) : with_huffman_tables(*file),
                   .width = file->width,
                   .height = file->height,
                   .model = model_};
  }

  [[nodiscard]] Result<Picture> picture_of_yuyv(std::span<const std::uint8_t> bytes) const {
    const std::size_t stride = std::max<std::size_t>(format_.bytesperline, std::size_t{2} * format_.width);
    const std::size_t pairs = (std::size_t{format_.width} + 1) / 2;
    // The last row need not be padded.
    if (bytes.size() < stride * (format_.height - 1) + 4 * pairs || stride < 4 * pairs)
      return broken("gives frames that are too short");
    const YuyvFrame frame{.bytes = bytes,
                          .width = static_cast<int>(format_.width),
                          .height = static_cast<int>(format_.height),
                          .stride = stride};
    return Picture{.jpeg = encode_jpeg(frame), .width = frame.width, .height = frame.height, .model = model_};
  }

  VideoSystem& video_;
  const VideoSource& source_;
  const CameraOptions& options_;
  const std::atomic<bool>& given_up_;
  std::unique_ptr<VideoDevice> device_;
  std::string model_, driver_;
  v4l2_pix_format format_{};
  std::vector<std::span<std::uint8_t>> buffers_;
  bool streaming_ = false;
};

}  // namespace

Result<Picture> capture(VideoSystem& video, const VideoSource& source, const CameraOptions& options,
                        const std::atomic<bool>& given_up) {
  return Capture(video, source, options, given_up).take();
}

std::optional<std::filesystem::path> first_camera(VideoSystem& video) {
  for (const auto& path : video.devices()) {
    const std::atomic<bool> never = false;
    const CameraOptions options;
    const VideoSource source{.path = path};
    Capture candidate(video, source, options, never);
    if (candidate.open() && !std::ranges::contains(pipeline_drivers, candidate.driver()) &&
        candidate.best_format())
      return path;
  }
  return std::nullopt;
}

}  // namespace celeriac::hal::camera
