// GPIO lines through libgpiod.

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <format>
#include <gpiod.hpp>
#include <optional>
#include <vector>

#include "hal/gpio/chips.hpp"

namespace celeriac::hal::gpio {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

/// Edges that are fetched in one go.
constexpr std::size_t event_buffer_size = 16;

std::unexpected<protocol::Error> cannot(const LineSpec& spec, std::string_view what, int error) {
  const bool closed = error == EACCES || error == EPERM;
  return protocol::fail(
      Status::offline,
      std::format(
          "{} cannot be {} ({}).{}", spec.place(), what, std::strerror(error),
          closed ? " This user may not open it: it has to be in the group that owns /dev/gpiochip*." : ""));
}

bool is_called(const gpiod::chip& chip, const std::string& name) {
  const auto info = chip.get_info();
  return info.label() == name || info.name() == name || chip.path() == name;
}

/// The line's number on the chip: its name, or the number itself.
std::optional<unsigned> offset_on(const gpiod::chip& chip, const LineSpec& spec) {
  if (const int offset = chip.get_line_offset_from_name(spec.line); offset >= 0)
    return static_cast<unsigned>(offset);
  unsigned number = 0;
  const auto* const end = spec.line.data() + spec.line.size();
  const auto [stop, error] = std::from_chars(spec.line.data(), end, number);
  const bool is_number = error == std::errc() && stop == end;
  // Without a chip a number means nothing: every chip has a line 0.
  if (!spec.chip.empty() && is_number && number < chip.get_info().num_lines()) return number;
  return std::nullopt;
}

/// Chips of the header of a Raspberry Pi: up to 3, 4, and 5. There a line has its BCM number, whatever the
/// kernel calls it.
constexpr std::string_view header_chips[] = {"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"};
constexpr unsigned header_lines = 28;

/// How to name a line of the header that this kernel calls otherwise than by its number; "" of any other.
std::string other_name(const gpiod::chip& chip, const LineSpec& spec) {
  const auto label = chip.get_info().label();
  const auto pin = spec.pin();
  if (!pin || static_cast<unsigned>(*pin) >= header_lines || !std::ranges::contains(header_chips, label))
    return {};
  const auto name = chip.get_line_info(static_cast<unsigned>(*pin)).name();
  return std::format(R"( This kernel {}: write "chip": "{}", "line": {}.)",
                     name.empty() ? std::string("has no name for it") : std::format("calls it {}", name),
                     label, *pin);
}

struct Found {
  gpiod::chip chip;
  unsigned offset;
};

/// The line, on the chip of that label, name or path; without one on the first chip that has it.
Result<Found> find(const LineSpec& spec) {
  std::string there, otherwise;
  bool chip_seen = false;
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry("/dev", error), end; !error && entry != end; entry.increment(error))
    if (entry->path().filename().string().starts_with("gpiochip")) paths.push_back(entry->path());
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    try {
      if (!gpiod::is_gpiochip_device(path)) continue;
      gpiod::chip chip(path);
      const auto info = chip.get_info();
      if (spec.chip.empty() || is_called(chip, spec.chip)) {
        chip_seen = true;
        if (const auto offset = offset_on(chip, spec)) return Found{std::move(chip), *offset};
        otherwise += other_name(chip, spec);
      }
      there += std::format("{}{} ({} lines)", there.empty() ? "" : ", ", info.label(), info.num_lines());
    } catch (const std::system_error& refused) {
      if (path.filename() == spec.chip || path == spec.chip)
        return cannot(spec, "opened", refused.code().value());
      there += std::format(
          "{}{} ({})", there.empty() ? "" : ", ", path.filename().string(),
          refused.code().value() == EACCES ? "closed to this user" : std::strerror(refused.code().value()));
    }
  }
  if (there.empty()) return protocol::fail(Status::not_found, "This computer has no GPIO chip.");
  if (!spec.chip.empty() && !chip_seen)
    return protocol::fail(Status::not_found,
                          std::format("There is no GPIO chip {}: there are {}.", spec.chip, there));
  return protocol::fail(Status::not_found, std::format("There is no line {}: the chips are {}.{}",
                                                       spec.place(), there, otherwise));
}

std::string owner_of(const gpiod::line_info& info) {
  if (!info.used()) return {};
  return info.consumer().empty() ? "the kernel" : info.consumer();
}

gpiod::line::bias bias_of(Bias bias) {
  constexpr gpiod::line::bias of[] = {gpiod::line::bias::DISABLED, gpiod::line::bias::PULL_UP,
                                      gpiod::line::bias::PULL_DOWN};
  return of[static_cast<std::size_t>(bias)];
}

gpiod::line::value value_of(bool active) {
  return active ? gpiod::line::value::ACTIVE : gpiod::line::value::INACTIVE;
}

