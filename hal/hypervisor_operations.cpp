// The operations of the table that the hypervisor serves, each a few lines: check, then queue or do.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <format>
#include <span>

#include "hal/firmware/faults.hpp"
#include "hal/hypervisor.hpp"
#include "hal/settings/host_settings.hpp"

namespace celeriac::hal {

namespace asio = boost::asio;
using protocol::Error;
using protocol::Json;
using protocol::Operation;
using protocol::Result;
using protocol::Status;

struct Hypervisor::Row {
  std::string_view operation;
  void (Hypervisor::*handler)(const Arguments& arguments, Owner owner, Completion completion);
};

namespace {

constexpr std::int64_t firmware_package = 0;
/// A board's restart with its boot loader takes 3 s; a port that comes back on USB some more.
constexpr std::chrono::seconds reboot_patience{30};

PerAxis<double> triple(const protocol::Arguments& arguments, const char* x, const char* y, const char* z) {
  return {arguments.number(x), arguments.number(y), arguments.number(z)};
}
PerAxis<double> speeds(const protocol::Arguments& arguments) {
  return triple(arguments, "x_speed", "y_speed", "z_speed");
}

}  // namespace

std::span<const Hypervisor::Row> Hypervisor::table() {
  static constexpr Row rows[] = {
      {"SYS.MOVE_ABSOLUTE", &Hypervisor::move_absolute},
      {"SYS.MOVE_RELATIVE", &Hypervisor::move_relative},
      {"SYS.HOME", &Hypervisor::home},
      {"SYS.FIND_HOME", &Hypervisor::find_home},
      {"SYS.CALIBRATE", &Hypervisor::calibrate},
      {"SYS.ZERO", &Hypervisor::zero},
      {"SYS.WRITE_PIN", &Hypervisor::write_pin},
      {"SYS.READ_PIN", &Hypervisor::read_pin},
      {"SYS.TOGGLE_PIN", &Hypervisor::toggle_pin},
      {"SYS.SET_PIN_IO_MODE", &Hypervisor::set_pin_io_mode},
      {"SYS.SET_SERVO_ANGLE", &Hypervisor::set_servo_angle},
      {"SYS.WRITE_LED", &Hypervisor::write_led},
      {"SYS.READ_STATUS", &Hypervisor::read_status},
      {"SYS.CONFIG_READ", &Hypervisor::config_read},
      {"SYS.CONFIG_UPDATE", &Hypervisor::config_update},
      {"SYS.EMERGENCY_LOCK", &Hypervisor::emergency_lock},
      {"SYS.EMERGENCY_UNLOCK", &Hypervisor::emergency_unlock},
      {"SYS.ABORT", &Hypervisor::abort},
      {"SYS.REBOOT", &Hypervisor::reboot},
      {"SYS.FACTORY_RESET", &Hypervisor::factory_reset},
      {"SYS.JOG", &Hypervisor::jog},
      {"SYS.KEEP_ALIVE", &Hypervisor::keep_alive},
      {"SYS.RELEASE", &Hypervisor::release_holder},
  };
  return rows;
}

std::vector<const Operation*> Hypervisor::operations() {
  std::vector<const Operation*> served;
  for (const auto& row : table()) served.push_back(protocol::find_operation(row.operation));
  return served;
}

void Hypervisor::serve(const Operation& operation, const Arguments& arguments, Owner owner,
                       Completion completion) {
  completion = recorded(operation, arguments, owner, std::move(completion));
  leases_.wake(owner.who());
  for (const auto& row : table())
    if (row.operation == operation.long_name)
      return (this->*row.handler)(arguments, owner, std::move(completion));
  completion(protocol::fail(Status::unknown_operation,
                            std::format("{} is not served by the hypervisor.", operation.long_name)));
}

// ---- the queue ----

// Known now, so said now: nobody waits in a queue for a board that is not there, or behind a lock.
std::optional<Error> Hypervisor::refusal() const {
  if (ending_) return Error{.status = Status::cancelled, .message = "The hypervisor is shutting down."};
  if (pause_) return pause_->refusal;
  if (link_.state() != firmware::LinkState::ready) return link_.offline();
  if (link_.lock().engaged()) return firmware::locked();
  return std::nullopt;
}

void Hypervisor::queue(Owner owner, motion::RequestQueue::Work work, Completion completion) {
  if (auto refused = refusal()) return completion(std::unexpected(std::move(*refused)));
  queue_.submit(owner, std::move(work),
                [this, alive = alive_, completion = std::move(completion)](Outcome outcome) mutable {
                  // What the machine did wrong is for the log as well: who asked may be gone, or tell nobody.
                  // Of a link that is lost the log knows.
                  const auto status = outcome ? Status::ok : outcome.error().status;
                  if (*alive && (status == Status::hardware_fault || status == Status::timeout) &&
                      link_.state() == firmware::LinkState::ready)
                    report(firmware::Severity::warn, outcome.error().message);
                  completion(std::move(outcome));
                });
}

// ---- motion ----

void Hypervisor::move_absolute(const Arguments& arguments, Owner owner, Completion completion) {
  queue_task(owner, std::move(completion),
             [this, to = triple(arguments, "x", "y", "z"), percent = speeds(arguments)] {
               return moves_.absolute(to, percent);
             });
}

void Hypervisor::move_relative(const Arguments& arguments, Owner owner, Completion completion) {
  queue_task(owner, std::move(completion),
             [this, by = triple(arguments, "x", "y", "z"), percent = speeds(arguments)] {
               return moves_.relative(by, percent);
             });
}

void Hypervisor::home(const Arguments& arguments, Owner owner, Completion completion) {
  queue_task(owner, std::move(completion),
             [this, axes = motion::axes_of(arguments.integer("axis")), percent = arguments.number("speed")] {
               return moves_.home(axes, percent);
             });
}

void Hypervisor::find_home(const Arguments& arguments, Owner owner, Completion completion) {
  queue_task(owner, std::move(completion),
             [this, axes = motion::axes_of(arguments.integer("axis"))] { return moves_.find_home(axes); });
}

void Hypervisor::zero(const Arguments& arguments, Owner owner, Completion completion) {
  queue_task(owner, std::move(completion),
             [this, axes = motion::axes_of(arguments.integer("axis"))] { return moves_.zero(axes); });
}

void Hypervisor::calibrate(const Arguments& arguments, Owner owner, Completion completion) {
  const auto store = [this](int number, std::int32_t value) {
    store_parameter(number, value, [this](const Outcome& stored) {
      if (!stored) report(firmware::Severity::error, stored.error().message);
    });
  };
  queue_task(owner, std::move(completion), [this, store, axes = motion::axes_of(arguments.integer("axis"))] {
    return moves_.calibrate(axes, store);
  });
}

// ---- pins ----

void Hypervisor::write_pin(const Arguments& arguments, Owner owner, Completion completion) {
  const auto mode = static_cast<pins::Mode>(arguments.integer("mode"));
  const auto pin = pins::check_pin(arguments.integer("pin"));
  if (!pin) return completion(std::unexpected(pin.error()));
  const auto value = pins::check_value(arguments.number("value"), mode);
  if (!value) return completion(std::unexpected(value.error()));
  queue_task(owner, std::move(completion), [this, pin = *pin, value = *value, mode, who = owner.who()] {
    return write_output(pin, value, mode, who);
  });
}

void Hypervisor::read_pin(const Arguments& arguments, Owner owner, Completion completion) {
  const auto pin = pins::check_pin(arguments.integer("pin"));
  if (!pin) return completion(std::unexpected(pin.error()));
  queue_task(owner, std::move(completion),
             [this, pin = *pin, mode = static_cast<pins::Mode>(arguments.integer("mode"))] {
               return pins_.read(pin, mode);
             });
}

void Hypervisor::toggle_pin(const Arguments& arguments, Owner owner, Completion completion) {
  const auto pin = pins::check_pin(arguments.integer("pin"));
  if (!pin) return completion(std::unexpected(pin.error()));
  queue_task(owner, std::move(completion),
             [this, pin = *pin, who = owner.who()] { return toggle_output(pin, who); });
}

void Hypervisor::set_pin_io_mode(const Arguments& arguments, Owner owner, Completion completion) {
  const auto pin = pins::check_pin(arguments.integer("pin"));
  if (!pin) return completion(std::unexpected(pin.error()));
  queue_task(owner, std::move(completion),
             [this, pin = *pin, direction = static_cast<pins::Direction>(arguments.integer("io_mode"))] {
               return pins_.set_direction(pin, direction);
             });
}

void Hypervisor::set_servo_angle(const Arguments& arguments, Owner owner, Completion completion) {
  const auto pin = pins::check_servo_pin(arguments.integer("pin"));
  if (!pin) return completion(std::unexpected(pin.error()));
  pins::ServoLimits limits;
  for (const auto& [side, limit] : {std::pair("low", &limits.low), std::pair("high", &limits.high)})
    if (const auto set = config_value(std::format("servo_{}_{}", side, *pin)); set && set->is_number())
      *limit = set->get<double>();
  const auto degrees = pins::check_angle(*pin, arguments.number("angle"), limits);
  if (!degrees) return completion(std::unexpected(degrees.error()));
  queue_task(owner, std::move(completion),
             [this, pin = *pin, degrees = *degrees] { return pins_.set_servo(pin, degrees); });
}

// The LEDs are on lines of the host, not on the board: what they should show is a register, whether there is
// such a line or not.
void Hypervisor::write_led(const Arguments& arguments, Owner, Completion completion) {
  registers_.publish(std::format("gpio.BoxLed{}", arguments.integer("led")), arguments.integer("value"));
  if (led_) led_(static_cast<int>(arguments.integer("led")), arguments.integer("value") != 0);
  completion(Done{});
}

// ---- status and settings ----

void Hypervisor::read_status(const Arguments&, Owner, Completion completion) {
  completion(Done{.value = 0, .document = status()});
}

void Hypervisor::config_read(const Arguments& arguments, Owner, Completion completion) {
  const bool of_firmware = arguments.integer("package") == firmware_package;
  const auto source = static_cast<Source>(arguments.integer("source"));
  Json values = Json::object();
  const auto add = [&](std::string_view name) {
    values[std::string(name)] = config_value(name, source).value_or(nullptr);
  };
  if (!arguments.has("config")) {
    if (of_firmware)
      for (const auto& parameter : firmware::parameters()) add(parameter.name);
    else
      for (const auto& setting : settings::host_settings()) add(setting.name);
  } else if (of_firmware) {
    const auto parameter = firmware::parse_parameter(arguments.string("config"));
    if (!parameter) return completion(std::unexpected(parameter.error()));
    add((*parameter)->name);
  } else if (const auto name = arguments.string("config"); name.starts_with(safety::setting_prefix)) {
    if (const auto pin = safety::output_of_setting(name); !pin)
      return completion(std::unexpected(pin.error()));
    add(name);
  } else {
    const auto setting = settings::parse_setting(name);
    if (!setting) return completion(std::unexpected(setting.error()));
    add((*setting)->name);
  }
  completion(Done{.value = 0, .document = std::move(values)});
}

void Hypervisor::config_update(const Arguments& arguments, Owner owner, Completion completion) {
  if (arguments.integer("package") == firmware_package)
    update_parameter(arguments, owner, std::move(completion));
  else if (arguments.string("config").starts_with(safety::setting_prefix))
    update_output(arguments, owner, std::move(completion));
  else
    update_setting(arguments, std::move(completion));
}

void Hypervisor::update_parameter(const Arguments& arguments, Owner owner, Completion completion) {
  const auto parameter = firmware::parse_parameter(arguments.string("config"));
  if (!parameter) return completion(std::unexpected(parameter.error()));
  if (firmware::is_reserved(**parameter))
    return completion(protocol::fail(
        Status::denied,
        std::format("{} belongs to the hypervisor, which sets it itself.", (*parameter)->name)));
  const auto value = firmware::check_value(**parameter, arguments.value("value"));
  if (!value) return completion(std::unexpected(value.error()));

  queue(
      owner,
      [this, row = *parameter, value = *value]() -> asio::awaitable<Outcome> {
        const auto answer = co_await link_.execute(firmware::write_parameter(row->number, value));
        if (!answer) co_return std::unexpected(answer.error());
        const auto shown = answer->find(firmware::Code::parameter, row->number);
        if (!shown)
          co_return protocol::fail(
              Status::not_found,
              std::format("This board's firmware has no {}: it is too old for it.", row->name));
        if (*shown != value)
          co_return protocol::fail(
              Status::hardware_fault,
              std::format("{} was set to {} but the board shows {}.", row->name, value, *shown));
        co_return Done{};
      },
      // The file is written when the board has the next command already.
      [this, row = *parameter, value = *value, completion = std::move(completion)](Outcome written) mutable {
        if (!written) return completion(std::move(written));
        store_parameter(row->number, value, std::move(completion));
      });
}

void Hypervisor::store_parameter(int number, std::int32_t value, Completion completion) {
  wanted_.set(number, value);
  parameter_store_.set(std::string(firmware::find_parameter(number)->name), value,
                       [completion = std::move(completion)](const Result<void>& stored) mutable {
                         completion(outcome_of(stored));
                       });
}

void Hypervisor::update_setting(const Arguments& arguments, Completion completion) {
  const auto setting = settings::parse_setting(arguments.string("config"));
  if (!setting) return completion(std::unexpected(setting.error()));
  const auto value = settings::check_value(**setting, arguments.value("value"));
  if (!value) return completion(std::unexpected(value.error()));
  setting_store_.set(std::string((*setting)->name), *value,
                     [completion = std::move(completion)](const Result<void>& stored) mutable {
                       completion(outcome_of(stored));
                     });
  if (const auto name = std::format("config.{}", (*setting)->name); registers_.contains(name))
    registers_.publish(name, *value);
  changed(0);
}

// ---- safety ----

void Hypervisor::emergency_lock(const Arguments&, Owner, Completion completion) {
  const bool news = !link_.lock().engaged();
  link_.engage_lock([completion = std::move(completion)](const Result<void>& confirmed) mutable {
    completion(outcome_of(confirmed));
  });
  if (news) report(firmware::Severity::warn, "Emergency stop: everything is locked until somebody unlocks.");
}

void Hypervisor::emergency_unlock(const Arguments&, Owner, Completion completion) {
  if (button_.held()) return completion(std::unexpected(gpio::still_held(button_)));
  asio::co_spawn(io_, link_.release_lock(),
                 [this, alive = alive_, completion = std::move(completion)](std::exception_ptr defect,
                                                                            Result<void> released) mutable {
                   if (!*alive) return;
                   if (defect) released = protocol::fail(Status::internal, "Unlocking met a defect.");
                   if (released) report(firmware::Severity::info, "Unlocked.");
                   completion(outcome_of(released));
                 });
}

void Hypervisor::abort(const Arguments& arguments, Owner owner, Completion completion) {
  if (const auto channel = arguments.integer("channel"); channel < 0) {
    if (queue_.at_work()) moves_.cancel();
  } else {
    const auto target = protocol::Channel{static_cast<std::uint16_t>(channel)};
    const auto& working = queue_.at_work();
    const Error cancelled{.status = Status::cancelled,
                          .message = "Cancelled by request before its turn came."};
    if (working && working->session == owner.session && working->channel == target)
      moves_.cancel();
    else
      queue_.fail_waiting(owner.session, target, cancelled);
  }
  completion(Done{});
}

// The computer's restart is not the machine's to do: system::SystemControl takes that before it comes here.
void Hypervisor::reboot(const Arguments& arguments, Owner, Completion completion) {
  if (arguments.integer("package") != firmware_package)
    return completion(protocol::fail(Status::unknown_operation, "Only package=firmware is restarted here."));
  if (pause_) return completion(std::unexpected(pause_->refusal));
  await_board(std::move(completion));
  if (reboot_waiters_.size() > 1) return;  // it is on its way
  if (restart_) restart_();
  link_.restart();
}

void Hypervisor::await_board(Completion completion) {
  reboot_waiters_.push_back(std::move(completion));
  if (reboot_waiters_.size() > 1) return;
  reboot_timer_->set(reboot_patience, [this] {
    const auto late =
        protocol::fail(Status::timeout, "The board has not come back: " + link_.offline().message);
    report(firmware::Severity::error, late.error().message);
    for (auto& waiter : std::exchange(reboot_waiters_, {})) waiter(late);
  });
}

}  // namespace celeriac::hal
