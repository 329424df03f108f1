#include "hal/system/bus.hpp"

#include <poll.h>
#include <systemd/sd-bus.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <ctime>
#include <format>

namespace celeriac::hal::system {
namespace {

namespace asio = boost::asio;
using protocol::Result;
using protocol::Status;

struct BusDeleter {
  // Without a flush, which would wait for a peer that says nothing.
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using BusHandle = std::unique_ptr<sd_bus, BusDeleter>;

struct MessageDeleter {
  void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using MessageHandle = std::unique_ptr<sd_bus_message, MessageDeleter>;

std::unexpected<protocol::Error> no_bus(int error) {
  return protocol::fail(Status::offline, std::format("There is no connection to the system's D-Bus: {}.",
                                                     std::strerror(-error)));
}

/// Errors of the bus and of polkit by name, and what they mean to a client of ours.
struct ErrorRow {
  std::string_view name;
  Status status;
};
constexpr ErrorRow errors[] = {
    {SD_BUS_ERROR_ACCESS_DENIED, Status::denied},
    {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, Status::denied},
    {SD_BUS_ERROR_NO_REPLY, Status::timeout},
    {SD_BUS_ERROR_TIMEOUT, Status::timeout},
    {"System.Error.ETIMEDOUT", Status::timeout},
    {SD_BUS_ERROR_SERVICE_UNKNOWN, Status::offline},
    {SD_BUS_ERROR_NAME_HAS_NO_OWNER, Status::offline},
    {SD_BUS_ERROR_DISCONNECTED, Status::offline},
};

protocol::Error error_of(const sd_bus_error& error, std::string_view member) {
  const std::string_view name = error.name != nullptr ? error.name : "";
  const auto* row = std::ranges::find(errors, name, &ErrorRow::name);
  return {.status = row == std::end(errors) ? Status::failed : row->status,
          .message = std::format("{} was refused: {} ({}).", member,
                                 error.message != nullptr ? error.message : "no reason was given", name)};
}

int append(sd_bus_message* message, const BusArgument& argument) {
  if (const bool* yes = std::get_if<bool>(&argument)) {
    const int value = *yes ? 1 : 0;
    return sd_bus_message_append_basic(message, 'b', &value);
  }
  return sd_bus_message_append_basic(message, 's', std::get<std::string>(argument).c_str());
}

}  // namespace

struct Bus::Pending {
  std::string member;
  Reply reply;
};

// Lives as long as one of its own calls does: a reply may destroy the Bus.
class Bus::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(asio::io_context& io, Timers& timers, sd_bus* bus)
      : io_(io), timer_(timers.make()), descriptor_(io), bus_(bus) {
    sd_bus_set_method_call_timeout(
        bus, static_cast<std::uint64_t>(std::chrono::microseconds(bus_patience).count()));
    descriptor_.assign(sd_bus_get_fd(bus));
  }
  ~Loop() {
    if (descriptor_.is_open()) descriptor_.release();  // it is the bus's own
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void close() {
    closed_ = true;
    timer_->cancel();
    descriptor_.release();
    if (!processing_) bus_.reset();
  }

  void call(const BusMethod& method, std::initializer_list<BusArgument> arguments, Reply reply) {
    sd_bus_message* raw = nullptr;
    int result = sd_bus_message_new_method_call(bus_.get(), &raw, method.service, method.object,
                                                method.interface, method.member);
    const MessageHandle message(raw);
    for (const auto& argument : arguments)
      if (result >= 0) result = append(message.get(), argument);
    auto pending = std::make_unique<Pending>(Pending{method.member, std::move(reply)});
    sd_bus_slot* slot = nullptr;
    if (result >= 0)
      result = sd_bus_call_async(bus_.get(), &slot, message.get(), &Loop::replied, pending.get(), 0);
    if (result < 0) {
      asio::post(io_, [reply = std::move(pending->reply), result]() mutable { reply(no_bus(result)); });
      return;
    }
    pending.release();  // it goes with the slot, and that with its reply or with the bus
    sd_bus_slot_set_destroy_callback(slot, [](void* data) { delete static_cast<Pending*>(data); });
    sd_bus_slot_set_floating(slot, 1);
    sd_bus_slot_unref(slot);
    wake();
  }

  /// Lets sd-bus work, soon.
  void wake() {
    asio::post(io_, [self = shared_from_this()] { self->process(); });
  }

 private:
  static int replied(sd_bus_message* message, void* data, sd_bus_error*) {
    auto* const pending = static_cast<Pending*>(data);
    if (const auto* error = sd_bus_message_get_error(message)) {
      pending->reply(std::unexpected(error_of(*error, pending->member)));
      return 1;
    }
    const char* text = nullptr;
    const bool has_text =
        sd_bus_message_has_signature(message, "s") > 0 && sd_bus_message_read_basic(message, 's', &text) > 0;
    pending->reply(std::string(has_text ? text : ""));
    return 1;
  }

  void process() {
    if (closed_) return;
    processing_ = true;
    int result = 1;
    while (!closed_ && result > 0) result = sd_bus_process(bus_.get(), nullptr);
    processing_ = false;
    if (closed_)
      bus_.reset();
    else if (result >= 0)
      arm();
  }

  // One wait in each direction at most; each wakes everything up anew.
  void arm() {
    const int events = sd_bus_get_events(bus_.get());
    const auto wait = [this](asio::posix::descriptor_base::wait_type way, bool& waiting) {
      if (std::exchange(waiting, true)) return;
      descriptor_.async_wait(way,
                             [self = shared_from_this(), &waiting](const boost::system::error_code& error) {
                               waiting = false;
                               if (!error) self->process();
                             });
    };
    if (events >= 0 && (events & POLLIN) != 0) wait(asio::posix::descriptor_base::wait_read, reading_);
    if (events >= 0 && (events & POLLOUT) != 0) wait(asio::posix::descriptor_base::wait_write, writing_);
    std::uint64_t until = 0;
    if (sd_bus_get_timeout(bus_.get(), &until) < 0 || until == UINT64_MAX) return timer_->cancel();
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto present =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    timer_->set(std::chrono::microseconds(until > present ? until - present : 0), [self = weak_from_this()] {
      if (const auto there = self.lock()) there->process();
    });
  }

  asio::io_context& io_;
  std::unique_ptr<Timer> timer_;
  asio::posix::stream_descriptor descriptor_;
  BusHandle bus_;
  bool reading_ = false, writing_ = false, processing_ = false, closed_ = false;
};

Bus::Bus(asio::io_context& io, Timers& timers, sd_bus* bus)
    : loop_(std::make_shared<Loop>(io, timers, bus)) {}

Bus::~Bus() {
  loop_->close();
}

Result<std::unique_ptr<Bus>> Bus::system(asio::io_context& io, Timers& timers) {
  sd_bus* bus = nullptr;
  if (const int error = sd_bus_open_system(&bus); error < 0) return no_bus(error);
  std::unique_ptr<Bus> made(new Bus(io, timers, bus));
  made->loop_->wake();
  return made;
}

Result<std::unique_ptr<Bus>> Bus::peer(asio::io_context& io, Timers& timers, int socket) {
  sd_bus* raw = nullptr;
  if (const int error = sd_bus_new(&raw); error < 0) return no_bus(error);
  BusHandle bus(raw);
  int error = sd_bus_set_fd(raw, socket, socket);
  if (error >= 0) error = sd_bus_start(raw);
  if (error < 0) return no_bus(error);
  std::unique_ptr<Bus> made(new Bus(io, timers, bus.release()));
  made->loop_->wake();
  return made;
}

void Bus::call(const BusMethod& method, std::initializer_list<BusArgument> arguments, Reply reply) {
  loop_->call(method, arguments, std::move(reply));
}

}  // namespace celeriac::hal::system
