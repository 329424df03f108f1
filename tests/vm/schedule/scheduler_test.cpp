#include "vm/schedule/scheduler.hpp"

#include <catch2/catch_test_macros.hpp>
#include <format>

#include "tests/vm/schedule/times.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::fail;
using celeriac::protocol::Result;
using celeriac::protocol::Status;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// A host on a clock that the test moves. Sequences end when the test says so, or at once.
class Garden final : public ScheduleWorld {
 public:
  struct Run {
    std::int64_t sequence_id;
    WallTime at;
    std::string name;
    json applications;
    Ended ended;
  };
  WallTime clock = at("2025-05-14 06:00");
  std::optional<WallTime> alarm;
  std::vector<Run> runs;
  std::string saved;  ///< the image
  std::vector<std::string> logs;
  bool ends_at_once = true;
  Result<void> outcome;
  bool disk_is_full = false;

  void start(std::int64_t sequence_id, json applications, std::string name, Started started,
             Ended ended) override {
    runs.push_back({sequence_id, clock, std::move(name), std::move(applications), std::move(ended)});
    started(static_cast<std::uint16_t>(runs.size()));
    if (ends_at_once) end();
  }
  [[nodiscard]] std::string sequence_name(std::int64_t id) const override {
    return id < 100 ? std::format("S{}", id) : "";
  }
  [[nodiscard]] WallTime now() const override { return clock; }
  void wake_at(std::optional<WallTime> time) override { alarm = time; }
  void save(std::string state, Saved done) override {
    if (disk_is_full) return done(fail(Status::out_of_resources, "The disk is full."));
    saved = std::move(state);
    done({});
  }
  void log(std::string_view type, int, std::string message) override {
    logs.push_back(std::format("{}: {}", type, message));
  }

  void end() {
    if (auto ended = std::exchange(runs.back().ended, nullptr)) ended(outcome);
  }
  [[nodiscard]] bool logged(const std::string& part) const {
    return std::ranges::any_of(logs, [&](const auto& line) { return line.contains(part); });
  }
};

struct House {
  Garden garden;
  Assets assets;
  std::unique_ptr<Scheduler> scheduler;

  explicit House(const std::string& zone = "") {
    REQUIRE(
        assets.put(AssetKind::device, {{"name", "bot"}, {"timezone", zone.empty() ? json() : json(zone)}}));
  }
  void start() {
    scheduler.reset();  // the old one has to go before the new one reads
    scheduler = std::make_unique<Scheduler>(garden, assets, garden.saved);
    scheduler->look();
  }
  /// Time passes; alarms ring on their time.
  void pass_until(WallTime time) {
    while (garden.alarm && *garden.alarm <= time) {
      garden.clock = std::max(garden.clock, *std::exchange(garden.alarm, std::nullopt));
      scheduler->look();
    }
    garden.clock = std::max(garden.clock, time);
  }
  void pass(std::chrono::milliseconds time) { pass_until(garden.clock + time); }
  /// Somebody sets the clock.
  void set_clock(WallTime time) {
    garden.clock = time;
    scheduler->look();
    pass(0ms);
  }
  void event(std::int64_t id, WallTime start, const std::string& unit = "never", json more = json::object()) {
    json item = {{"id", id},          {"executable_type", "Sequence"}, {"executable_id", id}, {"repeat", 1},
                 {"time_unit", unit}, {"start_time", iso(start)}};
    item.update(more);
    REQUIRE(assets.put(AssetKind::farm_event, item));
  }
  void regimen(std::int64_t id, json items, json body = json::array()) {
    REQUIRE(assets.put(AssetKind::regimen,
                       {{"id", id}, {"name", "Tomatoes"}, {"regimen_items", items}, {"body", body}}));
  }
  [[nodiscard]] std::vector<std::int64_t> ran() const {
    std::vector<std::int64_t> made;
    for (const auto& run : garden.runs) made.push_back(run.sequence_id);
    return made;
  }
  Result<Due> skip(std::int64_t id, std::optional<WallTime> time = std::nullopt) {
    std::optional<Result<Due>> made;
    scheduler->skip(id, time, [&](Result<Due> due) { made = std::move(due); });
    REQUIRE(made);
    return std::move(*made);
  }
};

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an event runs its sequence at its time, with its parameters") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "never", {{"body", {{{"kind", "parameter_application"}}}}});
  house.start();
  house.pass_until(at("2025-05-14 07:59"));
  CHECK(house.garden.runs.empty());
  house.pass_until(at("2025-05-14 09:00"));
  REQUIRE(house.garden.runs.size() == 1);
  CHECK(house.garden.runs[0].at == at("2025-05-14 08:00"));
  CHECK(house.garden.runs[0].sequence_id == 1);
  CHECK(house.garden.runs[0].name == "S1");
  CHECK(house.garden.runs[0].applications.size() == 1);
}