/// Finds the line and takes it, with these settings.
Result<std::pair<gpiod::line_request, unsigned>> request(const LineSpec& spec,
                                                         gpiod::line_settings settings) {
  auto found = find(spec);
  if (!found) return std::unexpected(std::move(found.error()));
  settings.set_active_low(!spec.active_high);
  try {
    return std::pair(found->chip.prepare_request()
                         .set_consumer(spec.consumer())
                         .add_line_settings(found->offset, settings)
                         .do_request(),
                     found->offset);
  } catch (const std::system_error& refused) {
    const int error = refused.code().value();
    if (error != EBUSY) return cannot(spec, "taken", error);
    const auto owner = owner_of(found->chip.get_line_info(found->offset));
    return protocol::fail(Status::wrong_state, std::format("{} is taken by {}.", spec.place(),
                                                           owner.empty() ? std::string("another program")
                                                                         : std::format("\"{}\"", owner)));
  }
}

class GpiodInput final : public WatchedLine {
 public:
  GpiodInput(asio::io_context& io, gpiod::line_request request, unsigned offset, LineEvents events)
      : state_(std::make_shared<State>(io, std::move(request), offset, std::move(events))) {
    wait(state_);
  }
  ~GpiodInput() override {
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
    State(asio::io_context& io, gpiod::line_request made, unsigned number, LineEvents told)
        : request(std::move(made)), offset(number), descriptor(io, request.fd()), events(std::move(told)) {}
    gpiod::line_request request;
    gpiod::line::offset offset;
    asio::posix::stream_descriptor descriptor;
    gpiod::edge_event_buffer buffer{event_buffer_size};
    LineEvents events;
    bool open = true;
  };

  static void wait(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read, [state](boost::system::error_code error) {
          if (!state->open) return;
          if (error) return state->events.lost(error.message());
          try {
            state->request.read_edge_events(state->buffer);
          } catch (const std::exception& gone) {
            return state->events.lost(gone.what());
          }
          for (const auto& event : state->buffer) {
            state->events.edge(event.type() == gpiod::edge_event::event_type::RISING_EDGE);
            if (!state->open) return;
          }
          wait(state);
        });
  }
  std::shared_ptr<State> state_;
};

class GpiodOutput final : public DrivenLine {
 public:
  GpiodOutput(gpiod::line_request request, unsigned offset) : request_(std::move(request)), offset_(offset) {}

  Result<void> set(bool active) override {
    try {
      request_.set_value(offset_, value_of(active));
      return {};
    } catch (const std::exception& error) {
      return protocol::fail(Status::offline, std::format("The line cannot be written ({}).", error.what()));
    }
  }

 private:
  gpiod::line_request request_;
  gpiod::line::offset offset_;
};

class GpiodChips final : public Chips {
 public:
  explicit GpiodChips(asio::io_context& io) : io_(io) {}

  Result<std::unique_ptr<WatchedLine>> watch(const LineSpec& spec, LineEvents events) override {
    return guarded<std::unique_ptr<WatchedLine>>(spec, [&]() -> Result<std::unique_ptr<WatchedLine>> {
      auto taken = request(spec, gpiod::line_settings()
                                     .set_direction(gpiod::line::direction::INPUT)
                                     .set_edge_detection(gpiod::line::edge::BOTH)
                                     .set_bias(bias_of(spec.bias))
                                     .set_debounce_period(spec.debounce));
      if (!taken) return std::unexpected(std::move(taken.error()));
      return std::make_unique<GpiodInput>(io_, std::move(taken->first), taken->second, std::move(events));
    });
  }

  Result<std::unique_ptr<DrivenLine>> drive(const LineSpec& spec, bool active) override {
    return guarded<std::unique_ptr<DrivenLine>>(spec, [&]() -> Result<std::unique_ptr<DrivenLine>> {
      auto taken = request(spec, gpiod::line_settings()
                                     .set_direction(gpiod::line::direction::OUTPUT)
                                     .set_output_value(value_of(active)));
      if (!taken) return std::unexpected(std::move(taken.error()));
      return std::make_unique<GpiodOutput>(std::move(taken->first), taken->second);
    });
  }

  Result<LineFacts> look(const LineSpec& spec) override {
    return guarded<LineFacts>(spec, [&]() -> Result<LineFacts> {
      auto found = find(spec);
      if (!found) return std::unexpected(std::move(found.error()));
      return LineFacts{.chip = found->chip.get_info().label(),
                       .offset = found->offset,
                       .owner = owner_of(found->chip.get_line_info(found->offset))};
    });
  }

 private:
  /// The library throws; the seam does not.
  template <class T>
  static Result<T> guarded(const LineSpec& spec, const std::function<Result<T>()>& work) {
    try {
      return work();
    } catch (const std::system_error& refused) {
      return cannot(spec, "used", refused.code().value());
    } catch (const std::exception& refused) {
      return protocol::fail(Status::offline,
                            std::format("{} cannot be used ({}).", spec.place(), refused.what()));
    }
  }

  asio::io_context& io_;
};

}  // namespace

std::unique_ptr<Chips> make_chips(asio::io_context& io) {
  return std::make_unique<GpiodChips>(io);
}

}  // namespace celeriac::hal::gpio
