#pragma once
// The terminal that a person sits at: raw, on its alternate screen, and given back as it was.

#include <termios.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "console/tui/view.hpp"
#include "protocol/error.hpp"

namespace celeriac::console::tui {

class TerminalDevice {
 public:
  /// Bytes that were typed; "" when the terminal is gone.
  using Typed = std::function<void(std::string_view bytes)>;
  using Written = std::function<void()>;

  /// Takes the terminal over: keys come one by one and unechoed, Ctrl-C, Ctrl-S and Ctrl-Z among them.
  /// `extended`: it understands xterm's modes (focus, paste). Status::wrong_state with a sentence if standard
  /// input and output are no terminal.
  static protocol::Result<std::unique_ptr<TerminalDevice>> open(boost::asio::io_context& io, bool extended);
  /// The same for a descriptor of the caller's, a pseudo terminal in tests; it is closed in the end.
  static protocol::Result<std::unique_ptr<TerminalDevice>> over(boost::asio::io_context& io, int descriptor,
                                                                bool extended);
  /// Gives the terminal back, also while an exception passes.
  ~TerminalDevice();
  TerminalDevice(const TerminalDevice&) = delete;
  TerminalDevice& operator=(const TerminalDevice&) = delete;

  /// Calls `typed` until the terminal is gone.
  void read(Typed typed);
  /// Writes without ever waiting for a slow line: the loop goes on, and `written` tells when it is out. One
  /// at a time.
  void write(std::string bytes, Written written);
  [[nodiscard]] bool writing() const noexcept { return !out_.empty(); }
  [[nodiscard]] Size size() const;
  /// After the process was stopped and goes on: the shell has used the terminal meanwhile.
  void retake();

 private:
  TerminalDevice(boost::asio::io_context& io, int descriptor, bool extended, const termios& before);
  void enter();
  void leave() noexcept;
  void read_more();

  boost::asio::posix::stream_descriptor stream_;
  bool extended_;
  termios before_;
  Typed typed_;
  std::string out_;
  char in_[1024];
};

}  // namespace celeriac::console::tui