TEST_CASE("an event that repeats runs each time, until its end") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily", {{"end_time", iso(at("2025-05-17 08:00"))}});
  house.start();
  house.pass(std::chrono::days(30));
  CHECK(house.garden.runs.size() == 4);
}

TEST_CASE("an event comes, changes and goes while the host runs") {
  House house;
  house.start();
  CHECK_FALSE(house.garden.alarm);
  house.event(1, at("2025-05-14 08:00"));
  house.event(2, at("2025-05-14 09:00"));
  house.event(1, at("2025-05-14 10:00"));
  REQUIRE(house.assets.remove(AssetKind::farm_event, 2));
  house.pass(24h);
  REQUIRE(house.ran() == Ids{1});
  CHECK(house.garden.runs[0].at == at("2025-05-14 10:00"));
}

TEST_CASE("an event of the past does not run") {
  House house;
  house.event(1, at("2025-05-14 05:00"));
  house.event(2, at("2025-05-13 08:00"), "daily");
  house.start();
  house.pass_until(at("2025-05-14 08:30"));
  CHECK(house.ran() == Ids{2});
  CHECK_FALSE(house.garden.logged("missed"));
}

TEST_CASE("an event that reaches us a minute late still runs") {
  House house;
  house.start();
  house.event(1, house.garden.clock - 60s);
  house.event(2, house.garden.clock - 180s);
  house.pass(1s);
  CHECK(house.ran() == Ids{1});
}

TEST_CASE("one thing runs at a time, by due time") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:02"));
  house.event(2, at("2025-05-14 08:01"));
  house.event(3, at("2025-05-14 08:00"));
  house.start();
  house.pass_until(at("2025-05-14 08:05"));
  CHECK(house.ran() == Ids{3});
  house.garden.end();
  house.pass(1s);
  CHECK(house.ran() == Ids{3, 2});
  house.garden.end();
  house.pass(1s);
  CHECK(house.ran() == Ids{3, 2, 1});
}

TEST_CASE("what is 900 s late runs, what is later is missed") {
  for (const auto& [late, runs] : {std::pair{900s, true}, std::pair{901s, false}}) {
    House house;
    house.garden.ends_at_once = false;
    house.event(1, at("2025-05-14 08:00"));
    house.event(2, at("2025-05-14 08:00"));
    house.start();
    house.pass_until(at("2025-05-14 08:00") + late);
    house.garden.end();
    house.pass(0ms);
    CHECK((house.ran() == Ids{1, 2}) == runs);
    CHECK(house.garden.logged("warn: Event scheduled at 2025-05-14 08:00:00 UTC was missed") == !runs);
  }
}

TEST_CASE("an event that is overdue several times runs once, for the last time") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:00"), "minutely");
  house.start();
  house.pass_until(at("2025-05-14 08:05") + 30s);
  house.garden.end();
  house.pass(0ms);
  CHECK(house.garden.runs.size() == 2);
  CHECK(house.garden.logged("Event scheduled at 2025-05-14 08:01:00 UTC was missed, and 3 more times since"));
  house.garden.end();
  house.pass_until(at("2025-05-14 08:06"));
  CHECK(house.garden.runs.size() == 3);
}

