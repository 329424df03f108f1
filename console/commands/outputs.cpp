// outputs, output set, output forget: what the hypervisor keeps from staying on.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/output_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

constexpr int os_package = 1;

std::string setting_of(int pin) {
  return std::format("output.{}", pin);
}

asio::awaitable<Exit> list_outputs(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto outputs = co_await (*client)->read("outputs");
  if (!outputs) co_return context.failed(outputs.error());
  co_return context.done(outputs->is_object() ? *outputs : Json::object(),
                         output_table(outputs_of(*outputs), protocol::now_milliseconds()));
}

asio::awaitable<Exit> change(Context& context, int pin, Json value, std::string sentence) {
  return perform(context, "SYS.CONFIG_UPDATE"_op,
                 {{"package", os_package}, {"config", setting_of(pin)}, {"value", std::move(value)}},
                 std::move(sentence));
}

void add_pin(CLI::App& app, int& pin) {
  app.add_option("pin", pin, "Number of the pin, 0 to 69")
      ->type_name("PIN")
      ->required()
      ->check(CLI::Range(0, 69, "0 to 69"));
}

}  // namespace

Action declare_outputs(CLI::App&) {
  return [](Context& context) { return list_outputs(context); };
}

Action declare_output_set(CLI::App& app) {
  struct Values {
    int pin = 0, safe_value = 0;
    double longest_s = 0;
    std::string name;
  };
  auto values = std::make_shared<Values>();
  add_pin(app, values->pin);
  app.add_option("--name", values->name, "What it is, for people: \"water\"")->type_name("NAME")->required();
  app.add_option("--longest", values->longest_s, "It goes off by itself after so long, in seconds")
      ->type_name("SECONDS")
      ->required()
      ->check(CLI::Range(0.1, 86400.0, "0.1 to 86400"));
  app.add_option("--safe-value", values->safe_value, "What is written to make it safe")
      ->type_name("VALUE")
      ->capture_default_str()
      ->check(CLI::Range(0, 255, "0 to 255"));
  return [values](Context& context) {
    return change(
        context, values->pin,
        {{"name", values->name}, {"safe_value", values->safe_value}, {"longest_on_s", values->longest_s}},
        std::format("pin {} is the fail-safe output \"{}\", on for {:g} s at most", values->pin,
                    printable(values->name), values->longest_s));
  };
}

Action declare_output_forget(CLI::App& app) {
  auto pin = std::make_shared<int>(0);
  add_pin(app, *pin);
  return [pin](Context& context) {
    return change(context, *pin, nullptr, std::format("pin {} is no fail-safe output any more", *pin));
  };
}

}  // namespace celeriac::console
