// param list|get|set: parameters of the firmware, settings of the host.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/parameter_units.hpp"
#include "console/text.hpp"
#include "console/values.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

struct Parameters {
  std::vector<std::string> names;
  std::string value;
  std::string package = "firmware";
};

void add_package(CLI::App& app, Parameters& values) {
  app.add_option("--package", values.package, "firmware: parameters of the board; os: settings of the host")
      ->type_name("PACKAGE")
      ->capture_default_str()
      ->check(CLI::IsMember({"firmware", "os"}));
}

std::string parameter_table(const Json& parameters) {
  std::vector<std::vector<std::string>> rows{{"NAME", "VALUE", "UNIT"}};
  for (const auto& [name, value] : parameters.items())
    rows.push_back({printable(name), brief(value), std::string(unit_of_parameter(name))});
  return table(rows);
}

asio::awaitable<Exit> list(Context& context, const Parameters& values) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const Json fields{{"package", values.package}};
  const auto answer = co_await (*client)->ask("SYS.CONFIG_READ"_op, fields);
  if (!answer) co_return context.failed(answer.error());
  Json shown = Json::object();
  for (const auto& [name, value] : answer->items())
    if (values.names.empty() ||
        std::ranges::any_of(values.names, [&](const auto& part) { return name.contains(part); }))
      shown[name] = value;
  co_return context.done(shown, shown.empty() ? "no parameter has that in its name" : parameter_table(shown));
}

asio::awaitable<Exit> get(Context& context, const Parameters& values) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  Json shown = Json::object();
  for (const auto& name : values.names) {
    const Json fields{{"package", values.package}, {"config", name}};
    const auto answer = co_await (*client)->ask("SYS.CONFIG_READ"_op, fields);
    if (!answer) co_return context.failed(answer.error());
    shown.update(*answer);
  }
  std::string text;
  for (const auto& [name, value] : shown.items()) {
    const auto unit = unit_of_parameter(name);
    text += std::format("{} {}{}{}\n", printable(name), brief(value), unit.empty() ? "" : " ", unit);
  }
  co_return context.done(shown, text);
}

}  // namespace

Action declare_param_list(CLI::App& app) {
  auto values = std::make_shared<Parameters>();
  app.add_option("part", values->names, "Only names that contain this")->type_name("PART");
  add_package(app, *values);
  return [values](Context& context) { return list(context, *values); };
}

Action declare_param_get(CLI::App& app) {
  auto values = std::make_shared<Parameters>();
  app.add_option("name", values->names, "Names, or numbers of the firmware")->type_name("NAME")->required();
  add_package(app, *values);
  return [values](Context& context) { return get(context, *values); };
}

Action declare_param_set(CLI::App& app) {
  auto values = std::make_shared<Parameters>();
  values->names.resize(1);
  app.add_option("name", values->names[0], "Name, or number of the firmware")->type_name("NAME")->required();
  app.add_option("value", values->value, "New value")->type_name("VALUE")->required();
  add_package(app, *values);
  return [values](Context& context) {
    const auto& name = values->names[0];
    const auto unit = unit_of_parameter(name);
    return perform(context, "SYS.CONFIG_UPDATE"_op,
                   {{"package", values->package}, {"config", name}, {"value", value_of(values->value)}},
                   std::format("{} is {}{}{}", name, values->value, unit.empty() ? "" : " ", unit));
  };
}

}  // namespace celeriac::console