TEST_CASE("a failure is logged with the time it was scheduled at") {
  House house("Europe/Berlin");
  house.event(1, at("2025-05-14 08:00"));
  house.regimen(5, {{{"time_offset", 0}, {"sequence_id", 1}}});
  house.event(2, at("2025-05-14 22:00"), "never", {{"executable_type", "Regimen"}, {"executable_id", 5}});
  house.garden.outcome = fail(Status::locked, "Device is locked.");
  house.start();
  house.pass(48h);
  CHECK(house.garden.logged(
      "error: Event scheduled at 2025-05-14 10:00:00 CEST failed to execute: Device is locked."));
  CHECK(house.garden.logged(
      "error: Regimen scheduled at 2025-05-15 00:00:00 CEST failed to execute: Device is locked."));
}

TEST_CASE("a failure does not end an event that repeats") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "hourly");
  house.garden.outcome = fail(Status::failed, "no");
  house.start();
  house.pass_until(at("2025-05-14 10:00"));
  CHECK(house.garden.runs.size() == 3);
}

TEST_CASE("a regimen runs its items, several at the same time in their order") {
  House house;
  const std::int64_t hour = 3'600'000;
  house.regimen(5,
                {{{"time_offset", 8 * hour}, {"sequence_id", 1}},
                 {{"time_offset", 8 * hour}, {"sequence_id", 2}},
                 {{"time_offset", 32 * hour}, {"sequence_id", 3}}},
                {"regimen"});
  house.event(9, at("2025-05-14 07:00"), "never",
              {{"executable_type", "Regimen"}, {"executable_id", 5}, {"body", {"event"}}});
  house.start();
  house.pass(std::chrono::days(5));
  CHECK(house.ran() == Ids{1, 2, 3});
  CHECK(house.garden.runs[2].at == at("2025-05-15 08:00"));
  CHECK(house.garden.runs[0].name == "Tomatoes: S1");
  CHECK(house.garden.runs[0].applications == json{"regimen", "event"});
}

TEST_CASE("items of a regimen that are overdue together all run") {
  House house;
  house.garden.ends_at_once = false;
  house.regimen(5, {{{"time_offset", 8 * 3'600'000}, {"sequence_id", 1}},
                    {{"time_offset", 8 * 3'600'000 + 60'000}, {"sequence_id", 2}},
                    {{"time_offset", 8 * 3'600'000 + 120'000}, {"sequence_id", 3}}});
  house.event(9, at("2025-05-14 00:00"), "never", {{"executable_type", "Regimen"}, {"executable_id", 5}});
  house.start();
  house.pass_until(at("2025-05-14 08:10"));
  house.garden.ends_at_once = true;
  house.garden.end();
  house.pass(0ms);
  CHECK(house.ran() == Ids{1, 2, 3});
}

TEST_CASE("a regimen that changes is planned anew") {
  House house;
  house.regimen(5, {{{"time_offset", 8 * 3'600'000}, {"sequence_id", 1}}});
  house.event(9, at("2025-05-14 00:00"), "never", {{"executable_type", "Regimen"}, {"executable_id", 5}});
  house.start();
  house.regimen(5, {{{"time_offset", 9 * 3'600'000}, {"sequence_id", 2}}});
  house.pass(24h);
  CHECK(house.ran() == Ids{2});
  CHECK(house.garden.runs[0].at == at("2025-05-14 09:00"));
}

TEST_CASE("a restart neither repeats nor forgets") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "hourly");
  house.start();
  house.pass_until(at("2025-05-14 08:00"));
  CHECK(house.garden.runs.size() == 1);
  house.start();
  house.pass(0ms);
  CHECK(house.garden.runs.size() == 1);
  house.scheduler.reset();
  house.garden.clock = at("2025-05-14 09:10");  // off for an hour
  house.start();
  house.pass(0ms);
  CHECK(house.garden.runs.size() == 2);
  CHECK(house.garden.runs[1].at == at("2025-05-14 09:10"));
}

TEST_CASE("what a long time off has missed is one line of the log") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "minutely");
  house.start();
  house.pass_until(at("2025-05-14 08:00"));
  house.scheduler.reset();
  house.garden.clock = at("2025-06-14 08:00");
  house.start();
  house.pass(0ms);
  CHECK(house.garden.runs.size() == 2);
  CHECK(house.garden.logs.size() == 1);
  CHECK(house.garden.logged(
      "Event scheduled at 2025-05-14 08:01:00 UTC was missed, and 44638 more times since"));
}

TEST_CASE("what was running when the host stopped is named, and not begun anew") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  house.pass_until(at("2025-05-14 08:00"));
  house.start();
  house.pass(1h);
  CHECK(house.garden.runs.size() == 1);
  CHECK(house.garden.logged("S1, scheduled at 2025-05-14 08:00:00 UTC, was interrupted by a restart"));
  house.start();
  CHECK(house.garden.logs.size() == 1);
}

TEST_CASE("the mark of an event is in the image before its sequence starts") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  house.pass_until(at("2025-05-14 08:00"));
  const auto journal = Journal::read(house.garden.saved).value();
  CHECK(journal.marks.at(1).at == at("2025-05-14 08:00"));
  CHECK(journal.running == Due{{at("2025-05-14 08:00"), 0}, 1});
}

