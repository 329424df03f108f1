// sensor list, read, calibrate: the arithmetic, and the commands against the VM's own service of assets.

#include <catch2/catch_test_macros.hpp>

#include "console/sensors.hpp"
#include "tests/console/fake_host.hpp"
#include "vm/services/asset_service.hpp"

namespace celeriac::console {
using namespace protocol::literals;
using protocol::Json;
using protocol::Status;
using test::CommandLine;
using test::FakeVm;
using test::TemporaryDirectory;

namespace {

/// A VM that keeps assets as the real one does, above a board whose pins all read the same.
struct Host {
  Host() {
    vm::serve_assets(fake.dispatcher, assets, *store);
    fake.dispatcher.on("SYS.READ_PIN"_op, [this](protocol::Request& request, protocol::Responder responder) {
      asked = request.arguments.fields();
      responder.ok(raw);
    });
    fake.registers.publish("position", {{"x", 100.5}, {"y", 200}, {"z", nullptr}});
    REQUIRE(
        assets.put(vm::AssetKind::sensor, {{"id", 1}, {"pin", 59}, {"mode", 1}, {"label", "Soil moisture"}}));
    REQUIRE(assets.put(vm::AssetKind::sensor, {{"id", 2}, {"pin", 63}, {"mode", 0}, {"label", "Tool"}}));
  }
  ~Host() {
    store.reset();
    worker.reset();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm fake{celeriac.io, directory};
  std::unique_ptr<vm::Image> image = vm::Image::open(directory.path() / "image.sqlite").value();
  std::unique_ptr<vm::Worker> worker = std::make_unique<vm::Worker>(celeriac.io);
  vm::Assets assets;
  std::unique_ptr<vm::AssetStore> store = vm::AssetStore::open(*worker, *image, assets).value();
  std::uint16_t raw = 512;
  Json asked;
};

}  // namespace

TEST_CASE("sensors: two points make a line") {
  const auto line = calibration_through({{112, 0}, {912, 100}});
  REQUIRE(line);
  CHECK(line->of(512) == 50);
  CHECK(line->shown(513) == "50.13");
  CHECK(calibration_through({{1, 0}}).error().message.starts_with("A calibration needs two points"));
  CHECK(calibration_through({{1, 0}, {2, 0}, {3, 0}}).error().status == Status::malformed);
  CHECK(calibration_through({{1, 0}, {1, 5}}).error().message.contains("different raw values"));
  CHECK(parse_point("230=-1.5")->value == -1.5);
  for (const auto* bad : {"", "230", "=1", "1=", "a=1", "1=1x", "1=inf"})
    CHECK(parse_point(bad).error().status == Status::malformed);
}

TEST_CASE("sensors: one is read, and the reading is kept with time and place") {
  Host host;
  const auto outcome = host.celeriac({"sensor", "read", "soil MOISTURE"});
  CAPTURE(outcome.err);
  CHECK(outcome.out == "Soil moisture: 512 (analog)\n");
  CHECK(host.asked == Json{{"pin", 59}, {"mode", 1}});
  const auto& readings = host.assets.all(vm::AssetKind::sensor_reading);
  REQUIRE(readings.size() == 1);
  auto reading = readings.begin()->second;
  CHECK(reading["read_at"].get<std::string>().ends_with("Z"));
  reading.erase("read_at");
  CHECK(reading ==
        Json{{"id", -1}, {"pin", 59}, {"mode", 1}, {"value", 512}, {"x", 100.5}, {"y", 200}, {"z", 0}});
}

TEST_CASE("sensors: a calibrated one is read and listed in its unit, and the raw value is kept") {
  Host host;
  const auto calibrated =
      host.celeriac({"sensor", "calibrate", "1", "--at", "112=0", "--at", "912=100", "--unit", "%"});
  CAPTURE(calibrated.err);
  CHECK(calibrated.out == "Soil moisture: 0 is -14 %, 1023 is 113.88 %\n");
  CHECK(host.celeriac({"sensor", "read", "1"}).out == "Soil moisture: 512 (analog), 50 %\n");
  const auto read = host.celeriac({"sensor", "read", "1", "--json"}).json();
  CHECK(read["value"] == 512);
  CHECK(read["calibrated"] == 50.0);
  CHECK(read["unit"] == "%");
  for (const auto& [id, reading] : host.assets.all(vm::AssetKind::sensor_reading)) {
    CHECK(reading["value"] == 512);
    CHECK_FALSE(reading.contains("unit"));
  }
  const auto listed = host.celeriac({"sensor", "list"}).out;
  CHECK(listed.contains("50 %"));
  CHECK(listed.contains("Tool"));
}

TEST_CASE("sensors: a calibration is replaced and forgotten") {
  Host host;
  CHECK(host.celeriac({"sensor", "calibrate", "Tool", "--scale", "2", "--offset", "1"}).status == 0);
  CHECK(host.celeriac({"sensor", "calibrate", "Tool", "--scale", "3", "--unit", "mm"}).status == 0);
  const auto& kept = host.assets.all(vm::AssetKind::sensor_calibration);
  REQUIRE(kept.size() == 1);
  CHECK(kept.begin()->second ==
        Json{{"id", -1}, {"pin", 63}, {"scale", 3.0}, {"offset", 0.0}, {"unit", "mm"}});
  CHECK(host.celeriac({"sensor", "calibrate", "Tool", "--forget"}).out ==
        "Tool has no calibration any more\n");
  CHECK(host.celeriac({"sensor", "calibrate", "Tool", "--forget"}).status == 0);
  CHECK(kept.empty());
}

TEST_CASE("sensors: what is wrong is said before anything is changed") {
  Host host;
  const auto complaint = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "sensor");
    const auto outcome = host.celeriac(std::move(words));
    CHECK(outcome.status != 0);
    return outcome.err;
  };
  CHECK(complaint({"read", "Rain"})
            .contains(R"(There is no sensor "Rain": there are "Soil moisture", "Tool".)"));
  CHECK(complaint({"calibrate", "1", "--at", "112=0"}).contains("two points"));
  CHECK(complaint({"calibrate", "1", "--at", "5=0", "--at", "5=1"}).contains("different raw values"));
  CHECK(complaint({"calibrate", "1", "--at", "5"}).contains("RAW=VALUE"));
  CHECK(complaint({"calibrate", "1", "--scale", "1", "--unit", std::string(21, 'u')}).contains("20 bytes"));
  CHECK(complaint({"calibrate", "1", "--scale", "1", "--at", "1=2"}).contains("--at"));
  CHECK(complaint({"calibrate", "1", "--forget", "--unit", "%"}).contains("--unit"));
  CHECK(host.assets.all(vm::AssetKind::sensor_calibration).empty());
  REQUIRE(host.assets.put(vm::AssetKind::sensor, {{"id", 3}, {"pin", 64}, {"label", "tool"}}));
  CHECK(complaint({"read", "Tool"}).contains("2 sensors are called \"Tool\""));
}

}  // namespace celeriac::console
