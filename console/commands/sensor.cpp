// sensor list, read, calibrate: what the sensors of the account show, in units.

#include <CLI/App.hpp>
#include <chrono>
#include <format>
#include <memory>

#include "console/account.hpp"
#include "console/commands/declarations.hpp"
#include "console/sensors.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// A connected host, one of its sensors, and what is known of its unit.
struct Subject {
  std::unique_ptr<Client> client;
  Json sensor;
  std::optional<StoredCalibration> stored;
};

asio::awaitable<Result<Subject>> subject(Context& context, const std::string& name) {
  auto client = co_await context.connect();
  if (!client) co_return std::unexpected(client.error());
  const auto sensors = co_await assets_of(**client, "sensor");
  if (!sensors) co_return std::unexpected(sensors.error());
  auto sensor = find_sensor(*sensors, name);
  if (!sensor) co_return std::unexpected(sensor.error());
  const auto calibrations = co_await assets_of(**client, "sensor_calibration");
  if (!calibrations) co_return std::unexpected(calibrations.error());
  auto stored = calibration_of(*calibrations, sensor->at("pin").get<std::int64_t>());
  co_return Subject{std::move(*client), std::move(*sensor), std::move(stored)};
}

std::string label_of(const Subject& of) {
  return printable(of.sensor.value("label", Json()).get<std::string>());
}

asio::awaitable<Exit> list(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto sensors = co_await assets_of(**client, "sensor");
  if (!sensors) co_return context.failed(sensors.error());
  const auto calibrations = co_await assets_of(**client, "sensor_calibration");
  if (!calibrations) co_return context.failed(calibrations.error());
  const auto readings = co_await assets_of(**client, "sensor_reading");
  if (!readings) co_return context.failed(readings.error());
  co_return context.done({{"sensors", *sensors}, {"calibrations", *calibrations}},
                         sensors->empty()
                             ? "there are no sensors: `celeriac asset import FILE --kind sensors` makes some"
                             : sensor_table(*sensors, *calibrations, *readings));
}

// As a sequence's read_pin: the raw value is kept with time and place, and sent to the account.
asio::awaitable<Exit> read(Context& context, const std::string& name) {
  const auto of = co_await subject(context, name);
  if (!of) co_return context.failed(of.error());
  const Json pin = of->sensor.at("pin");
  const bool analog = of->sensor.value("mode", Json(0)) == 1;
  const auto reply = co_await of->client->call("SYS.READ_PIN"_op, {{"pin", pin}, {"mode", analog ? 1 : 0}});
  if (!reply) co_return context.failed(reply.error());
  const auto place = co_await of->client->read("position");
  Json reading{{"pin", pin},
               {"mode", analog ? 1 : 0},
               {"value", reply->value},
               {"read_at", std::format("{:%FT%T}Z", std::chrono::floor<std::chrono::milliseconds>(
                                                        std::chrono::system_clock::now()))}};
  for (const char* axis : {"x", "y", "z"}) {  // the web API wants numbers
    const bool known = place && place->is_object() && place->value(axis, Json()).is_number();
    reading[axis] = known ? place->at(axis) : Json(0);
  }
  const auto kept = co_await of->client->ask("ASSET.PUT"_op,
                                             {{"kind", "sensor_reading"}, {"items", Json::array({reading})}});
  if (!kept) co_return context.failed(kept.error());
  std::string text = std::format("{}: {} ({})", label_of(*of), reply->value, analog ? "analog" : "digital");
  if (of->stored) {
    const auto& calibration = of->stored->calibration;
    reading["calibrated"] = calibration.of(reply->value);
    reading["unit"] = calibration.unit;
    text += std::format(", {}", calibration.shown(reply->value));
  }
  co_return context.done(reading, text);
}

struct Wanted {
  std::string name;
  std::vector<std::string> points;
  std::optional<double> scale, offset;
  std::string unit;
  bool forget = false;
};

Result<Calibration> calibration_of(const Wanted& wanted) {
  if (wanted.unit.size() > longest_unit)
    return protocol::fail(Status::malformed, std::format("A unit has at most {} bytes.", longest_unit));
  Calibration made{.scale = wanted.scale.value_or(1), .offset = wanted.offset.value_or(0)};
  if (!wanted.scale && !wanted.offset) {
    std::vector<CalibrationPoint> points;
    for (const auto& text : wanted.points) {
      const auto point = parse_point(text);
      if (!point) return std::unexpected(point.error());
      points.push_back(*point);
    }
    auto through = calibration_through(points);
    if (!through) return through;
    made = std::move(*through);
  }
  made.unit = wanted.unit;
  return made;
}

asio::awaitable<Exit> forget(Context& context, const Subject& of) {
  if (of.stored)
    if (const auto done =
            co_await of.client->call("ASSET.RM"_op, {{"kind", "sensor_calibration"}, {"id", of.stored->id}});
        !done)
      co_return context.failed(done.error());
  co_return context.done({{"pin", of.sensor.at("pin")}, {"calibration", nullptr}},
                         std::format("{} has no calibration any more", label_of(of)));
}

asio::awaitable<Exit> calibrate(Context& context, const Wanted& wanted) {
  const auto calibration = wanted.forget ? Result<Calibration>() : calibration_of(wanted);
  if (!calibration) co_return context.failed(calibration.error());
  const auto of = co_await subject(context, wanted.name);
  if (!of) co_return context.failed(of.error());
  if (wanted.forget) co_return co_await forget(context, *of);
  Json item{{"pin", of->sensor.at("pin")},
            {"scale", calibration->scale},
            {"offset", calibration->offset},
            {"unit", calibration->unit}};
  if (of->stored) item["id"] = of->stored->id;
  const auto kept = co_await of->client->ask(
      "ASSET.PUT"_op, {{"kind", "sensor_calibration"}, {"items", Json::array({item})}});
  if (!kept) co_return context.failed(kept.error());
  co_return context.done(item, std::format("{}: 0 is {}, 1023 is {}", label_of(*of), calibration->shown(0),
                                           calibration->shown(1023)));
}

void add_name(CLI::App& app, std::string& name) {
  app.add_option("sensor", name, "Its label, or its id")->type_name("SENSOR")->required();
}

}  // namespace

Action declare_sensor_list(CLI::App&) {
  return [](Context& context) { return list(context); };
}

Action declare_sensor_read(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  add_name(app, *name);
  return [name](Context& context) { return read(context, *name); };
}

Action declare_sensor_calibrate(CLI::App& app) {
  auto wanted = std::make_shared<Wanted>();
  add_name(app, wanted->name);
  auto* const at =
      app.add_option("--at", wanted->points, "What a raw value means, twice: --at 230=0 --at 700=100")
          ->type_name("RAW=VALUE")
          ->expected(1)
          ->take_all();
  auto* const scale = app.add_option("--scale", wanted->scale, "Or: value = raw × SCALE + OFFSET")
                          ->type_name("SCALE")
                          ->excludes(at);
  auto* const offset = app.add_option("--offset", wanted->offset, "")->type_name("OFFSET")->excludes(at);
  auto* const unit = app.add_option("--unit", wanted->unit, "Unit of the value: %")->type_name("UNIT");
  app.add_flag("--forget", wanted->forget, "Removes the calibration")
      ->excludes(at)
      ->excludes(scale)
      ->excludes(offset)
      ->excludes(unit);
  return [wanted](Context& context) { return calibrate(context, *wanted); };
}

}  // namespace celeriac::console
