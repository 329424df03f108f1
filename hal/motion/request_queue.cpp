#include "hal/motion/request_queue.hpp"

#include <boost/asio/co_spawn.hpp>
#include <vector>

namespace celeriac::hal::motion {

using protocol::Error;
using protocol::Status;

void RequestQueue::submit(Owner owner, Work work, Completion completion) {
  if (waiting_.size() >= max_queued_requests)
    return completion(
        protocol::fail(Status::overloaded, "Too many requests wait for the machine: try again later."));
  waiting_.push_back({owner, std::move(work), std::move(completion)});
  start_next();
}

void RequestQueue::start_next() {
  if (starting_) return;
  starting_ = true;
  while (!held_ && !at_work_ && !waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
  starting_ = false;
  if (std::exchange(busy_told_, at_work_.has_value()) != at_work_.has_value() && on_busy_changed)
    on_busy_changed();
}

void RequestQueue::start(Waiting request) {
  at_work_ = request.owner;
  // The work is kept by its own completion: its coroutine uses what it captured.
  auto work = std::make_shared<Work>(std::move(request.work));
  auto running = (*work)();
  boost::asio::co_spawn(io_, std::move(running),
                        [this, alive = alive_, work, completion = std::move(request.completion)](
                            std::exception_ptr defect, Outcome outcome) mutable {
                          if (!*alive) return;
                          if (defect)
                            outcome = protocol::fail(Status::internal,
                                                     "The hypervisor met a defect in this request.");
                          at_work_.reset();
                          start_next();
                          completion(std::move(outcome));
                        });
}

void RequestQueue::fail_waiting(const Error& error) {
  for (auto& request : std::exchange(waiting_, {})) request.completion(std::unexpected(error));
}

bool RequestQueue::fail_waiting(std::uint64_t session, protocol::Channel channel, const Error& error) {
  const auto found = std::ranges::find_if(waiting_, [&](const Waiting& request) {
    return request.owner.session == session && request.owner.channel == channel;
  });
  if (found == waiting_.end()) return false;
  auto completion = std::move(found->completion);
  waiting_.erase(found);
  completion(std::unexpected(error));
  return true;
}

void RequestQueue::fail_waiting(const Holders& holders, const Error& error) {
  std::deque<Waiting> kept;
  std::vector<Completion> failed;
  for (auto& request : std::exchange(waiting_, {})) {
    if (holders.contains(request.owner.who()))
      failed.push_back(std::move(request.completion));
    else
      kept.push_back(std::move(request));
  }
  waiting_ = std::move(kept);
  for (auto& completion : failed) completion(std::unexpected(error));
}

bool RequestQueue::has(const Holders& holders) const noexcept {
  return (at_work_ && holders.contains(at_work_->who())) ||
         std::ranges::any_of(waiting_,
                             [&](const Waiting& request) { return holders.contains(request.owner.who()); });
}

void RequestQueue::drop(std::uint64_t session) {
  std::erase_if(waiting_, [&](const Waiting& request) { return request.owner.session == session; });
}

}  // namespace celeriac::hal::motion
