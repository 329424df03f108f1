#include "firmware-sim/program/pseudo_terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <format>
#include <system_error>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

std::string reason() {
  return std::error_code(errno, std::generic_category()).message();
}

/// Raw mode is a setting of the other end and stays when that is closed. Having been open once, it also
/// reports from now on whether somebody has it open.
bool make_raw(const std::string& device) {
  const int other_end = ::open(device.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (other_end < 0) return false;
  termios settings{};
  bool done = ::tcgetattr(other_end, &settings) == 0;
  ::cfmakeraw(&settings);
  ::cfsetspeed(&settings, B115200);
  done = done && ::tcsetattr(other_end, TCSANOW, &settings) == 0;
  ::close(other_end);
  return done;
}

}  // namespace

std::expected<PseudoTerminal, std::string> PseudoTerminal::open(const std::filesystem::path& link) {
  const int descriptor = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return std::unexpected(std::format("There is no pseudo terminal to be had: {}.", reason()));
  PseudoTerminal terminal(descriptor, {});
  std::array<char, 128> name{};
  if (::grantpt(descriptor) != 0 || ::unlockpt(descriptor) != 0 ||
      ::ptsname_r(descriptor, name.data(), name.size()) != 0) {
    return std::unexpected(std::format("The pseudo terminal cannot be unlocked: {}.", reason()));
  }
  terminal.device_ = name.data();
  if (!make_raw(terminal.device_)) {
    return std::unexpected(std::format("{} cannot be set to raw mode: {}.", terminal.device_, reason()));
  }
  if (auto linked = terminal.make_link(link); !linked) return std::unexpected(linked.error());
  return terminal;
}

std::expected<void, std::string> PseudoTerminal::make_link(const std::filesystem::path& link) {
  std::error_code error;
  const auto there = std::filesystem::symlink_status(link, error);
  if (std::filesystem::exists(there) && !std::filesystem::is_symlink(there)) {
    return std::unexpected(
        std::format("{} exists and is not a symbolic link; choose another name for --link.", link.string()));
  }
  // Made beside it and renamed, so that a host never finds the name missing.
  std::filesystem::path fresh = link;
  fresh += std::format(".{}", ::getpid());
  std::filesystem::remove(fresh, error);
  std::filesystem::create_symlink(device_, fresh, error);
  if (!error) std::filesystem::rename(fresh, link, error);
  if (error) {
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    return std::unexpected(std::format("The link {} cannot be made: {}.", link.string(), error.message()));
  }
  link_ = std::filesystem::absolute(link);
  return {};
}

PseudoTerminal::PseudoTerminal(PseudoTerminal&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      device_(std::move(other.device_)),
      link_(std::exchange(other.link_, {})) {}

PseudoTerminal::~PseudoTerminal() {
  std::error_code error;
  if (!link_.empty() && std::filesystem::read_symlink(link_, error) == device_ && !error) {
    std::filesystem::remove(link_, error);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool PseudoTerminal::is_open() const {
  pollfd state{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0;
}

void PseudoTerminal::discard_input() const {
  std::array<char, 4096> bytes;
  while (read(bytes).status == ReadStatus::data) {
  }
}

void PseudoTerminal::discard_output() const {
  ::tcflush(descriptor_, TCOFLUSH);
}

PseudoTerminal::ReadResult PseudoTerminal::read(std::span<char> into) const {
  for (;;) {
    const ssize_t got = ::read(descriptor_, into.data(), into.size());
    if (got > 0) return {ReadStatus::data, static_cast<std::size_t>(got)};
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {ReadStatus::nothing};
    return {ReadStatus::closed};
  }
}

std::size_t PseudoTerminal::write(std::string_view bytes) const {
  for (;;) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put >= 0) return static_cast<std::size_t>(put);
    if (errno != EINTR) return 0;
  }
}

}  // namespace celeriac::firmware_sim