TEST_CASE("what the scheduler remembers comes back as it was") {
  Journal journal;
  journal.marks = {{1, {at("2025-05-14 08:00"), 0}}, {-2, end_of(at("2025-05-14 09:00"))}};
  journal.skips = {{{at("2025-05-15 08:00"), 0}, 1}, {{at("2025-05-16 08:00"), 3}, -2}};
  journal.running = Due{{at("2025-05-14 08:00"), 2}, 1};
  journal.running_name = "a \"name\"\nof two lines";
  const auto read = Journal::read(journal.text());
  REQUIRE(read);
  CHECK(read->marks == journal.marks);
  CHECK(read->skips == journal.skips);
  CHECK(read->running == journal.running);
  CHECK(read->running_name == journal.running_name);
  CHECK(Journal::read(Journal().text())->marks.empty());
}

TEST_CASE("a full disk does not keep the garden dry") {
  House house;
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  house.garden.disk_is_full = true;
  house.pass(24h);
  CHECK(house.ran() == Ids{1});
  CHECK(house.garden.logged("a restart may repeat \"S1\""));
}

TEST_CASE("notes that cannot be read are said to be lost, and the schedule goes on") {
  House house;
  house.garden.saved = "{nonsense";
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  CHECK(house.garden.logged("cannot be read"));
  house.pass(24h);
  CHECK(house.ran() == Ids{1});
}

TEST_CASE("a clock that jumps forward runs what is a little late, and misses the rest") {
  House house;
  house.event(1, at("2025-05-14 08:00"));
  house.event(2, at("2025-05-14 09:50"));
  house.start();
  house.set_clock(at("2025-05-14 10:00"));
  CHECK(house.ran() == Ids{2});
  CHECK(house.garden.logged("08:00:00 UTC was missed"));
}

TEST_CASE("a clock that is set back does not repeat what has run") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "hourly");
  house.start();
  house.pass_until(at("2025-05-14 10:00"));
  CHECK(house.garden.runs.size() == 3);
  house.set_clock(at("2025-05-14 07:30"));
  house.pass_until(at("2025-05-14 10:30"));
  CHECK(house.garden.runs.size() == 3);
  house.pass_until(at("2025-05-14 11:00"));
  CHECK(house.garden.runs.size() == 4);
}

