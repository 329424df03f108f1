#pragma once
// Firmware files on their way to boards: they come in parts, are checked as a whole, and one is kept for each
// board.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hal/firmware/flash_boards.hpp"
#include "hal/firmware/intel_hex.hpp"
#include "hal/settings/store.hpp"

namespace celeriac::hal::firmware {

/// A file that was found good.
struct StoredFirmware {
  std::filesystem::path path;
  std::size_t bytes = 0;  ///< of program
};

class FirmwareStore {
 public:
  using Completion = std::move_only_function<void(protocol::Result<StoredFirmware>)>;
  using PartCompletion = std::move_only_function<void(protocol::Result<std::optional<StoredFirmware>>)>;

  /// Files are BOARD.hex in `own`, where they are stored, else in `shipped`, where a package may have put
  /// them.
  FirmwareStore(std::filesystem::path own, std::filesystem::path shipped, settings::Background background)
      : own_(std::move(own)), shipped_(std::move(shipped)), background_(std::move(background)) {}

  /// Takes the next part of a file of `size` bytes; one at 0 begins a file, and forgets what came before.
  /// With the last part the file is checked, stored and told of; before it there is nothing to tell. A file
  /// that is not good changes nothing. Status::malformed, wrong_state (a part that does not follow the last).
  void put(const FlashBoard& board, std::size_t size, std::size_t offset, std::string_view part,
           PartCompletion completion);
  /// Looks for the file of a board, and checks it again. Status::not_found with how to bring one.
  void find(const FlashBoard& board, Completion completion);

 private:
  std::filesystem::path own_, shipped_;
  settings::Background background_;
  const FlashBoard* coming_ = nullptr;  // the board whose file comes in parts at present
  std::size_t size_ = 0;
  std::string text_;
};

}  // namespace celeriac::hal::firmware
