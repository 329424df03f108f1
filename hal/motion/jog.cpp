#include "hal/motion/jog.hpp"

namespace celeriac::hal::motion {

using protocol::Result;
using protocol::Status;

Result<void> Jog::request(Owner owner, const JogWay& way, bool busy) {
  if (now_ && now_->owner.who() != owner.who())
    return protocol::fail(Status::wrong_state, "Somebody else is moving the machine by hand.");
  if (way.still()) {
    stop();
    return {};
  }
  if (now_ && now_->over) return protocol::fail(Status::wrong_state, "The machine is still stopping.");
  if (!now_) {
    if (busy)
      return protocol::fail(Status::wrong_state,
                            "The machine is at work: wait until it has finished, or stop it first.");
    now_ = Now{.owner = owner, .way = way};
    lease_->set(jog_lease, [this] { stop(); });
    begin();
    return now_ && now_->failure ? Result<void>(std::unexpected(*now_->failure)) : Result<void>{};
  }
  lease_->set(jog_lease, [this] { stop(); });
  if (way != (now_->next ? *now_->next : now_->way)) {
    now_->failure.reset();
    now_->next = way;
    if (now_->moving)
      actions_.stop();
    else
      begin();
  }
  if (now_->failure) return std::unexpected(*now_->failure);
  return {};
}

void Jog::begin() {
  if (now_->next) now_->way = *std::exchange(now_->next, std::nullopt);
  now_->moving = true;
  actions_.start(now_->owner, now_->way);
}

void Jog::stop() {
  lease_->cancel();
  if (!now_) return;
  now_->over = true;
  now_->next.reset();
  if (now_->moving)
    actions_.stop();
  else
    now_.reset();
}

void Jog::ended(const Outcome& outcome) {
  if (!now_) return;
  now_->moving = false;
  if (now_->over) {
    now_.reset();
  } else if (now_->next) {
    begin();
  } else if (!outcome) {
    now_->failure = outcome.error();
  }
}

void Jog::release(const Holders& holders) {
  if (now_ && holders.contains(now_->owner.who())) stop();
}

}  // namespace celeriac::hal::motion
