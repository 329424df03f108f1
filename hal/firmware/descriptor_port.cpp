#include "hal/firmware/descriptor_port.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <format>

namespace celeriac::hal::firmware {
namespace {

namespace asio = boost::asio;

/// A board that has nothing to do reports itself every five seconds, in five lines of 110 bytes together,
/// which are 10 ms at 115200 baud. After silence on the line what follows its first bytes is therefore taken
/// at once, and meanwhile the loop is not woken by it: it wakes up for the report and not for each line.
constexpr std::chrono::milliseconds silence{1000}, burst{20};

class DescriptorPort final : public SerialPort {
 public:
  DescriptorPort(asio::io_context& io, int descriptor, PortControls controls)
      : state_(std::make_shared<State>(io, descriptor, std::move(controls))) {}
  ~DescriptorPort() override { state_->close(); }

  void start(std::move_only_function<void(std::string_view)> received,
             std::move_only_function<void(std::string)> lost) override {
    state_->received = std::move(received);
    state_->lost = std::move(lost);
    state_->read(state_);
  }
  void write(std::string_view bytes) override { state_->write(state_, bytes); }
  void write_urgent(std::string_view bytes) override {
    state_->unwritten.clear();
    state_->write(state_, bytes);
  }
  [[nodiscard]] std::size_t unsent() const override {
    int queued = 0;
    if (state_->open && ::ioctl(state_->number, TIOCOUTQ, &queued) != 0) queued = 0;
    return state_->unwritten.size() + static_cast<std::size_t>(queued);
  }
  void hang_up() override {
    if (state_->open && state_->controls.hang_up) state_->controls.hang_up();
  }

 private:
  struct State {
    State(asio::io_context& loop, int fd, PortControls made)
        : io(loop), descriptor(loop, fd), number(fd), rest(loop), controls(std::move(made)) {
      descriptor.non_blocking(true);
    }

    void read(const std::shared_ptr<State>& self) {
      descriptor.async_read_some(asio::buffer(input),
                                 [this, self](boost::system::error_code error, std::size_t n) {
                                   if (!open) return;
                                   if (error) return fail(self, error.message());
                                   const bool first = was_silent();
                                   answered = false;
                                   // The receiver may close the port, and with it this function object; the
                                   // state stays.
                                   received(std::string_view(input.data(), n));
                                   if (!open) return;
                                   if (first && !answered && !waiting) return await_burst(self);
                                   read(self);
                                 });
    }

    /// True if neither side had said anything for a while, until now.
    bool was_silent() {
      const auto now = std::chrono::steady_clock::now();
      return now - std::exchange(last, now) >= silence;
    }

    void await_burst(const std::shared_ptr<State>& self) {
      away = true;
      descriptor.release();
      rest.expires_after(burst);
      rest.async_wait([this, self](boost::system::error_code) {  // or something was written: an answer comes
        if (!open) return;
        come_back(self);
        if (open) read(self);
      });
    }

    void come_back(const std::shared_ptr<State>& self) {
      boost::system::error_code error;
      if (std::exchange(away, false)) descriptor.assign(number, error);
      if (error) fail(self, error.message());
    }

    void write(const std::shared_ptr<State>& self, std::string_view bytes) {
      if (!open) return;
      last = std::chrono::steady_clock::now();
      answered = true;
      rest.cancel();
      come_back(self);
      if (!open) return;
      if (unwritten.empty()) bytes.remove_prefix(put(self, bytes));
      unwritten += bytes.substr(0, max_unwritten - std::min(max_unwritten, unwritten.size()));
      wait_to_write(self);
    }

    std::size_t put(const std::shared_ptr<State>& self, std::string_view bytes) {
      const auto n = ::write(number, bytes.data(), bytes.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EAGAIN && errno != EINTR) fail(self, std::strerror(errno));
      return 0;
    }

    void wait_to_write(const std::shared_ptr<State>& self) {
      if (waiting || unwritten.empty() || !open) return;
      waiting = true;
      descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                            [this, self](boost::system::error_code error) {
                              waiting = false;
                              if (error || !open) return;
                              unwritten.erase(0, put(self, unwritten));
                              wait_to_write(self);
                            });
    }

    void fail(const std::shared_ptr<State>& self, std::string why) {
      close();
      asio::post(io, [this, self, why = std::move(why)]() mutable {
        if (auto tell = std::exchange(lost, nullptr)) tell(std::move(why));
      });
    }

    void close() {
      if (!std::exchange(open, false)) return;
      boost::system::error_code ignored;
      descriptor.cancel(ignored);
      rest.cancel();
      if (!away) descriptor.release();
      if (controls.release)
        controls.release(number);
      else
        ::close(number);
    }

    asio::io_context& io;
    asio::posix::stream_descriptor descriptor;
    const int number;   // of the descriptor
    bool away = false;  // the loop does not hear of it
    asio::steady_timer rest;
    PortControls controls;
    std::chrono::steady_clock::time_point last{};  // when a byte came or went
    bool answered = false;
    std::array<char, 1024> input{};
    std::string unwritten;
    bool open = true;
    bool waiting = false;
    std::move_only_function<void(std::string_view)> received;
    std::move_only_function<void(std::string)> lost;
  };

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<SerialPort> make_descriptor_port(asio::io_context& io, int descriptor,
                                                 PortControls controls) {
  return std::make_unique<DescriptorPort>(io, descriptor, std::move(controls));
}

}  // namespace celeriac::hal::firmware
