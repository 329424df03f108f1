#pragma once
// Keeps what the reckoning knows on the disk, in position.json. Never awaited: a motion does not wait for a
// disk. The beginning of a motion is written at once, so that a crash in mid-move is known as one; its end
// when the machine has rested for a while, so that a day of moves is some writes and not ten thousand.

#include <functional>
#include <memory>

#include "hal/firmware/axis.hpp"
#include "hal/settings/store.hpp"
#include "hal/timers.hpp"
#include "protocol/document.hpp"

namespace celeriac::hal::position {

/// A motion that begins within this time of the last one's end is the same to the journal.
inline constexpr std::chrono::seconds rest_before_writing{1};

class Journal {
 public:
  /// `now` gives what is to be written; `failed` hears of a disk that does not take it, once until it does
  /// again.
  Journal(Timers& timers, std::filesystem::path path, settings::Background background,
          std::function<protocol::Json()> now, std::function<void(std::string)> failed);
  ~Journal() { *alive_ = false; }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What the last run wrote; an empty object if there was none.
  protocol::Result<protocol::Json> load();
  /// Something has changed; `moving` are the axes in motion now. What is `urgent` is written at once if
  /// nothing moves.
  void changed(bool urgent, const PerAxis<bool>& moving);
  /// Everything is on its way to the disk.
  [[nodiscard]] bool rested() const noexcept { return !dirty_ && !waiting_; }
  /// Writes what has not been written yet, now.
  void flush();

 private:
  void write();

  settings::Store store_;
  std::unique_ptr<Timer> timer_;
  std::function<protocol::Json()> now_;
  std::function<void(std::string)> failed_;
  PerAxis<bool> written_moving_{};  // as the disk has it: axes that moved since the last rest
  bool dirty_ = false, waiting_ = false, complained_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::position
