#include "hal/safety/leases.hpp"

namespace celeriac::hal::safety {

protocol::Result<void> Leases::keep_alive(Holder holder) {
  const auto found = alive_.find(holder);
  const auto until = timers_.now() + lease_time;
  if (found != alive_.end()) {
    found->second.until = until;  // the timer notices when it rings
    return {};
  }
  if (alive_.size() >= max_leases)
    return protocol::fail(protocol::Status::overloaded,
                          "Too many clients are kept alive here: close some of them.");
  auto& lease = alive_[holder];
  lease = {until, timers_.make()};
  arm(holder, lease);
  return {};
}

void Leases::arm(Holder holder, Lease& lease) {
  lease.timer->set(lease.until - timers_.now(), [this, holder] { ring(holder); });
}

void Leases::ring(Holder holder) {
  const auto found = alive_.find(holder);
  if (found == alive_.end()) return;
  if (timers_.now() < found->second.until) return arm(holder, found->second);
  alive_.erase(found);
  on_lapsed_(holder);
}

void Leases::forget(const Holders& holders) {
  std::erase_if(alive_, [&](const auto& lease) { return holders.contains(lease.first); });
}

}  // namespace celeriac::hal::safety
