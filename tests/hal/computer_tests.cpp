// The computer under the bot: what it says of itself, and how it is switched off.

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "bench.hpp"
#include "hal/system/computer_watch.hpp"
#include "hal/system/logind.hpp"
#include "hal/system/system_control.hpp"
#include "hal/system/throttling.hpp"
#include "scripted_board.hpp"

namespace celeriac::hal::testing {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace system;
using protocol::Json;
using protocol::Result;
using protocol::Status;

void put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A Raspberry Pi made of files.
void make_pi(const fs::path& root) {
  put(root / "proc/device-tree/model", std::string_view("Raspberry Pi 4 Model B Rev 1.4\0", 31));
  put(root / "etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n");
  put(root / "proc/uptime", "3600.25 14000.10\n");
  put(root / "proc/meminfo", "MemTotal:        3882384 kB\nMemFree: 1 kB\nMemAvailable:    2000000 kB\n");
  put(root / "sys/class/thermal/thermal_zone0/temp", "48312\n");
  put(root / "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  put(root / "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n");
  put(root / "sys/block/mmcblk0/device/life_time", "0x01 0x03\n");
  put(root / "sys/block/mmcblk0/device/pre_eol_info", "0x02\n");
  put(root / "sys/fs/ext4/mmcblk0p2/errors_count", "2\n");
  put(root / "run/systemd/timesync/synchronized", "");
}

TEST_CASE("a Pi's readings become the status tree's computer") {
  Folder folder;
  make_pi(folder.path());
  const auto document = system::document(read({.root = folder.path(), .folder = folder.path()}));
  CHECK(document["model"] == "Raspberry Pi 4 Model B Rev 1.4");
  CHECK(document["os"] == "Debian GNU/Linux 13 (trixie)");
  CHECK(document["uptime_s"] == 3600.25);
  CHECK(document["temperature_c"] == 48.312);
  CHECK(document["throttling"] ==
        Json{"under_voltage", "throttled", "under_voltage_has_occurred", "throttling_has_occurred"});
  CHECK(document["memory"] == Json{{"total", 3882384ull * 1024}, {"available", 2000000ull * 1024}});
  CHECK(document["disk"]["path"] == folder.path().string());
  CHECK(document["disk"]["total"].get<std::uint64_t>() >= document["disk"]["free"].get<std::uint64_t>());
  CHECK(document["disk"]["health"] == Json{{"worn_percent", 30}, {"reserve", "warning"}, {"errors", 2}});
  CHECK(document["clock"] == Json{{"synchronized", true}});
}

TEST_CASE("what a computer does not tell is null and no error") {
  Folder folder;
  put(folder.path() / "proc/uptime", "not a number");
  put(folder.path() / "sys/block/mmcblk0/device/life_time", "0x00 0xff\n");
  put(folder.path() / "sys/block/mmcblk0/device/pre_eol_info", "");
  const auto document = system::document(read({.root = folder.path(), .folder = folder.path() / "nowhere"}));
  for (const char* name : {"model", "os", "uptime_s", "temperature_c", "throttling"})
    CHECK(document[name].is_null());
  CHECK(document["memory"] == Json{{"total", nullptr}, {"available", nullptr}});
  CHECK(document["disk"]["free"].is_null());
  CHECK(document["disk"]["health"] ==
        Json{{"worn_percent", nullptr}, {"reserve", nullptr}, {"errors", nullptr}});
  CHECK(document["clock"]["synchronized"].is_null());
}

TEST_CASE("a file that does not end is read up to a bound") {
  Folder folder;
  put(folder.path() / "proc/device-tree/model", std::string(3 * max_reading, 'x'));
  CHECK(read({.root = folder.path()}).model.size() == max_reading);
}

TEST_CASE("a clock that timesyncd has not set is not synchronised") {
  Folder folder;
  make_pi(folder.path());
  fs::remove(folder.path() / "run/systemd/timesync/synchronized");
  CHECK(read({.root = folder.path()}).synchronized == false);
}

// ---- watching ----

struct Watch {
  asio::io_context io{1};
  VirtualTimers timers{io};
  Readings next{.temperature_c = 50, .folder = "/var/lib/celeriac", .disk_free = 10ull << 30};
  std::vector<std::string> said;
  int reads = 0, changes = 0;
  ComputerWatch watch{
      {.timers = timers,
       .background =
           [this](std::move_only_function<void()> job, std::move_only_function<void()> done) {
             job();
             asio::post(io, std::move(done));
           },
       .read =
           [this] {
             ++reads;
             return next;
           },
       .say = [this](firmware::Severity, std::string text) { said.push_back(std::move(text)); },
       .changed = [this] { ++changes; }}};

  void settle() {
    io.restart();
    io.poll();
  }
  /// As long as the watch sleeps.
  void pass(Duration time) {
    const auto end = timers.now() + time;
    for (settle(); timers.next() <= end; settle()) timers.advance(timers.next());
    timers.advance(end);
    settle();
  }
};

TEST_CASE(
    "the computer is looked at twice a minute, and more often for who asks, but not for each question") {
  Watch house;
  house.watch.start();
  house.settle();
  CHECK(house.reads == 1);
  house.pass(5min);
  CHECK(house.reads == 11);
  int answers = 0;
  for (int i = 0; i < 5; ++i) house.watch.ask([&](const Json& seen) { answers += seen.is_object(); });
  house.settle();
  CHECK(answers == 5);
  CHECK(house.reads == 11);  // just looked
  house.pass(fresh_for + 1s);
  for (int i = 0; i < 5; ++i) house.watch.ask([&](const Json& seen) { answers += seen.is_object(); });
  house.settle();
  CHECK(answers == 10);
  CHECK(house.reads == 12);
  CHECK(house.changes == 1);  // always the same
}

TEST_CASE("who asks beyond the bound is answered with what was seen last") {
  Watch house;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < max_reading_waiters + 3; ++i) house.watch.ask([&](const Json&) { ++answered; });
  CHECK(answered == 3);
  house.settle();
  CHECK(answered == max_reading_waiters + 3);
}

TEST_CASE("people hear once when something becomes bad, and once when it is well again") {
  Watch house;
  house.watch.start();
  house.pass(1min);
  CHECK(house.said.empty());
  house.next.temperature_c = 82;
  house.next.disk_free = 100ull << 20;
  house.next.throttling = 1;
  house.pass(5min);
  REQUIRE(house.said.size() == 3);
  CHECK(house.said[0].starts_with(
      "The disk is nearly full: 100 MB are left for /var/lib/celeriac, less than 500 MB"));
  CHECK(house.said[1].starts_with("The computer is at 82 °C"));
  CHECK(house.said[2].starts_with("The computer's supply is below"));
  house.next.temperature_c = 77;  // not cool yet
  house.pass(5min);
  CHECK(house.said.size() == 3);
  house.next = {.temperature_c = 60, .disk_free = 10ull << 30};
  house.pass(5min);
  REQUIRE(house.said.size() == 6);
  CHECK(house.watch.bad().empty());
}

TEST_CASE("a clock that is not set is news only after the network had its time") {
  Watch house;
  house.next.synchronized = false;
  house.next.uptime_s = 30;
  house.watch.start();
  house.pass(1min);
  CHECK(house.said.empty());
  house.next.uptime_s = 300;
  house.pass(1min);
  REQUIRE(house.said.size() == 1);
  CHECK(house.said[0].starts_with("The clock is not set"));
}

TEST_CASE("every bit of throttling has a word of its own") {
  CHECK(throttling_words(0).empty());
  CHECK(throttling_words(0xf000f).size() == std::size(throttling_bits));
  CHECK(throttling_words(0xfff0fff0).empty());
}

// ---- logind ----

/// logind at the other end of a socket, without a bus between.
class FakeLogind {
 public:
  FakeLogind() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    client_ = ends[0];
    REQUIRE(sd_bus_new(&bus_) >= 0);
    sd_id128_t id{};
    sd_id128_randomize(&id);
    REQUIRE(sd_bus_set_fd(bus_, ends[1], ends[1]) >= 0);
    REQUIRE(sd_bus_set_server(bus_, 1, id) >= 0);
    REQUIRE(sd_bus_set_anonymous(bus_, 1) >= 0);
    REQUIRE(sd_bus_add_filter(bus_, nullptr, &FakeLogind::heard, this) >= 0);
    REQUIRE(sd_bus_start(bus_) >= 0);
  }
  ~FakeLogind() { sd_bus_close_unref(bus_); }
  FakeLogind(const FakeLogind&) = delete;
  FakeLogind& operator=(const FakeLogind&) = delete;

