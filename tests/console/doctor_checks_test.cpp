// What doctor says of facts: pure functions, facts written down by hand.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "console/doctor/checks.hpp"
#include "console/doctor/report.hpp"

namespace celeriac::console::doctor {
using protocol::Json;
using protocol::Status;

namespace {

/// A simulated host as `celeriac up --simulate` makes it, everything in order.
Facts simulated() {
  Facts facts;
  facts.person = {.name = "ada", .groups = {"ada"}, .in_account = {"ada"}};
  for (const char* name : {"celeriac", "celeriac-hal", "celeriac-vm", "celeriac-guest", "celeriac-gateway"})
    facts.programs.push_back({.name = name, .path = std::string("/usr/bin/") + name, .version = "1.0"});
  for (Door* door : {&facts.hypervisor, &facts.vm}) {
    door->state = Door::State::answers;
    door->socket = "/run/host/" + door->daemon + ".sock";
  }
  facts.hypervisor_status =
      Json{{"firmware",
            {{"state", "ready"},
             {"version", "6.6.23.R.genesisK12"},
             {"board", "RAMPS 1.4"},
             {"port", "/run/host/firmware"},
             {"reason", nullptr}}},
           {"locked", false},
           {"trust", {{"x", "known"}, {"y", "known"}, {"z", "known"}}},
           {"outputs",
            {{"8", {{"name", "water valve"}, {"on", false}, {"longest_on_s", 600}, {"safe_value", 0}}}}},
           {"computer",
            {{"temperature_c", 48.5},
             {"throttling", Json::array()},
             {"memory", {{"total", 4e9}, {"available", 2e9}}},
             {"disk",
              {{"path", "/var/lib/celeriac"},
               {"total", 32e9},
               {"free", 20e9},
               {"health", {{"worn_percent", 10}, {"reserve", "normal"}, {"errors", 0}}}}},
             {"clock", {{"synchronized", true}}}}}};
  facts.vm_status = facts.hypervisor_status;
  facts.camera = Json{{"kind", "simulated"}};
  facts.image = Json{{"whole", true}, {"bytes", 100'000}, {"free_bytes", 0}, {"findings", Json::array()}};
  facts.packages = Json{{"packages", Json::array()}};
  facts.sync = Json("sync_now");
  facts.processes = Json{{"http-client:distro:sys", Json::object()}};
  return facts;
}

Json& machine(Facts& facts) {
  return *facts.hypervisor_status;
}

/// The findings of one check, by its name.
Findings of(std::string_view check, const Facts& facts) {
  const auto row = std::ranges::find(checks(), check, &Check::name);
  REQUIRE(row != checks().end());
  return row->look(facts);
}

/// The only finding of a check.
Finding one(std::string_view check, const Facts& facts) {
  auto findings = of(check, facts);
  REQUIRE(findings.size() == 1);
  return findings.front();
}

}  // namespace

TEST_CASE("a simulated host in order is green, and nothing is unknown") {
  const auto diagnosis = examine(simulated());
  for (const auto& [check, finding] : diagnosis) {
    INFO(check << ": " << finding.says);
    CHECK((finding.verdict == Verdict::ok || finding.verdict == Verdict::unused));
  }
  CHECK(green(diagnosis));
  CHECK(summary(diagnosis).starts_with("green: "));
}

TEST_CASE("every check says something of facts that nobody collected, and none of them is ok") {
  const Facts nothing;
  for (const auto& check : checks()) {
    INFO(check.name);
    const auto findings = check.look(nothing);
    CHECK_FALSE(findings.empty());
    for (const auto& finding : findings) {
      CHECK(finding.verdict != Verdict::ok);
      CHECK_FALSE(finding.says.empty());
    }
  }
}

TEST_CASE("every problem and every warning comes with what to do") {
  Facts facts = simulated();
  machine(facts)["locked"] = true;
  machine(facts)["trust"]["x"] = "unknown";
  machine(facts)["firmware"]["state"] = "offline";
  machine(facts)["computer"]["disk"]["free"] = 1000;
  machine(facts)["computer"]["throttling"] = {"under-voltage"};
  facts.image = Json{{"whole", false}, {"findings", {"page 3 is bad"}}};
  facts.programs[1].path.clear();
  for (const auto& [check, finding] : examine(facts)) {
    INFO(check << ": " << finding.says);
    if (finding.verdict >= Verdict::warning) CHECK_FALSE(finding.advice.empty());
  }
}

TEST_CASE("names of checks are there once") {
  std::set<std::string_view> names;
  for (const auto& check : checks()) CHECK(names.insert(check.name).second);
}

TEST_CASE("a program that is missing, and one of another version, are named") {
  Facts facts = simulated();
  facts.programs[1].path.clear();
  auto finding = one("programs", facts);
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.says == "not found: celeriac-hal");
  CHECK(finding.advice.contains("apt install"));

  facts = simulated();
  facts.programs[2].version = "0.9";
  finding = one("programs", facts);
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.says.contains("celeriac-vm of 0.9"));
}

TEST_CASE("a program that does not start is a problem with its reason") {
  Facts facts = simulated();
  facts.programs[3].version = protocol::fail(Status::failed, "no libwasmedge.so.0");
  const auto findings = of("programs", facts);
  CHECK(findings.front().verdict == Verdict::problem);
  CHECK(findings.front().says.contains("no libwasmedge.so.0"));
}

TEST_CASE("an optional program that is missing is no problem") {
  Facts facts = simulated();
  facts.programs.push_back({.name = "celeriac-firmware-sim", .needed = false});
  CHECK(green(examine(facts)));
}

TEST_CASE("without a hypervisor the diagnosis names it, and says how to start it") {
  Facts facts = simulated();
  facts.hypervisor.state = Door::State::missing;
  facts.hypervisor_status = not_asked();
  facts.vm_status = protocol::fail(Status::offline, "the hypervisor is away");
  auto finding = one("hypervisor", facts);
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.says.contains("celeriac-hal does not run"));
  CHECK(finding.advice.contains("celeriac up"));
  CHECK(one("board", facts).verdict == Verdict::unknown);