TEST_CASE("a clock that was years ahead does not silence the schedule") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily");
  house.garden.clock = at("2031-05-14 07:00");
  house.start();
  house.pass_until(at("2031-05-14 08:00"));
  CHECK(house.garden.runs.size() == 1);
  house.set_clock(at("2025-05-20 07:00"));
  CHECK(house.garden.logged("The clock was ahead by more than a day"));
  house.pass_until(at("2025-05-20 08:00"));
  CHECK(house.garden.runs.size() == 2);
}

TEST_CASE("a clock that has not been set starts nothing, says so once, and what comes then is on time") {
  House house;
  house.garden.clock = at("1970-01-01 00:01");
  house.event(1, at("1970-01-01 00:02"), "hourly");
  house.event(2, at("2025-05-14 08:00"));
  house.start();
  house.pass(24h);
  house.event(3, at("2025-05-14 09:00"));
  house.pass(24h);
  CHECK(house.garden.runs.empty());
  CHECK(house.garden.logs.size() == 1);
  CHECK(house.garden.logged("has not been set"));
  CHECK_FALSE(house.scheduler->clock_is_set());
  house.set_clock(at("2025-05-14 07:58"));
  house.pass_until(at("2025-05-14 09:01"));
  CHECK(house.ran() == Ids{2, 1, 3});
}

TEST_CASE("the device's zone decides when, and a change of it is followed") {
  House house("Europe/Berlin");
  house.event(1, at("2025-03-29 08:00", "Europe/Berlin"), "daily");
  house.garden.clock = at("2025-03-29 00:00");
  house.start();
  house.pass_until(at("2025-03-31 00:00"));
  REQUIRE(house.garden.runs.size() == 2);
  CHECK(house.garden.runs[1].at == at("2025-03-30 06:00"));
  REQUIRE(house.assets.update(AssetKind::device, 0, {{"timezone", "Etc/UTC"}}));
  house.pass_until(at("2025-04-01 00:00"));
  REQUIRE(house.garden.runs.size() == 3);
  CHECK(house.garden.runs[2].at == at("2025-03-31 07:00"));
}

TEST_CASE("an unknown zone is UTC, with a warning") {
  House house("Mars/Olympus");
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  CHECK(house.garden.logged("There is no time zone \"Mars/Olympus\""));
  house.pass(24h);
  CHECK(house.ran() == Ids{1});
}

TEST_CASE("an event that cannot be read is named, and the others run") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily", {{"repeat", 0}});
  house.event(2, at("2025-05-14 08:00"));
  house.start();
  CHECK(house.garden.logged("Farm event 1: repeat"));
  house.pass(24h);
  CHECK(house.ran() == Ids{2});
}

TEST_CASE("the next moment of an event can be skipped, also after a restart") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily");
  house.start();
  const auto due = house.skip(1);
  REQUIRE(due);
  CHECK(due->moment.at == at("2025-05-14 08:00"));
  house.start();
  house.pass_until(at("2025-05-14 12:00"));
  CHECK(house.garden.runs.empty());
  CHECK(house.garden.logged("info: S1, scheduled at 2025-05-14 08:00:00 UTC, is skipped."));
  house.pass(24h);
  CHECK(house.garden.runs.size() == 1);
}

TEST_CASE("skipping twice skips two, and a time can be named") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily");
  house.start();
  CHECK(house.skip(1)->moment.at == at("2025-05-14 08:00"));
  CHECK(house.skip(1)->moment.at == at("2025-05-15 08:00"));
  CHECK(house.skip(1, at("2025-05-20 08:00"))->moment.at == at("2025-05-20 08:00"));
  CHECK(house.skip(1, at("2025-05-20 08:00")).error().status == Status::not_found);
  CHECK(house.skip(1, at("2025-05-20 09:00")).error().status == Status::not_found);
  CHECK(house.skip(1, at("2025-05-13 08:00")).error().status == Status::not_found);
  CHECK(house.skip(2).error().status == Status::not_found);
  house.pass_until(at("2025-05-21 12:00"));
  CHECK(house.garden.runs.size() == 5);
}

