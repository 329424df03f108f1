#pragma once
// The seam to the kernel's video devices (V4L2): a few system calls, so that a test can be a camera.

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace celeriac::hal::camera {

/// An open device. What may fail gives the number of errno, 0 for success.
class VideoDevice {
 public:
  virtual ~VideoDevice() = default;
  /// As ioctl(2), begun again after a signal.
  virtual int control(unsigned long request, void* argument) = 0;
  /// A buffer of the device's in our memory, until unmap().
  virtual std::expected<std::span<std::uint8_t>, int> map(std::size_t bytes, std::int64_t offset) = 0;
  virtual void unmap(std::span<std::uint8_t> buffer) = 0;
  /// Whether a frame, or an error, is there within that time.
  virtual bool wait(std::chrono::milliseconds time) = 0;
};

class VideoSystem {
 public:
  virtual ~VideoSystem() = default;
  /// Non-blocking.
  virtual std::expected<std::unique_ptr<VideoDevice>, int> open(const std::filesystem::path& path) = 0;
  /// /dev/video0, /dev/video1 and so on, those that there are.
  virtual std::vector<std::filesystem::path> devices() = 0;
};

/// The machine's own.
VideoSystem& kernel_video();

}  // namespace celeriac::hal::camera