  facts.units = std::vector<Unit>{{.name = "celeriac-hal.service", .load = "loaded"}};
  CHECK(one("hypervisor", facts).advice.contains("systemctl restart celeriac-hal"));
}

TEST_CASE("a socket that this user may not use names the group to join") {
  Facts facts = simulated();
  facts.vm.state = Door::State::forbidden;
  facts.vm.group = "celeriac";
  facts.vm.forbidden = facts.vm.socket;
  auto finding = one("vm", facts);
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.says.contains(facts.vm.socket.string()));
  CHECK(finding.advice.contains("sudo usermod -aG celeriac ada"));

  facts.person.in_account.push_back("celeriac");
  CHECK(one("vm", facts).advice.starts_with("Log out and in again"));
}

TEST_CASE("what the socket is tells what is wrong with it") {
  Facts facts = simulated();
  facts.vm.state = Door::State::nobody;
  CHECK(one("vm", facts).says.contains("nobody listens"));
  facts.vm.state = Door::State::no_socket;
  CHECK(one("vm", facts).says.contains("is no socket"));
  facts.vm.state = Door::State::speechless;
  CHECK(one("vm", facts).says.contains("does not answer"));
}

TEST_CASE("a board that is not there: the advice follows from what the kernel has") {
  Facts facts = simulated();
  auto& firmware = machine(facts)["firmware"];
  firmware = {
      {"state", "offline"},
      {"port", "auto"},
      {"reason", "No board was found on the USB ports. Is its cable in? Or name its port with --serial."}};
  auto finding = one("board", facts);
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.advice.contains("The kernel sees no serial device"));

  facts.serial_ports.push_back({.path = "/dev/ttyUSB0", .group = "dialout"});
  CHECK(one("board", facts).advice.contains("--serial /dev/ttyUSB0"));

  firmware["port"] = "/dev/ttyACM0";
  firmware["reason"] =
      "/dev/ttyACM0 cannot be opened (Permission denied). This user may not open it: add it to the group "
      "dialout.";
  CHECK(one("board", facts).advice.contains("usermod -aG dialout celeriac-hal"));

  firmware["reason"] =
      "/dev/ttyACM0 cannot be opened (Device or resource busy). Another program has it open.";
  CHECK(one("board", facts).advice.contains("fuser"));

  firmware["reason"] = "What answers on /dev/ttyACM0 is not a FarmBot board: is it the right port?";
  CHECK(one("board", facts).advice.contains("firmware flash"));

  firmware["reason"] =
      "The board on /dev/ttyACM0 stopped answering or never began to: check its power and its USB cable.";
  CHECK(one("board", facts).advice.contains("reset button"));
}