  Logind::Connect connect(asio::io_context& io, Timers& timers) {
    return [this, &io, &timers] { return Bus::peer(io, timers, client_); };
  }
  void process() {
    while (sd_bus_process(bus_, nullptr) > 0) {
    }
  }

  std::vector<std::string> calls;  ///< "Manager.PowerOff false"
  std::string can = "yes";
  const char* refuses = nullptr;  ///< the name of an error
  bool silent = false;

 private:
  static int heard(sd_bus_message* message, void* self, sd_bus_error*) {
    return static_cast<FakeLogind*>(self)->answer(message);
  }
  int answer(sd_bus_message* message) {
    if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
    std::string call = sd_bus_message_get_member(message);
    if (sd_bus_message_has_signature(message, "b") > 0) {
      int value = 0;
      sd_bus_message_read_basic(message, 'b', &value);
      call += value != 0 ? " true" : " false";
    } else if (sd_bus_message_has_signature(message, "ss") > 0) {
      const char *first = nullptr, *second = nullptr;
      sd_bus_message_read(message, "ss", &first, &second);
      call += std::string(" ") + first + " " + second;
    }
    calls.push_back(call);
    if (silent) return 1;
    if (refuses != nullptr) return sd_bus_reply_method_errorf(message, refuses, "%s", "Not you.");
    if (call.starts_with("Can")) return sd_bus_reply_method_return(message, "s", can.c_str());
    return sd_bus_reply_method_return(message, "");
  }

