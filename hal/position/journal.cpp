#include "hal/position/journal.hpp"

#include <algorithm>

namespace celeriac::hal::position {

using protocol::Json;
using protocol::Result;

Journal::Journal(Timers& timers, std::filesystem::path path, settings::Background background,
                 std::function<Json()> now, std::function<void(std::string)> failed)
    : store_(std::move(path), std::move(background)),
      timer_(timers.make()),
      now_(std::move(now)),
      failed_(std::move(failed)) {}

Result<Json> Journal::load() {
  if (auto loaded = store_.load(); !loaded) return std::unexpected(std::move(loaded.error()));
  return store_.values();
}

void Journal::changed(bool urgent, const PerAxis<bool>& moving) {
  dirty_ = true;
  bool any = false, news = false;
  for (const auto axis : all_axes) {
    any |= moving[axis];
    news |= moving[axis] && !written_moving_[axis];
    written_moving_[axis] = written_moving_[axis] || moving[axis];
  }
  if (any) {
    timer_->cancel();
    waiting_ = false;
    if (news) write();
    return;
  }
  if (urgent) return flush();
  if (std::exchange(waiting_, true)) return;
  timer_->set(rest_before_writing, [this] {
    waiting_ = false;
    flush();
  });
}

void Journal::flush() {
  if (!dirty_) return;
  written_moving_ = {};
  write();
}

// An axis that moved since the last rest counts as moving: it would be written too often otherwise.
void Journal::write() {
  dirty_ = false;
  auto document = now_();
  for (const auto axis : all_axes)
    if (written_moving_[axis]) document[std::string(1, name(axis))]["moving"] = true;
  store_.replace(std::move(document), [this, alive = alive_](const Result<void>& written) {
    if (!*alive) return;
    if (!written && !std::exchange(complained_, true))
      failed_("Where the machine stands cannot be written down, so it will not be known after a restart: " +
              written.error().message);
    if (written) complained_ = false;
  });
}

}  // namespace celeriac::hal::position
