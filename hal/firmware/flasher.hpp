#pragma once
// The seam to the boot loader of a board: avrdude for real ones, a twin for simulated ones.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "hal/firmware/flash_boards.hpp"
#include "hal/timers.hpp"

namespace celeriac::hal::firmware {

/// Writing 248 KiB takes 30 s at 115200 baud, twice that at 57600, and reading them back as long: four times
/// the slower one.
inline constexpr std::chrono::minutes flash_patience{8};

/// How far it came: before `writing` the board has the firmware that it had.
enum class FlashStage : std::uint8_t { connecting, writing, verifying };

struct FlashJob {
  const FlashBoard* board = nullptr;
  std::string port;            ///< "/dev/ttyACM0"; nobody else has it open
  std::filesystem::path file;  ///< Intel HEX, checked
};

class Flasher {
 public:
  using Progress = std::function<void(FlashStage)>;
  using Completion = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~Flasher() = default;
  /// Writes and reads back. `progress` hears of each stage when it begins; `completion` comes once, from the
  /// loop. The error's details have `stage`, the number of the last one.
  virtual void flash(const FlashJob& job, Progress progress, Completion completion) = 0;
};

/// Resets the board by a line of the computer and calls `done` when its boot loader listens. not_found where
/// there is no such line.
using ResetBoard = std::function<protocol::Result<void>(std::move_only_function<void()> done)>;

/// "simulated", or the program: avrdude, or a path of it. `reset` may be empty: a board that DTR does not
/// reach is then refused.
std::unique_ptr<Flasher> make_flasher(boost::asio::io_context& io, Timers& timers, std::string program,
                                      ResetBoard reset);

/// "writing", for logs.
std::string_view name(FlashStage stage) noexcept;

}  // namespace celeriac::hal::firmware
