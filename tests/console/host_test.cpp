// Commands against a VM that is a session in the same process.

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/console/fake_host.hpp"

namespace celeriac::console {
using protocol::Error;
using protocol::Json;
using protocol::Status;
using test::CommandLine;
using test::FakeMachine;
using test::FakeVm;
using test::TemporaryDirectory;
using test::When;

namespace {

constexpr std::string_view blink = R"({"kind": "sequence", "name": "blink",
 "args": {"version": 20180209, "locals": {"kind": "scope_declaration", "args": {}}},
 "body": [{"kind": "write_pin", "args": {"pin_number": 8, "pin_value": 1, "pin_mode": 0}},
          {"kind": "wait", "args": {"milliseconds": 500}}]}
)";

Json process(const std::string& state, int step, const std::string& path) {
  return {{"id", 7},         {"name", "blink"},        {"code", 1},           {"state", state},
          {"path", path},    {"path_code", 1},         {"kind", "write_pin"}, {"step", step},
          {"steps", 2},      {"steps_done", step - 1}, {"started", nullptr},  {"waiting_for", nullptr},
          {"error", nullptr}};
}

struct Host {
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  FakeMachine machine{vm.dispatcher};
};

}  // namespace

TEST_CASE("ps lists the processes, or says how to get one") {
  Host host;
  CHECK(host.celeriac({"ps"}).out == "no processes: `celeriac run FILE` starts one\n");
  host.vm.stat = process("running", 1, "/body/0");
  host.vm.stat["waiting_for"] = "motion, owned by process 3";
  CHECK(host.celeriac({"ps"}).out ==
        "ID  NAME   STATE    STEP  AT       STARTED  REMARK\n"
        " 7  blink  running  1/2   /body/0        -  waits for motion, owned by process 3\n");
  CHECK(host.celeriac({"ps", "--json"}).json()["processes"][0]["id"] == 7);
  host.vm.stat["state"] = "done";
  CHECK(host.celeriac({"ps", "--running", "--json"}).json()["processes"].empty());
}

TEST_CASE("ps shows what a careless host sends, without a slip") {
  Host host;
  host.vm.stat = {{"id", "seven"}, {"name", 5}, {"state", nullptr}, {"error", "broken"}, {"step", 1e300}};
  CHECK(host.celeriac({"ps"}).status == 0);
}

TEST_CASE("pause, resume, step and kill are one operation each and tell how it stands") {
  Host host;
  host.vm.stat = process("paused", 2, "/body/1");
  CHECK(host.celeriac({"pause", "7"}).out == "process 7 is paused, next is /body/1\n");
  CHECK(host.celeriac({"resume", "7"}).out == "process 7 runs, next is /body/1\n");
  CHECK(host.celeriac({"step", "7"}).out == "process 7 has made one step, next is /body/1\n");
  host.vm.stat = process("killed", 2, "/body/1");
  CHECK(host.celeriac({"kill", "7"}).out == "process 7 is killed\n");
  CHECK(host.vm.requests == std::vector<std::string>{"PROC.PAUSE", "PROC.STAT", "PROC.RUN", "PROC.STAT",
                                                     "PROC.STEP", "PROC.STAT", "PROC.KILL", "PROC.STAT"});
}

TEST_CASE("wait ends with the fate of the process") {
  Host host;
  host.vm.stat = process("done", 2, "");
  CHECK(host.celeriac({"wait", "7"}).status == 0);
  host.vm.run_ends_with = Error{.status = Status::failed, .message = "The pump is dry.", .path = "/body/1"};
  const auto failed = host.celeriac({"wait", "7"});
  CHECK(failed.status == 1);
  CHECK(failed.err == "celeriac: The pump is dry.\n  at /body/1 of the sequence\n");
}

TEST_CASE("run uploads, runs, tells each step and the end, and leaves no code behind") {
  Host host;
  host.vm.on_run = [&] { host.vm.registers.publish("process.7", process("running", 1, "/body/0")); };
  host.vm.stat = process("done", 2, "");
  const auto outcome = host.celeriac({"run", host.directory.file("blink.json", blink), "--arg", "times=3"});
  CAPTURE(outcome.out, outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("/body/0  write_pin pin_number 8, pin_value 1, pin_mode 0"));
  CHECK(outcome.out.contains("blink: done in "));
  CHECK(host.vm.started == Json{{"args", {{"times", 3}}}, {"name", "blink"}});
  CHECK(host.vm.codes.empty());
  CHECK(host.vm.requests == std::vector<std::string>{"CODE.CREATE", "CODE.OPEN", "CODE.WRITE", "CODE.CLOSE",
                                                     "PROC.START", "PROC.RUN", "PROC.WAIT", "PROC.STAT",
                                                     "CODE.RM"});
}

