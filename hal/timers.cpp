#include "hal/timers.hpp"

#include <boost/asio/steady_timer.hpp>

namespace celeriac::hal {
namespace {

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
  ~AsioTimer() override { cancel(); }

  void set(Duration after, std::move_only_function<void()> alarm) override {
    state_->alarm = std::move(alarm);
    state_->timer.expires_after(after);
    // The round tells an expiry that is already on its way from the one that is wanted.
    state_->timer.async_wait([state = state_, round = ++state_->round](boost::system::error_code error) {
      if (error || round != state->round || !state->alarm) return;
      auto ringing = std::exchange(state->alarm, nullptr);
      ringing();
    });
  }
  void cancel() override {
    ++state_->round;
    state_->alarm = nullptr;
    state_->timer.cancel();
  }

 private:
  struct State {
    explicit State(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    std::move_only_function<void()> alarm;
    std::uint64_t round = 0;
  };
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Timer> AsioTimers::make() {
  return std::make_unique<AsioTimer>(io_);
}

}  // namespace celeriac::hal
