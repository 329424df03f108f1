#include "hal/camera/video_device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <format>

namespace celeriac::hal::camera {
namespace {

/// Numbers that are looked at: Linux gives at most 256 to video devices.
constexpr int device_numbers = 256;

class KernelDevice final : public VideoDevice {
 public:
  explicit KernelDevice(int descriptor) : descriptor_(descriptor) {}
  ~KernelDevice() override { ::close(descriptor_); }
  KernelDevice(const KernelDevice&) = delete;
  KernelDevice& operator=(const KernelDevice&) = delete;

  int control(unsigned long request, void* argument) override {
    while (::ioctl(descriptor_, request, argument) != 0)
      if (errno != EINTR) return errno;
    return 0;
  }
  std::expected<std::span<std::uint8_t>, int> map(std::size_t bytes, std::int64_t offset) override {
    void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, offset);
    if (start == MAP_FAILED) return std::unexpected(errno);
    return std::span(static_cast<std::uint8_t*>(start), bytes);
  }
  void unmap(std::span<std::uint8_t> buffer) override { ::munmap(buffer.data(), buffer.size()); }
  bool wait(std::chrono::milliseconds time) override {
    pollfd ready{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, static_cast<int>(time.count())) > 0;
  }

 private:
  int descriptor_;
};

class KernelVideo final : public VideoSystem {
 public:
  std::expected<std::unique_ptr<VideoDevice>, int> open(const std::filesystem::path& path) override {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return std::unexpected(errno);
    return std::make_unique<KernelDevice>(descriptor);
  }
  std::vector<std::filesystem::path> devices() override {
    std::vector<std::filesystem::path> found;
    for (int number = 0; number < device_numbers; ++number) {
      std::filesystem::path path = std::format("/dev/video{}", number);
      if (::access(path.c_str(), F_OK) == 0) found.push_back(std::move(path));
    }
    return found;
  }
};

}  // namespace

VideoSystem& kernel_video() {
  static KernelVideo video;
  return video;
}

}  // namespace celeriac::hal::camera