  sd_bus* bus_ = nullptr;
  int client_ = -1;
};

struct RealComputer {
  asio::io_context io{1};
  AsioTimers timers{io};
  FakeLogind logind;
  Logind computer{io, logind.connect(io, timers)};

  /// The result of a call; it takes milliseconds, and a busy machine may need longer.
  Result<void> result(const std::function<void(Computer::Completion)>& call) {
    std::optional<Result<void>> got;
    call([&](Result<void> result) { got = std::move(result); });
    const auto end = Clock::now() + 40s;
    while (!got && Clock::now() < end) {
      io.restart();
      io.run_for(1ms);
      logind.process();
    }
    REQUIRE(got);
    return *got;
  }
};

TEST_CASE("logind is asked to power off without a password") {
  RealComputer house;
  CHECK(house.result([&](auto done) { house.computer.go(Going::off, std::move(done)); }));
  CHECK(house.logind.calls == std::vector<std::string>{"PowerOff false"});
}

TEST_CASE("logind is asked to reboot") {
  RealComputer house;
  CHECK(house.result([&](auto done) { house.computer.go(Going::down_and_up, std::move(done)); }));
  CHECK(house.logind.calls == std::vector<std::string>{"Reboot false"});
}

TEST_CASE("only a yes of logind's is a yes") {
  const std::pair<const char*, Status> rows[] = {
      {"yes", Status::ok}, {"no", Status::denied}, {"challenge", Status::denied}, {"na", Status::offline}};
  for (const auto& [word, status] : rows) {
    INFO(word);
    RealComputer house;
    house.logind.can = word;
    const auto may = house.result([&](auto done) { house.computer.may_go(Going::off, std::move(done)); });
    CHECK((may ? Status::ok : may.error().status) == status);
    if (status == Status::denied) CHECK(may.error().message.contains("50-celeriac.rules"));
    CHECK(house.logind.calls == std::vector<std::string>{"CanPowerOff"});
  }
}

TEST_CASE("a refusal of polkit's says what is missing") {
  RealComputer house;
  house.logind.refuses = SD_BUS_ERROR_ACCESS_DENIED;
  const auto gone = house.result([&](auto done) { house.computer.go(Going::off, std::move(done)); });
  REQUIRE_FALSE(gone);
  CHECK(gone.error().status == Status::denied);
  CHECK(gone.error().message.contains("Not you."));
  CHECK(gone.error().message.contains("50-celeriac.rules"));
}

TEST_CASE("systemd is asked to restart one unit of ours") {
  RealComputer house;
  CHECK(house.result([&](auto done) { house.computer.restart_service("vm", std::move(done)); }));
  CHECK(house.logind.calls == std::vector<std::string>{"RestartUnit celeriac-vm.service replace"});
}

TEST_CASE("a service that dies while it is asked is no defect") {
  RealComputer house;
  std::optional<Result<void>> got;
  {
    FakeLogind other;
    Logind computer(house.io, other.connect(house.io, house.timers));
    other.silent = true;
    computer.go(Going::off, [&](Result<void> result) { got = std::move(result); });
    const auto end = Clock::now() + 40s;
    while (other.calls.empty() && Clock::now() < end) {
      house.io.restart();
      house.io.run_for(1ms);
      other.process();
    }
  }
  const auto end = Clock::now() + 40s;
  while (!got && Clock::now() < end) {
    house.io.restart();
    house.io.run_for(1ms);
  }
  REQUIRE(got);
  CHECK_FALSE(*got);
}

