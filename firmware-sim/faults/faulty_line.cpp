#include "firmware-sim/faults/faulty_line.hpp"

#include <algorithm>

namespace celeriac::firmware_sim {
namespace {

/// Something else than it was: one to seven bits of it flipped, or all.
char corrupted(char byte, RandomSource& random) {
  return static_cast<char>(static_cast<unsigned char>(byte) ^ (1 + random.below(255)));
}

}  // namespace

void FaultyLine::begin(const Fault& fault, Instant now) {
  if (fault.direction && *fault.direction != direction_) return;
  if (fault.kind == FaultKind::silence) {
    silent_until_ = std::max(silent_until_, now + fault.lasting.value_or(Duration{}));
  } else if (fault.kind == FaultKind::garbage) {
    for (int i = 0; i < fault.bytes; ++i) put(now, {.byte = noise_.byte()});
    flush(now);
  } else {
    if (pending_.size() >= max_pending) pending_.erase(pending_.begin());
    pending_.push_back({fault, fault.lasting ? 0 : fault.bytes, now + fault.lasting.value_or(Duration{})});
  }
}

void FaultyLine::add_chance(const Fault& fault, double probability, RandomSource random) {
  if (!fault.direction || *fault.direction == direction_) chances_.push_back({fault, probability, random});
}

void FaultyLine::take(Instant at, char byte) {
  Passing passing{.byte = byte};
  for (Chance& chance : chances_) {
    if (!chance.random.chance(chance.probability)) continue;
    act(chance.fault, chance.random, passing);
    hit_(at, chance.fault);
  }
  std::erase_if(pending_, [&](const Pending& each) { return each.bytes <= 0 && each.until <= at; });
  for (Pending& each : pending_) {
    act(each.fault, noise_, passing);
    --each.bytes;
  }
  if (at < silent_until_) return;
  put(at, passing);
}

void FaultyLine::act(const Fault& fault, RandomSource& random, Passing& passing) {
  if (fault.kind == FaultKind::drop) passing.copies = 0;
  if (fault.kind == FaultKind::duplicate) passing.copies *= 2;
  if (fault.kind == FaultKind::corrupt) passing.byte = corrupted(passing.byte, random);
  if (fault.kind == FaultKind::delay) passing.late += fault.by;
}

void FaultyLine::put(Instant at, const Passing& passing) {
  const std::string bytes(static_cast<std::size_t>(passing.copies), passing.byte);
  if (delayed_.empty() && passing.late <= Duration{}) {
    run_ += bytes;
    return;
  }
  if (delayed_bytes_ + bytes.size() > max_delayed) return;
  delayed_bytes_ += bytes.size();
  const Instant due = at + passing.late;
  if (!delayed_.empty() && due <= delayed_.back().due) {
    delayed_.back().bytes += bytes;  // no byte overtakes another
  } else {
    delayed_.push_back({due, bytes});
  }
}

void FaultyLine::flush(Instant at) {
  if (run_.empty()) return;
  const std::string bytes = std::exchange(run_, {});
  sink_(at, bytes);
}

std::optional<Instant> FaultyLine::next_release() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.front().due;
}

void FaultyLine::release(Instant now) {
  while (!delayed_.empty() && delayed_.front().due <= now) {
    const Delayed next = std::move(delayed_.front());
    delayed_.pop_front();
    delayed_bytes_ -= next.bytes.size();
    sink_(next.due, next.bytes);
  }
}

void FaultyLine::cut() {
  delayed_.clear();
  delayed_bytes_ = 0;
  run_.clear();
}

}  // namespace celeriac::firmware_sim
