#include "console/tui/terminal_device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <format>
#include <utility>

namespace celeriac::console::tui {
namespace asio = boost::asio;
using protocol::Result;
using protocol::Status;

namespace {

// The alternate screen, no cursor; where xterm's modes are known: reports of the focus, pastes in brackets.
constexpr std::string_view entering = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view entering_extended = "\x1b[?1004h\x1b[?2004h";
constexpr std::string_view leaving_extended = "\x1b[?2004l\x1b[?1004l";
// Terminals without an alternate screen are left empty, with the cursor at their lower end.
constexpr std::string_view leaving = "\x1b[0m\x1b[2J\x1b[999;1H\x1b[?1049l\x1b[?25h";

constexpr int last_words_ms = 1000;  // how long a slow terminal may take to be given back

/// Writes as far as it goes within `last_words_ms`: nothing may wait for it any more.
void write_now(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto done = ::write(descriptor, bytes.data(), bytes.size());
    if (done > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(done));
      continue;
    }
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno != EAGAIN) return;
    pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
    if (::poll(&wait, 1, last_words_ms) <= 0) return;
  }
}

}  // namespace

Result<std::unique_ptr<TerminalDevice>> TerminalDevice::open(asio::io_context& io, bool extended) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
    return protocol::fail(
        Status::wrong_state,
        "The console needs a terminal for its input and output. Scripts use `celeriac status "
        "--json`, `celeriac watch` and `celeriac call`.");
  // Opened anew: that it does not block is then no business of the shell, which shares the others.
  const char* const name = ttyname(STDOUT_FILENO);
  int descriptor = name != nullptr ? ::open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
  if (descriptor < 0) descriptor = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0)
    return protocol::fail(Status::failed, std::format("Cannot open the terminal: {}.", std::strerror(errno)));
  return over(io, descriptor, extended);
}

Result<std::unique_ptr<TerminalDevice>> TerminalDevice::over(asio::io_context& io, int descriptor,
                                                             bool extended) {
  termios before{};
  if (tcgetattr(descriptor, &before) != 0) {
    const int reason = errno;
    ::close(descriptor);
    return protocol::fail(Status::failed, std::format("This is no terminal: {}.", std::strerror(reason)));
  }
  return std::unique_ptr<TerminalDevice>(new TerminalDevice(io, descriptor, extended, before));
}

TerminalDevice::TerminalDevice(asio::io_context& io, int descriptor, bool extended, const termios& before)
    : stream_(io, descriptor), extended_(extended), before_(before) {
  stream_.non_blocking(true);
  enter();
}

TerminalDevice::~TerminalDevice() {
  leave();
}

void TerminalDevice::enter() {
  termios raw = before_;
  cfmakeraw(&raw);
  tcsetattr(stream_.native_handle(), TCSANOW, &raw);
  write_now(stream_.native_handle(), entering);
  if (extended_) write_now(stream_.native_handle(), entering_extended);
}

void TerminalDevice::leave() noexcept {
  if (!stream_.is_open()) return;
  if (extended_) write_now(stream_.native_handle(), leaving_extended);
  write_now(stream_.native_handle(), leaving);
  // What was typed while the console went down was not meant for the shell.
  tcflush(stream_.native_handle(), TCIFLUSH);
  tcsetattr(stream_.native_handle(), TCSANOW, &before_);
  boost::system::error_code ignored;
  stream_.close(ignored);
}

void TerminalDevice::retake() {
  enter();
}

Size TerminalDevice::size() const {
  winsize size{};
  // Serial terminals do not tell: 80x24 is what they have.
  const int descriptor = const_cast<asio::posix::stream_descriptor&>(stream_).native_handle();
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void TerminalDevice::read(Typed typed) {
  typed_ = std::move(typed);
  read_more();
}

void TerminalDevice::read_more() {
  stream_.async_read_some(asio::buffer(in_), [this](boost::system::error_code error, std::size_t bytes) {
    if (error == asio::error::operation_aborted) return;  // this is gone
    typed_(error ? std::string_view() : std::string_view(in_, bytes));
    if (!error) read_more();
  });
}

void TerminalDevice::write(std::string bytes, Written written) {
  out_ = std::move(bytes);
  asio::async_write(stream_, asio::buffer(out_),
                    [this, written = std::move(written)](boost::system::error_code error, std::size_t) {
                      if (error == asio::error::operation_aborted) return;
                      out_.clear();
                      written();
                    });
}

}  // namespace celeriac::console::tui