TEST_CASE("what was to be skipped is not missed") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "daily");
  house.start();
  REQUIRE(house.skip(1));
  house.set_clock(at("2025-05-14 12:00"));
  CHECK_FALSE(house.garden.logged("missed"));
  CHECK(house.garden.runs.empty());
}

TEST_CASE("skips have a bound") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "minutely");
  house.start();
  for (std::size_t i = 0; i < max_skips; ++i) REQUIRE(house.skip(1));
  CHECK(house.skip(1).error().status == Status::out_of_resources);
  REQUIRE(house.assets.remove(AssetKind::farm_event, 1));
  house.event(2, at("2025-05-14 08:00"));
  house.pass(0ms);
  CHECK(house.skip(2));
}

TEST_CASE("the list shows what comes, what runs and what is left out") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:00"), "hourly");
  house.event(2, at("2025-05-14 08:00"));
  house.event(3, at("2025-05-14 08:30"));
  house.start();
  REQUIRE(house.skip(1, at("2025-05-14 09:00")));
  house.pass_until(at("2025-05-14 08:00"));
  const auto entries = house.scheduler->upcoming(5);
  REQUIRE(entries.size() == 5);
  CHECK(entries[0].due.event_id == 1);
  CHECK(entries[0].prospect == Prospect::running);
  CHECK(entries[0].process == 1);
  CHECK(entries[1].due.event_id == 2);
  CHECK(entries[1].prospect == Prospect::waiting);
  CHECK(entries[2].due.event_id == 3);
  CHECK(entries[2].prospect == Prospect::due);
  CHECK(entries[3].prospect == Prospect::skipped);
  CHECK(entries[4].due.moment.at == at("2025-05-14 10:00"));
  CHECK(house.scheduler->upcoming(9, 3).size() == 1);
}

TEST_CASE("the list is bounded") {
  House house;
  house.event(1, at("2025-05-14 08:00"), "minutely");
  house.start();
  CHECK(house.scheduler->upcoming(1'000'000).size() == max_listed);
}

TEST_CASE("the boot sequence runs when the machine is ready, once, before what is due") {
  House house;
  REQUIRE(house.assets.put(AssetKind::fbos_config, {{"boot_sequence_id", 77}}));
  house.event(1, at("2025-05-14 06:00"));
  house.garden.clock = at("2025-05-14 05:59");
  house.start();
  house.garden.clock = at("2025-05-14 06:00");
  house.scheduler->machine_ready();
  house.pass(0ms);
  house.scheduler->machine_ready();
  house.pass(0ms);
  CHECK(house.ran() == Ids{77, 1});
  CHECK(house.garden.logged("FarmBot is booted. Executing boot sequence..."));
}

TEST_CASE("the boot sequence does not wait for the clock") {
  House house;
  REQUIRE(house.assets.put(AssetKind::fbos_config, {{"boot_sequence_id", 77}}));
  house.garden.clock = at("1970-01-01 00:01");
  house.garden.outcome = fail(Status::not_found, "sequence not found");
  house.start();
  house.scheduler->machine_ready();
  house.pass(0ms);
  CHECK(house.ran() == Ids{77});
  CHECK(house.garden.logged("error: Boot sequence failed to execute: sequence not found"));
}

TEST_CASE("without a boot sequence the machine is just booted") {
  House house;
  house.start();
  house.scheduler->machine_ready();
  CHECK(house.garden.logs == std::vector<std::string>{"success: FarmBot is booted."});
}

TEST_CASE("a scheduler that is gone hears nothing more") {
  House house;
  house.garden.ends_at_once = false;
  house.event(1, at("2025-05-14 08:00"));
  house.start();
  house.pass_until(at("2025-05-14 08:00"));
  house.scheduler.reset();
  house.garden.end();
  house.event(2, at("2025-05-14 09:00"));
  CHECK(house.garden.runs.size() == 1);
}