TEST_CASE("a step inside a called sequence is told in that sequence's words") {
  Host host;
  host.vm.on_run = [&] {
    auto inside = process("running", 1, "/body/1");
    inside["code"] = 2;
    host.vm.registers.publish("process.7", inside);
  };
  host.vm.stat = process("done", 2, "");
  const auto outcome =
      host.celeriac({"run", host.directory.file("a.json", blink), host.directory.file("b.json", blink)});
  CHECK(outcome.out.contains("/body/1  wait milliseconds 500  in \"blink\""));
}

TEST_CASE("a step inside a sequence that was not sent is told by its kind and code") {
  Host host;
  host.vm.on_run = [&] {
    auto inside = process("running", 1, "/body/1");
    inside["path_code"] = 9;
    host.vm.registers.publish("process.7", inside);
  };
  host.vm.stat = process("done", 2, "");
  const auto outcome = host.celeriac({"run", host.directory.file("blink.json", blink)});
  CHECK(outcome.out.contains("/body/1  write_pin  in code 9"));
}

TEST_CASE("of several files the last is run, and all are there while it runs") {
  Host host;
  std::size_t codes = 0;
  host.vm.on_run = [&] { codes = host.vm.codes.size(); };
  host.vm.stat = process("done", 2, "");
  const auto outcome =
      host.celeriac({"run", host.directory.file("a.json", blink), host.directory.file("b.json", blink)});
  CHECK(outcome.status == 0);
  CHECK(codes == 2);
  CHECK(host.vm.started_code == 2);
  CHECK(host.vm.codes.empty());
}

