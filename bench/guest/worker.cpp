// What a worker costs: to start, to run one more instance, in memory, and until a guest is gone. Prints JSON.

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fake_vm.hpp"
#include "modules.hpp"

namespace {

using namespace celeriac;
using namespace celeriac::testing;
using nlohmann::json;

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

json summary(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"median_s", values[values.size() / 2]}, {"max_s", values.back()}};
}

/// A field of /proc/PID/status or smaps_rollup, in bytes.
double kilobytes(pid_t pid, const std::string& file, const std::string& field) {
  std::ifstream lines("/proc/" + std::to_string(pid) + "/" + file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) * 1024;
  return 0;
}

double data_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  double field = 0;
  for (int i = 0; i < 6; ++i) statm >> field;
  return field * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

json memory(pid_t pid) {
  return {{"private_dirty", kilobytes(pid, "smaps_rollup", "Private_Dirty")},
          {"resident", kilobytes(pid, "status", "VmRSS")},
          {"address_space", kilobytes(pid, "status", "VmSize")},
          {"data", data_bytes(pid)}};
}

void expect(bool ok, const char* what) {
  if (ok) return;
  std::cerr << what << '\n';
  std::exit(1);
}

json starting() {
  std::vector<double> first, hello;
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<FakeVm> vm;
    hello.push_back(seconds([&] {
      vm = std::make_unique<FakeVm>();
      expect(vm->ask("SYS.HELLO", {{"protocol", 1}}).ok(), "no HELLO");
    }));
    vm->module("blocks", modules::blocks);
    first.push_back(seconds([&] { expect(vm->start(1, "blocks").ok(), "no start"); }));
  }
  return {{"until_hello", summary(hello)}, {"first_instance", summary(first)}};
}

json spawning() {
  constexpr int count = 1000;
  FakeVm vm({.instances = count + 1, .memory = 1024 * 1024 * 1024});
  vm.module("blocks", modules::blocks);
  expect(vm.start(1, "blocks").ok(), "no start");
  const auto before = memory(vm.worker->pid());
  std::vector<double> taken;
  for (int i = 0; i < count; ++i)
    taken.push_back(
        seconds([&] { expect(vm.start(static_cast<std::uint16_t>(2 + i), "blocks").ok(), "no start"); }));
  expect(vm.until([&] { return vm.receives.size() == count + 1; }), "they do not run");
  const auto after = memory(vm.worker->pid());
  json each;
  for (const auto& [name, value] : after.items())
    each[name] = (value.get<double>() - before[name].get<double>()) / count;
  return {{"spawn", summary(taken)}, {"each", each}, {"worker", before}};
}

json killing() {
  const auto killed = [](const char* wat, int others, bool blocked) {
    std::vector<double> taken;
    FakeVm vm;
    vm.module("guest", wat);
    vm.module("spins", modules::spins);
    for (int i = 0; i < others; ++i)
      expect(vm.start(static_cast<std::uint16_t>(100 + i), "spins").ok(), "no start");
    for (int i = 0; i < 50; ++i) {
      vm.receives.clear();
      expect(vm.start(1, "guest").ok(), "no start");
      if (blocked) expect(vm.until([&] { return vm.receives.size() == 1; }), "it does not block");
      taken.push_back(seconds([&] { expect(vm.kill(1).ok(), "no kill"); }));
    }
    return summary(taken);
  };
  std::vector<double> workers;
  for (int i = 0; i < 20; ++i) {
    FakeVm vm;
    vm.module("spins", modules::spins);
    expect(vm.start(1, "spins").ok(), "no start");
    workers.push_back(seconds([&] {
      vm.worker->kill();
      expect(vm.until([&] { return vm.worker_end.has_value(); }), "no end");
    }));
  }
  return {{"spinning", killed(modules::spins, 0, false)},
          {"spinning_among_50", killed(modules::spins, 50, false)},
          {"blocked", killed(modules::blocks, 0, true)},
          {"blocked_among_50_that_spin", killed(modules::blocks, 50, true)},
          {"whole_worker", summary(workers)}};
}

}  // namespace

int main() {
  spdlog::set_level(spdlog::level::off);  // it would go to the standard output
  std::cout << json{{"start", starting()}, {"instances", spawning()}, {"kill", killing()}}.dump(2) << '\n';
}