TEST_CASE("a simulated board that has ended is called one") {
  Facts facts = simulated();
  machine(facts)["firmware"] = {
      {"state", "offline"},
      {"port", "/run/host/firmware"},
      {"reason", "/run/host/firmware cannot be opened (No such file or directory)."}};
  CHECK(one("board", facts).advice.contains("simulated board"));
}

TEST_CASE("an old firmware works, with a warning") {
  Facts facts = simulated();
  machine(facts)["firmware"]["version"] = "6.3.9.R";
  CHECK(one("board", facts).verdict == Verdict::warning);
  for (const char* good : {"6.4.2.R", "6.6.23.R.genesisK12", "7.0.0.K.genesisK18", "something else"}) {
    machine(facts)["firmware"]["version"] = good;
    CHECK(one("board", facts).verdict == Verdict::ok);
  }
}

TEST_CASE("lock, stop button, position and outputs") {
  Facts facts = simulated();
  machine(facts)["locked"] = true;
  CHECK(one("lock", facts).advice.contains("celeriac unlock"));

  machine(facts)["stop_button"] = {{"state", "held"}, {"name", "GPIO16"}, {"trouble", ""}};
  CHECK(one("stop-button", facts).verdict == Verdict::problem);
  machine(facts)["stop_button"]["state"] = "missing";
  machine(facts)["stop_button"]["trouble"] = "there is no such chip";
  CHECK(one("stop-button", facts).says.contains("there is no such chip"));
  machine(facts)["stop_button"]["state"] = "released";
  CHECK(one("stop-button", facts).verdict == Verdict::ok);

  machine(facts)["trust"] = {{"x", "stale"}, {"y", "known"}, {"z", "unknown"}};
  machine(facts)["trust_reasons"] = {{"x", {{"why", "it stalled"}, {"since", 0}}}};
  const auto findings = of("position", facts);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].says == "x is stale: it stalled");
  CHECK(findings[1].advice.contains("celeriac find-home z"));
  for (const char* axis : {"x", "y", "z"}) machine(facts)["trust"][axis] = "unknown";
  machine(facts).erase("trust_reasons");
  CHECK(one("position", facts).says == "z, y, x are unknown");

  machine(facts)["outputs"]["8"]["on"] = true;
  const auto output = one("outputs", facts);
  CHECK(output.verdict == Verdict::warning);
  CHECK(output.advice.contains("celeriac pin write 8 0"));
}

TEST_CASE("each line of the computer that cannot be had is a problem of its own") {
  Facts facts = simulated();
  machine(facts)["gpio"] = {
      {"lights", {{"chip", "pinctrl-bcm2711"}, {"line", "GPIO12"}, {"trouble", nullptr}}},
      {"button_3",
       {{"chip", "pinctrl-bcm2711"}, {"line", "GPIO26"}, {"trouble", "another program has it: gpiomon"}}}};
  const auto findings = of("gpio", facts);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].verdict == Verdict::problem);
  CHECK(findings[0].says == "button_3 (GPIO26 of pinctrl-bcm2711): another program has it: gpiomon");
  CHECK(findings[1].says == "lights");
  CHECK(one("gpio", simulated()).verdict == Verdict::unused);
}