TEST_CASE("a file larger than a frame goes out in pieces that make the whole") {
  Host host;
  std::string source(blink);
  source.insert(source.size() - 2, std::string(150'000, ' '));
  std::string uploaded;
  host.vm.on_run = [&] { uploaded = host.vm.codes.begin()->second; };
  host.vm.stat = process("done", 2, "");
  CHECK(host.celeriac({"run", host.directory.file("long.json", source)}).status == 0);
  CHECK(uploaded == source);
}

TEST_CASE("a run that fails says where and why, and ends with 1") {
  Host host;
  host.vm.stat = process("failed", 2, "/body/1");
  host.vm.run_ends_with =
      Error{.status = Status::hardware_fault, .message = "The x axis stalled.", .path = "/body/1"};
  const auto outcome = host.celeriac({"run", host.directory.file("blink.json", blink)});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.starts_with("celeriac: blink failed after "));
  CHECK(outcome.err.ends_with(" at /body/1: The x axis stalled.\n"));
  CHECK(host.vm.codes.empty());
}

TEST_CASE("with --json a run is one document a line, the last of them the end") {
  Host host;
  host.vm.on_run = [&] {
    host.vm.registers.log({{"level", "info"}, {"message", "hello"}});
    host.vm.registers.publish("process.7", process("running", 1, "/body/0"));
    host.vm.registers.publish("position", {{"x", 3.0}, {"y", 4.0}, {"z", 0.0}});
  };
  host.vm.stat = process("done", 2, "");
  const auto outcome = host.celeriac({"run", "--json", host.directory.file("blink.json", blink)});
  CHECK(outcome.status == 0);
  const auto events = outcome.json_lines();
  REQUIRE(events.size() >= 3);
  CHECK(std::ranges::any_of(
      events, [](const Json& e) { return e["event"] == "log" && e["entry"]["message"] == "hello"; }));
  CHECK(std::ranges::any_of(events,
                            [](const Json& e) { return e["event"] == "step" && e["path"] == "/body/0"; }));
  CHECK(events.back()["event"] == "end");
  CHECK(events.back()["ok"] == true);
  CHECK(events.back()["distance_mm"] == 5.0);
}

TEST_CASE("on a terminal the cursor is back when the run has ended") {
  Host host;
  host.celeriac.interactive = true;
  host.vm.on_run = [&] { host.vm.registers.publish("process.7", process("running", 1, "/body/0")); };
  host.vm.stat = process("done", 2, "");
  const auto outcome = host.celeriac({"run", host.directory.file("blink.json", blink)});
  CHECK(outcome.out.contains("\x1b[?25l"));
  CHECK(outcome.out.rfind("\x1b[?25h") > outcome.out.rfind("\x1b[?25l"));
  CHECK(outcome.out.contains("blink: done in "));
}

TEST_CASE("Ctrl-C kills the process that run started, and says so") {
  Host host;
  host.vm.runs_for_ever = true;
  host.vm.stat = process("running", 1, "/body/0");
  boost::asio::steady_timer later(host.celeriac.io);
  host.vm.on_run = [&] {
    later.expires_after(std::chrono::milliseconds(20));
    later.async_wait([](auto) { std::raise(SIGINT); });
  };
  const auto outcome = host.celeriac({"run", host.directory.file("blink.json", blink)});
  CHECK(outcome.status == 130);
  CHECK(outcome.err == "celeriac: interrupted: process 7 is killed\n");
  CHECK(std::ranges::contains(host.vm.requests, "PROC.KILL"));
  CHECK(host.vm.codes.empty());
}

TEST_CASE("motor commands send what the person typed") {
  Host host;
  const Json full{{"x_speed", 100}, {"y_speed", 100}, {"z_speed", 100}};
  CHECK(host.celeriac({"move", "-100", "20.5", "-.5"}).out.starts_with("moved in "));
  CHECK(host.celeriac({"jog", "y", "-10", "--speed", "50"}).out.contains("moved y by -10.00 mm in "));
  CHECK(host.celeriac({"home"}).out.contains("went to 0 on all axes in "));
  CHECK(host.celeriac({"find-home", "x"}).status == 0);
  CHECK(host.celeriac({"calibrate", "z"}).status == 0);
  CHECK(host.celeriac({"zero", "z"}).status == 0);
  const auto& requests = host.machine.requests;
  REQUIRE(requests.size() == 6);
  Json move{{"x", -100}, {"y", 20.5}, {"z", -0.5}};
  move.update(full);
  CHECK(requests[0] == std::pair<std::string, Json>("SYS.MOVE_ABSOLUTE", move));
  CHECK(requests[1].second["y"] == -10);
  CHECK(requests[1].second["x_speed"] == 50);
  CHECK(requests[2] == std::pair<std::string, Json>("SYS.HOME", {{"axis", 3}, {"speed", 100}}));
  CHECK(requests[3] == std::pair<std::string, Json>("SYS.FIND_HOME", {{"axis", 0}, {"speed", 100}}));
  CHECK(requests[4] == std::pair<std::string, Json>("SYS.CALIBRATE", {{"axis", 2}}));
  CHECK(requests[5] == std::pair<std::string, Json>("SYS.ZERO", {{"axis", 2}}));
}

TEST_CASE("pins and servos") {
  Host host;
  CHECK(host.celeriac({"pin", "read", "59", "--analog"}).out == "pin 59 is 512 (analog)\n");
  CHECK(host.celeriac({"pin", "write", "8", "1"}).out == "pin 8 is 1\n");
  CHECK(host.celeriac({"pin", "toggle", "8"}).status == 0);
  CHECK(host.celeriac({"servo", "4", "90"}).out == "the servo on pin 4 is at 90°\n");
  CHECK(host.machine.requests[1] ==
        std::pair<std::string, Json>("SYS.WRITE_PIN", {{"pin", 8}, {"value", 1}, {"mode", 0}}));
}

TEST_CASE("an emergency stop goes to the VM and to the hypervisor, on channel 0") {
  Host host;
  std::vector<int> channels;
  protocol::Dispatcher hypervisor(protocol::Server::hypervisor);
  for (auto* dispatcher : {&hypervisor, &host.vm.dispatcher})
    dispatcher->on(*protocol::find_operation("SYS.EMERGENCY_LOCK"),
                   [&](protocol::Request& request, protocol::Responder responder) {
                     channels.push_back(static_cast<int>(request.channel));
                     responder.ok();
                   });
  const auto listener =
      protocol::Listener::on_unix(host.celeriac.io, host.directory.path() / "hal.sock", hypervisor);
  REQUIRE(listener);
  const auto outcome = host.celeriac({"estop"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.starts_with("stopped and locked, says the hypervisor and the VM"));
  CHECK(channels == std::vector{0, 0});
}

TEST_CASE("one who can stop is enough for an emergency stop") {
  Host host;  // no hypervisor listens here
  const auto outcome = host.celeriac({"estop"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.contains("says the VM;"));
  CHECK(host.celeriac({"estop", "--json"}).json()["answers"]["hypervisor"]["code"] == "unreachable");
}

TEST_CASE("parameters are listed, found, read and changed") {
  Host host;
  CHECK(host.celeriac({"param", "list"}).out ==
        "NAME                VALUE  UNIT\n"
        "movement_home_up_x      0\n"
        "movement_max_spd_x    400  steps/s\n");
  CHECK(host.celeriac({"param", "list", "spd", "--json"}).json() == Json{{"movement_max_spd_x", 400}});
  CHECK(host.celeriac({"param", "set", "movement_max_spd_x", "500"}).out ==
        "movement_max_spd_x is 500 steps/s\n");
  CHECK(host.machine.requests.back().second ==
        Json{{"package", 0}, {"config", "movement_max_spd_x"}, {"value", 500}});
  CHECK(host.celeriac({"param", "set", "safe_height", "-20", "--package", "os"}).status == 0);
  CHECK(host.machine.requests.back().second ==
        Json{{"package", 1}, {"config", "safe_height"}, {"value", -20}});
}

TEST_CASE("watch prints the present value and every change, one a line") {
  Host host;
  When watched(
      host.celeriac.io, [&] { return host.vm.registers.watched("position"); },
      [&] { host.vm.registers.publish("position", {{"x", 1.0}, {"y", 0.0}, {"z", 0.0}}); });
  const auto outcome = host.celeriac({"watch", "position", "--count", "2", "--json"});
  CHECK(outcome.status == 0);
  const auto lines = outcome.json_lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["value"]["x"] == 0);
  CHECK(lines[1]["value"]["x"] == 1);
}

TEST_CASE("watch of a register that does not exist says so") {
  Host host;
  const auto outcome = host.celeriac({"watch", "positon"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "celeriac: There is no register \"positon\".\n");
}

TEST_CASE("status shows firmware, position, lock, pins and processes") {
  Host host;
  host.vm.registers.publish(
      "status",
      {{"firmware",
        {{"state", "ready"}, {"version", "6.6.0"}, {"board", "arduino"}, {"port", "/dev/ttyACM0"}}},
       {"position", {{"x", 1.0}, {"y", 2.0}, {"z", nullptr}}},
       {"locked", true},
       {"busy", false},
       {"pins", {{"10", {{"mode", 0}, {"value", 0}}}, {"8", {{"mode", 0}, {"value", 1}}}, {"9", nullptr}}},
       {"processes", Json::array({process("paused", 1, "/body/0")})}});
  const auto outcome = host.celeriac({"status"});
  CHECK(outcome.out ==
        "firmware   ready: arduino 6.6.0 on /dev/ttyACM0\n"
        "position   x 1.00  y 2.00  z ? mm\n"
        "lock       EMERGENCY LOCK is on: `celeriac unlock` ends it\n"
        "busy       no\n"
        "pins       8 = 1, 10 = 0\n"
        "\n"
        "ID  NAME   STATE   STEP  AT       STARTED  REMARK\n"
        " 7  blink  paused  1/2   /body/0        -\n");
  CHECK(host.celeriac({"status", "--json"}).json()["locked"] == true);
}

TEST_CASE("the code store is listed, looked into and emptied") {
  Host host;
  CHECK(host.celeriac({"code", "list"}).out == "the store is empty\n");
  host.vm.codes[3] = "{}";
  CHECK(host.celeriac({"code", "list"}).out.contains("watering  sequence"));
  CHECK(host.celeriac({"code", "show", "3", "--json"}).json()["bytes"] == 2);
  CHECK(host.celeriac({"code", "show", "4"}).status == 1);
  CHECK(host.celeriac({"code", "rm", "3"}).out == "code 3 is removed\n");
  CHECK(host.vm.codes.empty());
}

}  // namespace celeriac::console
