#include "hal/safety/leases.hpp"

namespace celeriac::hal::safety {

protocol::Result<void> Leases::keep_alive(Holder holder) {
  const auto found = alive_.find(holder);
  if (found == alive_.end() && alive_.size() >= max_leases)
    return protocol::fail(protocol::Status::overloaded,
                          "Too many clients are kept alive here: close some of them.");
  auto& lease = found == alive_.end() ? alive_[holder] : found->second;
  lease.until = timers_.now() + lease_time;  // a timer that runs notices when it rings
  if (!lease.timer) arm(holder, lease);
  return {};
}

void Leases::wake(Holder holder) {
  for (const Holder who : {Holder{holder.session}, holder}) {
    const auto found = alive_.find(who);
    if (found == alive_.end() || found->second.timer) continue;
    found->second.until = timers_.now() + lease_time;
    arm(who, found->second);
  }
}

void Leases::arm(Holder holder, Lease& lease) {
  if (!lease.timer) lease.timer = timers_.make();
  lease.timer->set(lease.until - timers_.now(), [this, holder] { ring(holder); });
}

void Leases::ring(Holder holder) {
  const auto found = alive_.find(holder);
  if (found == alive_.end()) return;
  if (timers_.now() < found->second.until) return arm(holder, found->second);
  if (!holds_(holder)) {
    found->second.timer.reset();
    return;
  }
  alive_.erase(found);
  on_lapsed_(holder);
}

void Leases::forget(const Holders& holders) {
  std::erase_if(alive_, [&](const auto& lease) { return holders.contains(lease.first); });
}

}  // namespace celeriac::hal::safety
