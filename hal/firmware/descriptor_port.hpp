#pragma once
// A port that is a file descriptor on the event loop: what both openers of real devices end in.

#include <boost/asio/io_context.hpp>

#include "hal/firmware/serial_port.hpp"

namespace celeriac::hal::firmware {

/// Bytes of ours that wait for a port that takes none; what is more is thrown away (a line is at most 100).
inline constexpr std::size_t max_unwritten = 1024;

/// Takes over a non-blocking descriptor. `hang_up` runs when the board is to be reset, `release` instead of
/// close().
struct PortControls {
  std::move_only_function<void()> hang_up;
  std::move_only_function<void(int descriptor)> release;
};
std::unique_ptr<SerialPort> make_descriptor_port(boost::asio::io_context& io, int descriptor,
                                                 PortControls controls);

/// Opens a terminal device by path without libserialport, which cannot open a pseudo terminal.
protocol::Result<std::unique_ptr<SerialPort>> open_terminal(boost::asio::io_context& io,
                                                            const std::string& path);

/// Opens a serial port through libserialport at 115200 8N1.
protocol::Result<std::unique_ptr<SerialPort>> open_serial(boost::asio::io_context& io,
                                                          const std::string& path);

/// The path of the first port whose USB vendor and product are those of a known board; "" if there is none.
std::string find_board_port();

/// Opens `port` when asked: a path, or "auto" for the first board found. A path that is, or leads to, a
/// pseudo terminal is opened plainly, everything else through libserialport.
std::unique_ptr<PortOpener> make_opener(boost::asio::io_context& io, std::string port);

}  // namespace celeriac::hal::firmware
