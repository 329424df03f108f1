// Ways to open a port: libserialport for real ones, plain termios for a pseudo terminal.

#include <fcntl.h>
#include <libserialport.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <format>

#include "hal/firmware/descriptor_port.hpp"

namespace celeriac::hal::firmware {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

/// libserialport lets a read without data return 0 at once (VMIN = VTIME = 0), which is what the end of a
/// port looks like.
bool wait_for_data(int fd) {
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return false;
  settings.c_cc[VMIN] = 1;
  return ::tcsetattr(fd, TCSANOW, &settings) == 0;
}

/// USB chips that FarmBot boards talk through.
struct UsbChip {
  int vendor, product;
  std::string_view name;
};
constexpr UsbChip chips[] = {
    {0x2341, 0x0042, "Arduino Mega 2560"},
    {0x2341, 0x0010, "Arduino Mega 2560"},
    {0x2a03, 0x0042, "Arduino Mega 2560"},
    {0x2a03, 0x0010, "Arduino Mega 2560"},
    {0x0403, 0x6001, "FTDI FT232R"},
    {0x0403, 0x6015, "FTDI FT231X"},
    {0x1a86, 0x7523, "CH340"},
    {0x10c4, 0xea60, "CP2102"},
};

std::string_view advice(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "Is the board's USB cable in, and is it powered?";
    case EACCES:
    case EPERM:
      return "This user may not open it: add it to the group dialout.";
    case EBUSY:
      return "Another program has it open.";
    default:
      return "Check cable and port.";
  }
}

std::unexpected<protocol::Error> cannot_open(const std::string& path, int error) {
  return protocol::fail(Status::offline, std::format("{} cannot be opened ({}). {}", path,
                                                     std::strerror(error), advice(error)));
}

struct PortDeleter {
  void operator()(sp_port* port) const noexcept { sp_free_port(port); }
};
using PortHandle = std::unique_ptr<sp_port, PortDeleter>;

class Opener final : public PortOpener {
 public:
  Opener(asio::io_context& io, std::string port) : io_(io), port_(std::move(port)) {}

  Result<std::unique_ptr<SerialPort>> open() override {
    const std::string path = port_ == "auto" ? find_board_port() : port_;
    if (path.empty())
      return protocol::fail(
          Status::offline,
          "No board was found on the USB ports. Is its cable in? Or name its port with --serial.");
    std::error_code error;
    const auto real = fs::canonical(path, error);
    if (error) return cannot_open(path, error.value());
    return real.string().starts_with("/dev/pts/") ? open_terminal(io_, real) : open_serial(io_, real);
  }
  [[nodiscard]] std::string port_name() const override { return port_; }

 private:
  asio::io_context& io_;
  std::string port_;
};

}  // namespace

Result<std::unique_ptr<SerialPort>> open_terminal(asio::io_context& io, const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return cannot_open(path, errno);
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) {
    const int error = errno;
    ::close(fd);
    return cannot_open(path, error);
  }
  ::cfmakeraw(&settings);
  ::cfsetspeed(&settings, B115200);
  ::tcsetattr(fd, TCSANOW, &settings);
  return make_descriptor_port(io, fd, {});
}

Result<std::unique_ptr<SerialPort>> open_serial(asio::io_context& io, const std::string& path) {
  sp_port* raw = nullptr;
  if (sp_get_port_by_name(path.c_str(), &raw) != SP_OK) return cannot_open(path, ENODEV);
  PortHandle port(raw);
  if (sp_open(port.get(), SP_MODE_READ_WRITE) != SP_OK) return cannot_open(path, errno);
  const bool set = sp_set_baudrate(port.get(), 115200) == SP_OK && sp_set_bits(port.get(), 8) == SP_OK &&
                   sp_set_parity(port.get(), SP_PARITY_NONE) == SP_OK &&
                   sp_set_stopbits(port.get(), 1) == SP_OK &&
                   sp_set_flowcontrol(port.get(), SP_FLOWCONTROL_NONE) == SP_OK;
  int fd = -1;
  if (!set || sp_get_port_handle(port.get(), &fd) != SP_OK || !wait_for_data(fd)) {
    sp_close(port.get());
    return protocol::fail(Status::offline, std::format("{} cannot be set to 115200 baud, 8N1.", path));
  }
  sp_flush(port.get(), SP_BUF_BOTH);  // what is in there is from before
  std::shared_ptr<sp_port> shared(port.release(), PortDeleter{});
  return make_descriptor_port(io, fd,
                              {.hang_up = [shared] { sp_set_dtr(shared.get(), SP_DTR_OFF); },
                               .release = [shared](int) { sp_close(shared.get()); }});
}

std::string find_board_port() {
  sp_port** list = nullptr;
  if (sp_list_ports(&list) != SP_OK) return {};
  std::string found;
  std::size_t best = std::size(chips);
  for (std::size_t i = 0; list[i] != nullptr; ++i) {
    int vendor = 0, product = 0;
    if (sp_get_port_usb_vid_pid(list[i], &vendor, &product) != SP_OK) continue;
    const auto chip = std::ranges::find_if(
        chips, [&](const UsbChip& row) { return row.vendor == vendor && row.product == product; });
    const auto rank = static_cast<std::size_t>(chip - std::begin(chips));
    if (rank < best) best = rank, found = sp_get_port_name(list[i]);
  }
  sp_free_port_list(list);
  return found;
}

std::unique_ptr<PortOpener> make_opener(asio::io_context& io, std::string port) {
  return std::make_unique<Opener>(io, std::move(port));
}

}  // namespace celeriac::hal::firmware
