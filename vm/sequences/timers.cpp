#include "vm/sequences/timers.hpp"

namespace celeriac::vm {

void Timers::add(Time deadline, Ticket ticket) {
  heap_.push_back({deadline, ticket});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

std::optional<Time> Timers::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline;
}

std::optional<Ticket> Timers::take_due(Time now) {
  if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Ticket due = heap_.back().ticket;
  heap_.pop_back();
  return due;
}

}  // namespace celeriac::vm
