// pin read, pin write, pin toggle, servo.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/commands/held_pin.hpp"
#include "console/commands/perform.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

constexpr const char* held_remark =
    "A fail-safe output (`celeriac outputs` lists them) belongs to who switches it on: it is on while the "
    "command "
    "runs, and Ctrl-C switches it off.";

void add_time(CLI::App& app, HeldPin& pin) {
  app.add_option("--for", pin.seconds, "Switch it off after so many seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0, "0.001 to 86400"));
}

void add_pin(CLI::App& app, HeldPin& pin) {
  app.add_option("pin", pin.number, "Number of the pin, 0 to 69")
      ->type_name("PIN")
      ->required()
      ->check(CLI::Range(0, 69, "0 to 69"));
}

void add_analog(CLI::App& app, HeldPin& pin, const char* what) {
  app.add_flag("--analog", pin.analog, what);
}

asio::awaitable<Exit> read_pin(Context& context, const HeldPin& pin) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto reply =
      co_await (*client)->call("SYS.READ_PIN"_op, {{"pin", pin.number}, {"mode", pin.analog ? 1 : 0}});
  if (!reply) co_return context.failed(reply.error());
  const char* const mode = pin.analog ? "analog" : "digital";
  co_return context.done({{"pin", pin.number}, {"mode", mode}, {"value", reply->value}},
                         std::format("pin {} is {} ({})", pin.number, reply->value, mode));
}

}  // namespace

Action declare_pin_read(CLI::App& app) {
  auto pin = std::make_shared<HeldPin>();
  add_pin(app, *pin);
  add_analog(app, *pin, "Read the voltage, 0 to 1023, instead of 0 or 1");
  return [pin](Context& context) { return read_pin(context, *pin); };
}

Action declare_pin_write(CLI::App& app) {
  auto pin = std::make_shared<HeldPin>();
  add_pin(app, *pin);
  app.add_option("value", pin->value, "0 or 1; with --analog 0 to 255")
      ->type_name("VALUE")
      ->required()
      ->check(CLI::Range(0, 255, "0 to 255"));
  add_analog(app, *pin, "Write a PWM value, 0 to 255, instead of 0 or 1");
  add_time(app, *pin);
  app.footer(held_remark);
  return [pin](Context& context) { return write_pin(context, *pin); };
}

Action declare_pin_toggle(CLI::App& app) {
  auto pin = std::make_shared<HeldPin>();
  add_pin(app, *pin);
  add_time(app, *pin);
  app.footer(held_remark);
  return [pin](Context& context) { return toggle_pin(context, *pin); };
}

Action declare_servo(CLI::App& app) {
  struct Values {
    int pin = 4;
    double angle = 0;
  };
  auto values = std::make_shared<Values>();
  app.add_option("pin", values->pin, "Pin of the servo: 4, 5, 6 or 11")
      ->type_name("PIN")
      ->required()
      ->check(CLI::Range(0, 69, "0 to 69"));
  app.add_option("angle", values->angle, "Angle in degrees, 0 to 180")
      ->type_name("ANGLE")
      ->required()
      ->check(CLI::Range(0.0, 180.0, "0 to 180"));
  return [values](Context& context) {
    return perform(context, "SYS.SET_SERVO_ANGLE"_op, {{"pin", values->pin}, {"angle", values->angle}},
                   std::format("the servo on pin {} is at {}°", values->pin, values->angle));
  };
}

}  // namespace celeriac::console