TEST_CASE("a pin binding that no line hears for is worth a warning") {
  Facts facts = simulated();
  facts.bindings = Json{
      {"items", {{{"id", 1}, {"pin_num", 26}}, {{"id", 2}, {"pin_num", 16}}, {{"id", 3}, {"pin_num", 5}}}}};
  machine(facts)["gpio"] = {
      {"button_3", {{"line", "GPIO26"}, {"pin", 26}, {"role", "binding"}, {"trouble", nullptr}}},
      {"estop_button", {{"line", "GPIO16"}, {"pin", 16}, {"role", "stop"}, {"trouble", nullptr}}}};
  const auto findings = of("gpio", facts);
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].verdict == Verdict::warning);
  CHECK(findings[0].says == "a pin binding is for GPIO 16, and no line with the role binding has that pin");
  CHECK(findings[1].says.contains("GPIO 5,"));
  CHECK(findings[1].advice.contains(R"({"line": "GPIO5", "direction": "input"})"));
  CHECK(findings[2].verdict == Verdict::ok);
  // Without any line it is the same.
  machine(facts).erase("gpio");
  CHECK(of("gpio", facts).size() == 3);
}

TEST_CASE("a file of lines that is refused is a problem, whatever the hypervisor tells") {
  Facts facts = simulated();
  facts.lines = std::unexpected(
      protocol::Error{.message = "lines.json: line \"Lights\" has no good name", .code = "refused"});
  CHECK(one("gpio", facts).says.contains("no good name"));
}

TEST_CASE("a photo that was asked for is one, or a problem with its reason") {
  Facts facts = simulated();
  facts.camera = Json{{"kind", "none"}};
  CHECK(one("camera", facts).verdict == Verdict::unused);
  facts.photo = Json{{"path", "/x.jpg"}};
  CHECK(one("camera", facts).says.contains("/x.jpg"));
  facts.photo = protocol::fail(Status::offline, "There is no camera.");
  CHECK(one("camera", facts).verdict == Verdict::problem);
}

TEST_CASE("a full disk, little memory, heat, a weak supply and a clock that nobody sets") {
  Facts facts = simulated();
  auto& computer = machine(facts)["computer"];
  computer["disk"]["free"] = 100e6;
  CHECK(one("disk", facts).verdict == Verdict::problem);
  computer["disk"]["free"] = 500e6;
  CHECK(one("disk", facts).verdict == Verdict::warning);
  for (const Json& bad : {Json{{"errors", 3}}, Json{{"worn_percent", 90}}, Json{{"reserve", "urgent"}}}) {
    computer["disk"]["health"] = bad;
    CHECK(of("disk", facts).front().verdict == Verdict::problem);
  }

  computer["memory"]["available"] = 30e6;
  CHECK(one("memory", facts).verdict == Verdict::problem);
  computer["memory"]["available"] = 90e6;
  CHECK(one("memory", facts).verdict == Verdict::warning);

  computer["temperature_c"] = 82;
  CHECK(one("temperature", facts).verdict == Verdict::problem);
  computer["temperature_c"] = 76;
  CHECK(one("temperature", facts).verdict == Verdict::warning);
  computer["temperature_c"] = nullptr;
  CHECK(one("temperature", facts).verdict == Verdict::unused);

  computer["clock"]["synchronized"] = false;
  CHECK(one("clock", facts).verdict == Verdict::warning);
}

TEST_CASE("what does not tell is unknown, and not green by silence") {
  Facts facts = simulated();
  machine(facts).erase("computer");
  for (const char* check : {"disk", "memory", "temperature", "power", "clock"})
    CHECK(one(check, facts).verdict == Verdict::unknown);
  const auto diagnosis = examine(facts);
  CHECK(summary(diagnosis).starts_with("no problem found: "));
  CHECK(summary(diagnosis).contains("5 could not be looked at"));
  CHECK(sound(diagnosis));
  CHECK_FALSE(green(diagnosis));
}

