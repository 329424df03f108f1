#pragma once
// Writing a firmware to the board, from the request to a board that runs it.
//
//   idle ──► finding the file ──► machine at rest, port closed ──► flasher ──► port open, board ready ──►
//   idle
//              │ not there,            │ it rests for                 │ failed: the port is opened again,
//              ▼ not good              ▼ something else               ▼ and the answer says what the board
//              has
//            idle                    idle
//
// The link restores the board's parameters by itself whenever a board starts.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/firmware/firmware_store.hpp"
#include "hal/firmware/flasher.hpp"
#include "hal/hypervisor.hpp"

namespace celeriac::hal::system {

/// Error::code of what is refused meanwhile.
inline constexpr const char* firmware_flash_code = "firmware_flash";

class FirmwareFlash {
 public:
  struct Parts {
    Hypervisor& hypervisor;
    firmware::FirmwareStore& store;
    firmware::Flasher& flasher;
    std::function<std::string()> port;  ///< where the board is; "" if there is none
  };
  explicit FirmwareFlash(Parts parts) : parts_(std::move(parts)) {}

  /// SYS.STORE_FIRMWARE: a part of a file. With the last one, `{board, bytes}`.
  void put(std::string_view board, std::int64_t size, std::int64_t offset, std::string_view part,
           Completion completion);
  /// SYS.FLASH_FIRMWARE: `{board, bytes, version}` when the board is ready again. Status::wrong_state while
  /// the machine is at work; hardware_fault with what the board has now.
  void flash(std::string_view board, Completion completion);
  [[nodiscard]] bool under_way() const noexcept { return under_way_; }
  /// Calls when nothing is under way: a board that is half written is no board.
  void when_done(std::move_only_function<void()> done);

 private:
  void begin(const firmware::FlashBoard& board, firmware::StoredFirmware file, Completion completion);
  void end(const firmware::FlashBoard& board, std::size_t bytes, const protocol::Result<void>& flashed,
           Completion completion);
  void finish(Outcome outcome, Completion completion);
  void note(firmware::Severity severity, std::string message) {
    parts_.hypervisor.note(severity, std::move(message));
  }

  Parts parts_;
  bool under_way_ = false;
  std::vector<std::move_only_function<void()>> waiting_;
};

}  // namespace celeriac::hal::system
