#pragma once
// Everything that wants the board, from all streams, in the order in which it came. One request is at work;
// the next one's first command is on the line before the last one's answer is looked at by anybody else.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "hal/outcome.hpp"

namespace celeriac::hal::motion {

/// Requests that wait, of all streams together; the next is answered `overloaded`.
inline constexpr std::size_t max_queued_requests = 8192;

class RequestQueue {
 public:
  using Work = std::move_only_function<boost::asio::awaitable<Outcome>()>;

  explicit RequestQueue(boost::asio::io_context& io) : io_(io) {}
  ~RequestQueue() { *alive_ = false; }
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  /// `work` runs when its turn comes, `completion` when it has ended or was failed.
  void submit(Owner owner, Work work, Completion completion);
  /// Answers everything that waits with this error. The request at work learns from the link.
  void fail_waiting(const protocol::Error& error);
  /// Answers the waiting request of this session and channel with this error. False if there is none.
  bool fail_waiting(std::uint64_t session, protocol::Channel channel, const protocol::Error& error);
  /// Answers what these holders have waiting with this error.
  void fail_waiting(const Holders& holders, const protocol::Error& error);
  /// Drops what a stream has waiting, without an answer: nobody reads it.
  void drop(std::uint64_t session);

  /// Nothing begins until `resume`; the request at work goes on.
  void hold() noexcept { held_ = true; }
  void resume() {
    held_ = false;
    start_next();
  }

  [[nodiscard]] const std::optional<Owner>& at_work() const noexcept { return at_work_; }
  /// True if one of theirs is at work or waits.
  [[nodiscard]] bool has(const Holders& holders) const noexcept;
  [[nodiscard]] bool idle() const noexcept { return !at_work_ && waiting_.empty(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Runs when the queue begins or ends to be busy.
  std::function<void()> on_busy_changed;

 private:
  struct Waiting {
    Owner owner;
    Work work;
    Completion completion;
  };
  void start_next();
  void start(Waiting request);

  boost::asio::io_context& io_;
  std::deque<Waiting> waiting_;
  std::optional<Owner> at_work_;
  bool held_ = false;
  bool starting_ = false;  // keeps requests that end at once from nesting
  bool busy_told_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::motion
