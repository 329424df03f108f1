// The schedule in a whole VM, over its socket.

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/vm/house.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using namespace std::chrono_literals;

namespace {

std::string in(std::chrono::milliseconds time) {
  const auto at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + time;
  return std::format("{:%FT%T}Z", at);
}

Json event(std::int64_t id, std::int64_t sequence_id, const std::string& start,
           const std::string& unit = "never") {
  return {{"id", id},
          {"executable_type", "Sequence"},
          {"executable_id", sequence_id},
          {"repeat", 1},
          {"time_unit", unit},
          {"start_time", start}};
}

void put(House& house, const std::string& kind, const Json& item) {
  REQUIRE(house.status("ASSET.PUT"_op, {{"kind", kind}, {"items", item}}) == Status::ok);
}

/// A sequence of the account that says hello.
Json greeting(int id) {
  return sequence({message("hello from the schedule", "success")}, id, "Greet");
}

/// Waits until some line of the log contains the text.
void until_logged(House& house, const std::string& text) {
  house.until([&] {
    const Json last = house.read("log")["value"];
    return last.is_object() && last.value("message", "").contains(text);
  });
}

}  // namespace

TEST_CASE("a farm event that is due runs its sequence") {
  House house;
  house.code(greeting(7));
  put(house, "farm_event", event(1, 7, in(-30s)));
  house.until([&] {
    const auto processes = house.ask("PROC.LIST"_op).document().value()["processes"];
    return !processes.empty() && processes[0]["state"] == "done";
  });
  const auto process = house.ask("PROC.LIST"_op).document().value()["processes"][0];
  CHECK(process["name"] == "Greet");
}

TEST_CASE("a farm event without its sequence fails into the log") {
  House house;
  put(house, "farm_event", event(1, 7, in(-30s)));
  until_logged(house, "failed to execute: sequence not found");
}

TEST_CASE("the schedule is listed, and a time of it can be skipped") {
  House house;
  house.code(greeting(7));
  put(house, "device", {{"timezone", "Europe/Berlin"}});
  put(house, "farm_event", event(1, 7, in(3600s), "daily"));
  put(house, "farm_event", event(2, 7, in(7200s)));
  const auto list = house.ask("SCHEDULE.LIST"_op, {{"count", 3}}).document().value();
  CHECK(list["timezone"] == "Europe/Berlin");
  CHECK(list["clock_is_set"] == true);
  REQUIRE(list["entries"].size() == 3);
  CHECK(list["entries"][0]["event_id"] == 1);
  CHECK(list["entries"][0]["name"] == "Greet");
  CHECK(list["entries"][0]["kind"] == "sequence");
  CHECK(list["entries"][0]["state"] == "due");
  CHECK(list["entries"][1]["event_id"] == 2);
  CHECK(list["entries"][2]["event_id"] == 1);
  const auto skipped = house.ask("SCHEDULE.SKIP"_op, {{"event_id", 1}}).document().value();
  CHECK(skipped["at"] == list["entries"][0]["at"]);
  CHECK(house.ask("SCHEDULE.LIST"_op, {{"event_id", 1}, {"count", 1}})
            .document()
            .value()["entries"][0]["state"] == "skipped");
  CHECK(house.status("SCHEDULE.SKIP"_op, {{"event_id", 1}, {"at", 12345}}) == Status::not_found);
  CHECK(house.status("SCHEDULE.SKIP"_op, {{"event_id", 99}}) == Status::not_found);
}

TEST_CASE("a skip is still known after a restart") {
  House house;
  house.code(greeting(7));
  put(house, "farm_event", event(1, 7, in(3600s), "daily"));
  REQUIRE(house.status("SCHEDULE.SKIP"_op, {{"event_id", 1}}) == Status::ok);
  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  CHECK(house.ask("SCHEDULE.LIST"_op, {{"count", 1}}).document().value()["entries"][0]["state"] == "skipped");
}

TEST_CASE("the boot sequence runs when the board is ready") {
  House house;
  house.code(greeting(7));
  put(house, "fbos_config", {{"boot_sequence_id", 7}});
  house.until_linked();
  CHECK(house.ask("PROC.LIST"_op).document().value()["processes"].empty());
  house.hypervisor->registers.publish("firmware", Json{{"state", "ready"}});
  house.stop_vm();
  house.start_vm();
  house.client = house.connect();
  house.until([&] {
    const auto processes = house.ask("PROC.LIST"_op).document().value()["processes"];
    return !processes.empty() && processes[0]["name"] == "boot sequence" && processes[0]["state"] == "done";
  });
}
