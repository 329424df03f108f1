#pragma once
// The one thread beside the loop: compiling, hashing and SQLite happen here, one after another, and come
// back as completions on the loop.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <latch>
#include <utility>

namespace celeriac::vm {

class Worker {
 public:
  explicit Worker(boost::asio::io_context& io) : io_(io) {}
  /// Finishes what was given to it; completions that the loop no longer runs are dropped.
  ~Worker() { pool_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Waits until what was given to it so far is done: before what the jobs work on goes.
  void drain() {
    std::latch done(1);
    boost::asio::post(pool_, [&done] { done.count_down(); });
    done.wait();
  }

  /// Runs `work()` on the thread, then `then(result)` on the loop. Jobs keep their order, so what one of them
  /// writes the next one sees.
  template <class Work, class Then>
  void run(Work work, Then then) {
    boost::asio::post(pool_, [this, busy = boost::asio::make_work_guard(io_), work = std::move(work),
                              then = std::move(then)]() mutable {
      boost::asio::post(io_,
                        [then = std::move(then), result = work()]() mutable { then(std::move(result)); });
    });
  }

 private:
  boost::asio::io_context& io_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace celeriac::vm