TEST_CASE("a machine without a bus says so") {
  asio::io_context io{1};
  Logind computer(io, [] { return protocol::fail(Status::offline, "There is no bus."); });
  std::optional<Result<void>> got;
  computer.go(Going::off, [&](Result<void> result) { got = std::move(result); });
  CHECK_FALSE(got);
  io.run();
  REQUIRE(got);
  CHECK(got->error().status == Status::offline);
}

// ---- the order of things ----

/// A bot whose computer is simulated.
struct House {
  ScriptedBoard board;
  Bench bench{board};
  std::vector<std::string> said;
  std::size_t off_when_it_went = 0;  // writes of 0 to the valve that the board had heard by then
  SimulatedComputer computer{bench.io, [this](std::string text) {
                               off_when_it_went = board.count("F41 P8.00 V0.00");
                               said.push_back(std::move(text));
                             }};
  Updates updates{bench.io, bench.timers, "/nonexistent/apt-cache"};
  firmware::FirmwareStore store{bench.folder.path(), bench.folder.path(), bench.background};
  std::unique_ptr<firmware::Flasher> flasher =
      firmware::make_flasher(bench.io, bench.timers, "simulated", nullptr);
  FirmwareFlash flash{{.hypervisor = bench.hypervisor, .store = store, .flasher = *flasher, .port = [] {
                         return std::string("memory");
                       }}};
  SystemControl control{{.timers = bench.timers,
                         .hypervisor = bench.hypervisor,
                         .computer = computer,
                         .updates = updates,
                         .flash = flash}};

  House() { REQUIRE(bench.run_until_ready()); }
  Call go(Going going) {
    Call call;
    control.go(going, [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
    bench.run_until([&] { return call.answered(); });
    return call;
  }
};

TEST_CASE("the machine rests and its outputs are off before the computer goes") {
  House house;
  REQUIRE(house.bench.call("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}).ok());
  house.board.heard.clear();
  CHECK(house.go(Going::off).ok());
  CHECK(house.off_when_it_went == 1);
  CHECK(house.computer.asked == std::vector<std::string>{"off"});
  CHECK(house.said.at(0).starts_with("The simulated computer is switched off."));
}

TEST_CASE("after a simulated power off the bot goes on") {
  House house;
  CHECK(house.go(Going::down_and_up).ok());
  house.bench.run_for(1s);
  CHECK_FALSE(house.bench.hypervisor.resting());
  CHECK(house.bench.call("SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}}).ok());
  CHECK(house.go(Going::off).ok());
}

TEST_CASE("while the machine rests nothing begins, and the answer says why") {
  House house;
  bool rested = false;
  REQUIRE(house.bench.hypervisor.rest(
      {.refusal = {.status = Status::cancelled, .message = "The computer is being switched off."}},
      [&] { rested = true; }));
  REQUIRE(house.bench.run_until([&] { return rested; }));
  const auto refused = house.bench.call("SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}});
  CHECK(refused.status() == Status::cancelled);
  CHECK(refused.message() == "The computer is being switched off.");
  CHECK(house.go(Going::off).status() == Status::wrong_state);
  house.bench.hypervisor.wake([](const Outcome&) {});
  CHECK(house.bench.call("SYS.WRITE_PIN", {{"pin", 10}, {"value", 1}, {"mode", 0}}).ok());
}

TEST_CASE("a computer that is none is not switched off, and nothing stops for it") {
  House house;
  auto none = make_computer(house.bench.io, house.bench.timers, "none", nullptr);
  REQUIRE(none);
  SystemControl control{{.timers = house.bench.timers,
                         .hypervisor = house.bench.hypervisor,
                         .computer = **none,
                         .updates = house.updates,
                         .flash = house.flash}};
  Call call;
  control.go(Going::off, [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
  house.bench.run_until([&] { return call.answered(); });
  CHECK(call.status() == Status::offline);
  CHECK(call.message().contains("--computer real"));
  CHECK_FALSE(house.bench.hypervisor.resting());
  CHECK_FALSE(make_computer(house.bench.io, house.bench.timers, "imaginary", nullptr));
}

TEST_CASE("services of others are not restarted") {
  House house;
  Call call;
  house.control.restart_service("ssh",
                                [outcome = call.outcome](Outcome done) { *outcome = std::move(done); });
  CHECK(call.status() == Status::not_found);
  CHECK(house.computer.asked.empty());
}

}  // namespace
}  // namespace celeriac::hal::testing
