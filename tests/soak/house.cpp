#include "house.hpp"

#include <spdlog/sinks/callback_sink.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <format>
#include <stdexcept>
#include <utility>

namespace celeriac::soak {

namespace asio = boost::asio;

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "celeriac-soak-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("there is no place for a temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

/// The host's end. Bytes of the board wait in the loop; a port that is closed hears nothing any more.
class House::Port final : public hal::firmware::SerialPort {
 public:
  explicit Port(House& house) : house_(house) {}
  ~Port() override {
    *open_ = false;
    if (house_.port_ == this) house_.port_ = nullptr;
  }
  void start(std::move_only_function<void(std::string_view)> received,
             std::move_only_function<void(std::string)> lost) override {
    received_ = std::move(received);
    lost_ = std::move(lost);
    if (house_.twin_->profile().resets_on_open) house_.twin_->reset(house_.at_board(house_.now()));
  }
  void write(std::string_view bytes) override { house_.twin_->receive(bytes, house_.at_board(house_.now())); }
  void write_urgent(std::string_view bytes) override { write(bytes); }
  [[nodiscard]] std::size_t unsent() const override { return 0; }

  void deliver(std::string_view bytes) {
    asio::post(house_.io_, [this, open = open_, text = std::string(bytes)] {
      if (*open && received_) received_(text);
    });
  }
  void lose() {
    asio::post(house_.io_, [this, open = open_] {
      if (*open && lost_) std::exchange(lost_, nullptr)("no such device");
    });
  }

 private:
  House& house_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
  std::move_only_function<void(std::string_view)> received_;
  std::move_only_function<void(std::string)> lost_;
};

House::House(HouseOptions options) : options_(std::move(options)) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "soak",
      std::make_shared<spdlog::sinks::callback_sink_st>([this](const spdlog::details::log_msg& message) {
        const std::string_view text(message.payload.data(), message.payload.size());
        const bool bad = message.level >= spdlog::level::err;
        const auto severity = bad                                    ? hal::firmware::Severity::error
                              : message.level >= spdlog::level::warn ? hal::firmware::Severity::warn
                                                                     : hal::firmware::Severity::info;
        note("hal", text);
        on_log(severity, text);
      })));
  firmware_sim::BoardOptions board{.profile = firmware_sim::find_profile(options_.board),
                                   .machine = firmware_sim::garden_bot(),
                                   .digital_inputs = firmware_sim::garden_digital_inputs()};
  twin_ = std::make_unique<firmware_sim::Twin>(
      firmware_sim::TwinOptions{.board = board, .plan = options_.plan, .seed = options_.seed},
      firmware_sim::TwinSinks{.output =
                                  [this](firmware_sim::Instant, std::string_view text) {
                                    if (port_ != nullptr) port_->deliver(text);
                                  },
                              .events =
                                  [this](firmware_sim::Instant, std::string_view text) {
                                    note("sim", text);
                                    on_event(text);
                                  },
                              .port =
                                  [this](firmware_sim::Instant, bool present) {
                                    if (!present && port_ != nullptr) port_->lose();
                                  }});
  start_hypervisor();
}

House::~House() {
  hypervisor_->stop();
  io_.restart();
  io_.poll();
  hypervisor_.reset();
}

void House::start_hypervisor() {
  hal::firmware::PortOpener& opener = *this;
  registers_ = std::make_unique<protocol::Registers>();
  hypervisor_ = std::make_unique<hal::Hypervisor>(
      io_, timers_, opener, *registers_,
      [this](std::move_only_function<void()> job, std::move_only_function<void()> done) {
        job();
        asio::post(io_, std::move(done));
      },
      hal::Hypervisor::Options{.dir = folder_.path(), .initial_parameters = options_.parameters});
  if (const auto started = hypervisor_->start(); !started) throw std::runtime_error(started.error().message);
}

void House::restart_hypervisor() {
  note("soak", "the hypervisor is restarted");
  hypervisor_->stop();  // ends its coroutines; what the disk has is what it had stored
  io_.restart();
  io_.poll();
  hypervisor_.reset();
  start_hypervisor();
}

protocol::Result<std::unique_ptr<hal::firmware::SerialPort>> House::open() {
  if (!twin_->plugged())
    return protocol::fail(protocol::Status::offline, "memory cannot be opened. Is its cable in?");
  auto port = std::make_unique<Port>(*this);
  port_ = port.get();
  return port;
}

firmware_sim::Instant House::at_board(Instant now) const {
  return firmware_sim::Instant(std::chrono::duration_cast<firmware_sim::Duration>(now - started_));
}

Instant House::from_board(firmware_sim::Instant at) const {
  return started_ + std::chrono::ceil<Duration>(at.time_since_epoch());
}

void House::step(Instant limit) {
  io_.restart();
  if (io_.poll_one() > 0) return;
  Instant next = std::min(limit, timers_.next());
  const auto board = twin_->next_event();
  if (board != firmware_sim::Instant::max()) next = std::min(next, from_board(board));
  timers_.advance(next);
  twin_->advance(at_board(now()));
}

double House::hours() const {
  return std::chrono::duration<double, std::ratio<3600>>(now() - started_).count();
}

void House::note(std::string_view source, std::string_view text) {
  if (log_.size() >= kept_log) log_.pop_front();
  const double seconds = std::chrono::duration<double>(now() - started_).count();
  log_.push_back(std::format("{:13.6f} {}: {}", seconds, source, text));
}

}  // namespace celeriac::soak
