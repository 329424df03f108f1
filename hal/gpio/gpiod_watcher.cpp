// GPIO lines through libgpiod.

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <format>
#include <gpiod.hpp>

#include "hal/gpio/line_watcher.hpp"

namespace celeriac::hal::gpio {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

std::string_view advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return " This user may not open it: add it to the group gpio.";
    case EBUSY:
      return " Another program has it.";
    default:
      return "";
  }
}

std::unexpected<protocol::Error> cannot(const LineSpec& spec, std::string_view what, int error) {
  return protocol::fail(Status::offline, std::format("{} cannot be {} ({}).{}", spec.name(), what,
                                                     std::strerror(error), advice(error)));
}

bool is_called(const gpiod::chip& chip, const std::string& name) {
  const auto info = chip.get_info();
  return info.label() == name || info.name() == name || chip.path() == name;
}

/// The chip of that label, name or path.
Result<gpiod::chip> find_chip(const LineSpec& spec) {
  std::string there;
  std::error_code error;
  for (fs::directory_iterator entry("/dev", error), end; !error && entry != end; entry.increment(error)) {
    const auto path = entry->path();
    if (!path.filename().string().starts_with("gpiochip")) continue;
    try {
      if (!gpiod::is_gpiochip_device(path)) continue;
      gpiod::chip chip(path);
      if (is_called(chip, spec.chip)) return chip;
      there += (there.empty() ? "" : ", ") + chip.get_info().label();
    } catch (const std::system_error& refused) {
      if (path.filename() == spec.chip || path == spec.chip)
        return cannot(spec, "opened", refused.code().value());
      there += (there.empty() ? "" : ", ") + path.filename().string() + " (closed to this user)";
    }
  }
  return protocol::fail(Status::not_found,
                        there.empty()
                            ? std::format("There is no GPIO chip {}: this computer has none.", spec.chip)
                            : std::format("There is no GPIO chip {}: there are {}.", spec.chip, there));
}

Result<gpiod::line::offset> find_line(const gpiod::chip& chip, const LineSpec& spec) {
  const auto lines = chip.get_info().num_lines();
  if (const int offset = chip.get_line_offset_from_name(spec.line); offset >= 0)
    return gpiod::line::offset(static_cast<unsigned>(offset));
  unsigned number = 0;
  const auto* const end = spec.line.data() + spec.line.size();
  const auto [stop, error] = std::from_chars(spec.line.data(), end, number);
  if (error == std::errc() && stop == end && number < lines) return gpiod::line::offset(number);
  return protocol::fail(
      Status::not_found,
      std::format("{} has no line {}: its lines are 0 to {}, or by name.", spec.chip, spec.line, lines - 1));
}

class GpiodLine final : public WatchedLine {
 public:
  GpiodLine(asio::io_context& io, gpiod::line_request request, gpiod::line::offset offset,
            std::function<void()> changed, std::function<void(std::string)> lost)
      : state_(std::make_shared<State>(io, std::move(request), offset, std::move(changed), std::move(lost))) {
    wait(state_);
  }
  ~GpiodLine() override {
    state_->open = false;
    boost::system::error_code ignored;
    state_->descriptor.cancel(ignored);
    state_->descriptor.release();  // the request closes it
  }

  Result<bool> active() override {
    try {
      return state_->request.get_value(state_->offset) == gpiod::line::value::ACTIVE;
    } catch (const std::exception& error) {
      return protocol::fail(Status::offline, std::format("The line cannot be read ({}).", error.what()));
    }
  }

 private:
  struct State {
    State(asio::io_context& io, gpiod::line_request made, gpiod::line::offset number,
          std::function<void()> on_changed, std::function<void(std::string)> on_lost)
        : request(std::move(made)),
          offset(number),
          descriptor(io, request.fd()),
          changed(std::move(on_changed)),
          lost(std::move(on_lost)) {}
    gpiod::line_request request;
    gpiod::line::offset offset;
    asio::posix::stream_descriptor descriptor;
    gpiod::edge_event_buffer events{16};
    std::function<void()> changed;
    std::function<void(std::string)> lost;
    bool open = true;
  };

  static void wait(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [state](boost::system::error_code error) {
                                   if (!state->open) return;
                                   if (error) return state->lost(error.message());
                                   try {
                                     state->request.read_edge_events(state->events);
                                   } catch (const std::exception& gone) {
                                     return state->lost(gone.what());
                                   }
                                   state->changed();
                                   if (state->open) wait(state);
                                 });
  }
  std::shared_ptr<State> state_;
};

class GpiodWatcher final : public LineWatcher {
 public:
  explicit GpiodWatcher(asio::io_context& io) : io_(io) {}

  Result<std::unique_ptr<WatchedLine>> watch(const LineSpec& spec, std::function<void()> changed,
                                             std::function<void(std::string)> lost) override {
    auto chip = find_chip(spec);
    if (!chip) return std::unexpected(std::move(chip.error()));
    try {
      const auto offset = find_line(*chip, spec);
      if (!offset) return std::unexpected(offset.error());
      // Biased toward the level that stops: a wire that breaks is a button that is pressed.
      auto settings =
          gpiod::line_settings()
              .set_direction(gpiod::line::direction::INPUT)
              .set_edge_detection(gpiod::line::edge::BOTH)
              .set_bias(spec.active_high ? gpiod::line::bias::PULL_UP : gpiod::line::bias::PULL_DOWN)
              .set_active_low(!spec.active_high)
              .set_debounce_period(spec.debounce);
      auto request = chip->prepare_request()
                         .set_consumer("celeriac stop button")
                         .add_line_settings(*offset, settings)
                         .do_request();
      return std::make_unique<GpiodLine>(io_, std::move(request), *offset, std::move(changed),
                                         std::move(lost));
    } catch (const std::system_error& refused) {
      return cannot(spec, "watched", refused.code().value());
    } catch (const std::exception& refused) {
      return protocol::fail(Status::offline,
                            std::format("{} cannot be watched ({}).", spec.name(), refused.what()));
    }
  }

 private:
  asio::io_context& io_;
};

}  // namespace

std::unique_ptr<LineWatcher> make_line_watcher(asio::io_context& io) {
  return std::make_unique<GpiodWatcher>(io);
}

}  // namespace celeriac::hal::gpio