TEST_CASE("image, packages, account, gateway and broker") {
  Facts facts = simulated();
  facts.image = Json{{"whole", false}, {"findings", {"page 7 of the tree is wrong"}}};
  CHECK(one("image", facts).says.contains("page 7"));

  facts.packages = Json{{"packages", {{{"package", "soil:acme"}, {"signed_by", ""}}}}};
  CHECK(one("packages", facts).says == "nobody has signed soil:acme");
  facts.packages = Json{{"packages", {{{"package", "soil:acme"}, {"signed_by", "AB"}}}}};
  CHECK(one("packages", facts).says == "1 package, all signed");

  facts.sync = Json("sync_error");
  CHECK(one("account", facts).verdict == Verdict::problem);
  facts.sync = Json("synced");
  CHECK(one("account", facts).verdict == Verdict::ok);

  CHECK(one("gateway", facts).verdict == Verdict::ok);
  CHECK(one("broker", facts).verdict == Verdict::unused);
  (*facts.processes)["mqtt:distro:sys"] = Json::object();
  facts.broker = std::unexpected(protocol::Error{.message = "away", .code = "offline"});
  CHECK(one("broker", facts).verdict == Verdict::problem);
  facts.broker = Json(true);
  CHECK(one("broker", facts).verdict == Verdict::ok);
  facts.processes = Json::object();
  CHECK(one("gateway", facts).verdict == Verdict::warning);
}

TEST_CASE("units that failed, restart, are masked or have no watchdog") {
  Facts facts = simulated();
  facts.systemd = true;
  const Unit good{.name = "celeriac-hal.service",
                  .load = "loaded",
                  .active = "active",
                  .sub = "running",
                  .result = "success",
                  .enabled = "enabled",
                  .restarts = 0,
                  .watchdog = true};
  facts.units = std::vector<Unit>{good};
  CHECK(one("services", facts).says == "active: celeriac-hal.service");

  const auto with = [&](auto change) {
    Unit unit = good;
    change(unit);
    facts.units = std::vector<Unit>{unit};
    return one("services", facts);
  };
  CHECK(with([](Unit& u) { u.active = "failed", u.result = "watchdog"; }).says ==
        "celeriac-hal.service has failed: watchdog");
  CHECK(with([](Unit& u) { u.restarts = 1; }).verdict == Verdict::warning);
  CHECK(with([](Unit& u) { u.restarts = 9; }).verdict == Verdict::problem);
  CHECK(with([](Unit& u) { u.watchdog = false; }).verdict == Verdict::warning);
  CHECK(with([](Unit& u) { u.load = "masked"; }).verdict == Verdict::problem);
  CHECK(with([](Unit& u) { u.active = "inactive"; }).advice.contains("systemctl start"));
  CHECK(with([](Unit& u) { u.load = "not-found"; }).verdict == Verdict::unused);

  facts.units = protocol::fail(Status::not_found, "systemctl is not installed.");
  CHECK(one("services", facts).verdict == Verdict::unknown);
  facts.systemd = false;
  CHECK(one("services", facts).verdict == Verdict::unused);
}

TEST_CASE("a configuration file that does not parse is named with its place") {
  Facts facts = simulated();
  facts.files = {{.path = "/etc/celeriac/hal.conf"},
                 {.path = "/etc/celeriac/lines.json", .trouble = "this is no JSON, at line 3"},
                 {.path = "/etc/celeriac/vm.conf", .trouble = "Permission denied", .readable = false}};
  const auto findings = of("configuration", facts);
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].verdict == Verdict::problem);
  CHECK(findings[0].says.contains("line 3"));
  CHECK(findings[1].verdict == Verdict::unknown);
  CHECK(findings[2].verdict == Verdict::ok);
}

TEST_CASE("from another machine the local checks say that they cannot be made") {
  Facts facts = simulated();
  facts.remote = true;
  for (const char* check : {"hypervisor", "devices", "services", "configuration"})
    CHECK(one(check, facts).verdict == Verdict::unknown);
}

TEST_CASE("the report is one line a finding, and escape sequences of a peer do not reach the terminal") {
  const Diagnosis diagnosis = {{"board", problem("gone\x1b[2J", "Plug it in.")}, {"lock", ok("off")}};
  CHECK(report_text(diagnosis, false) ==
        "problem  board  gone?[2J. Plug it in.\n"
        "ok       lock   off\n");
  CHECK(summary(diagnosis) == "1 problem, 1 ok");
  const auto document = report_document(diagnosis);
  CHECK(document["green"] == false);
  CHECK(document["checks"][0]["advice"] == "Plug it in.");
}

}  // namespace celeriac::console::doctor
