// What the VM keeps and serves: image, packages, account; and the gateway beside it.

#include <format>
#include <ranges>

#include "console/doctor/checks.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console::doctor {
using protocol::Json;

namespace {

/// The processes that the gateway opens, by what they mean.
constexpr const char* gateway_process = "http-client:distro:sys";
constexpr const char* http_process = "http-server:distro:sys";
constexpr const char* broker_process = "mqtt:distro:sys";

bool vm_answers(const Facts& facts) {
  return facts.vm.state == Door::State::answers;
}

Finding silent(const Facts& facts, const Answer& answer) {
  return unknown(vm_answers(facts) && !answer ? printable(answer.error().message)
                                              : std::string("the VM does not answer"));
}

bool has(const Answer& processes, const char* name) {
  return processes && processes->is_object() && processes->contains(name);
}

std::string counted(std::size_t number, std::string_view what) {
  return std::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

Findings check_image(const Facts& facts) {
  if (!facts.image) return {silent(facts, facts.image)};
  if (facts.image->value("whole", Json()) != true) {
    std::vector<std::string> findings;
    for (const Json& each : facts.image->value("findings", Json::array()))
      if (each.is_string()) findings.push_back(printable(each.get<std::string>()));
    return {problem(
        std::format("the image is damaged{}{}", findings.empty() ? "" : ": ", protocol::joined(findings)),
        "Do not write more to it: stop the host, keep a copy of the file, and put a backup in its "
        "place (docs/everyday.md). Then look at the card: `dmesg | grep mmc`.")};
  }
  const Json size = facts.image->value("bytes", Json());
  return {ok(std::format("whole, {}", bytes(size.is_number() ? size.get<double>() : 0)))};
}

Findings check_packages(const Facts& facts) {
  if (!facts.packages) return {silent(facts, facts.packages)};
  std::vector<std::string> bare;
  std::size_t count = 0;
  for (const Json& package : facts.packages->value("packages", Json::array())) {
    ++count;
    if (text_of(package, "signed_by").empty()) bare.push_back(text_of(package, "package"));
  }
  if (count == 0) return {unused("no package is installed")};
  if (!bare.empty())
    return {
        warning(std::format("nobody has signed {}", protocol::joined(bare)),
                "`celeriac grants` shows what they may; `celeriac uninstall PACKAGE` removes one that you do "
                "not know.")};
  return {ok(std::format("{}, all signed", counted(count, "package")))};
}

Findings check_account(const Facts& facts) {
  if (!facts.sync) return {silent(facts, facts.sync)};
  const std::string word = facts.sync->is_string() ? facts.sync->get<std::string>() : std::string();
  if (word == "synced") return {ok("synced")};
  if (word == "syncing") return {ok("syncing now")};
  if (word == "sync_error")
    return {problem("the last sync failed",
                    "`celeriac sync` tries again and says why; a token lasts 60 days "
                    "(docs/account.md).")};
  return {unused("no sync has been done",
                 "`celeriac sync` does one, or says what is missing (docs/account.md).")};
}

Findings check_gateway(const Facts& facts) {
  if (!facts.processes) return {silent(facts, facts.processes)};
  if (!has(facts.processes, gateway_process)) {
    // A gateway that should be there and is not is the services' finding, or programs'.
    const bool installed = std::ranges::any_of(facts.programs, [](const Program& program) {
      return program.name == "celeriac-gateway" && !program.path.empty();
    });
    return {installed
                ? warning("celeriac-gateway is not connected to the VM: no HTTP, no MQTT, no other nodes",
                          "`sudo systemctl restart celeriac-gateway`, or leave it, if nobody needs it.")
                : unused("celeriac-gateway is not installed")};
  }
  return {ok(has(facts.processes, http_process) ? "connected, and serves HTTP" : "connected")};
}

Findings check_broker(const Facts& facts) {
  if (!facts.processes) return {silent(facts, facts.processes)};
  if (!has(facts.processes, broker_process))
    return {
        unused("no broker is configured", "`mqtt = mqtts://HOST` in /etc/celeriac/gateway.conf names one.")};
  if (facts.broker) return {ok("connected")};
  if (facts.broker.error().code == "offline")
    return {problem("the gateway has no connection to its broker",
                    "Look at the network, the broker's address and the password file; `journalctl -u "
                    "celeriac-gateway -n 50` says what the broker answered.")};
  return {unknown(printable(facts.broker.error().message))};
}

}  // namespace celeriac::console::doctor
