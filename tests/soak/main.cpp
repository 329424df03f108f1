// celeriac-soak: hours of garden work with random faults, in seconds. Says what must never have happened.

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <format>
#include <memory>
#include <optional>
#include <print>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "gardener.hpp"
#include "house.hpp"
#include "watch.hpp"

namespace {

using namespace celeriac;
using namespace celeriac::soak;
using protocol::Json;

struct Options {
  double hours = 10;
  std::uint64_t seed = std::random_device()();
  std::string board;  ///< empty: the seed chooses
  double faults_per_hour = 20;
  double restarts_per_hour = 0.5;
  std::size_t clients = 3;
};

constexpr auto boards =
    std::to_array<const char*>({"arduino", "farmduino_k14", "farmduino_k16", "express_k11"});

/// What the garden's bot wants.
Json parameters(bool encoders) {
  Json values = Json::object();
  for (const char axis : {'x', 'y', 'z'}) {
    const auto set = [&](std::string_view name, int value) {
      values[std::format("{}_{}", name, axis)] = value;
    };
    set("movement_enable_endpoints", 1);
    set("movement_stop_at_home", 1);
    set("movement_stop_at_max", 1);
    set("movement_home_spd", 200);
    set("movement_max_spd", axis == 'z' ? 600 : 800);
    set("movement_axis_nr_steps", axis == 'x' ? 13'500 : axis == 'y' ? 6'000 : 10'000);
    set("encoder_enabled", encoders ? 1 : 0);
  }
  return values;
}

/// Fail-safe outputs with the bound that the watch knows.
void declare_outputs(House& house) {
  for (const int pin : outputs) {
    const auto* const operation = protocol::find_operation("SYS.CONFIG_UPDATE");
    const Json fields = {
        {"package", 1},
        {"config", std::format("output.{}", pin)},
        {"value",
         {{"name", std::format("output {}", pin)}, {"safe_value", 0}, {"longest_on_s", longest_on.count()}}}};
    const auto arguments = protocol::Arguments::decode(*operation, *protocol::encode(*operation, fields));
    std::optional<std::string> failed;
    house.hypervisor().serve(
        *operation, *arguments, {.session = 99, .channel = static_cast<protocol::Channel>(pin)},
        [&](const hal::Outcome& outcome) { failed = outcome ? "" : outcome.error().message; });
    for (int i = 0; i < 1'000'000 && !failed; ++i) house.step(house.now() + std::chrono::seconds(1));
    if (!failed || !failed->empty())
      throw std::runtime_error("An output could not be declared: " + failed.value_or("no answer"));
  }
}

void print(const Options& options, const std::string& board, const House& house, const Watch& watch,
           const Work& work, double cpu_s) {
  const Figures& figures = watch.figures();
  std::println(
      "{:.1f} h on {}, seed {}: {} faults, {} times without a link, {} failures of the machine, {:.1f} s of "
      "CPU",
      house.hours(), board, options.seed, figures.faults, figures.link_losses, figures.machine_failures,
      cpu_s);
  std::print("  asked:");
  for (const auto& [operation, times] : work.asked) std::print(" {} {},", operation, times);
  std::print("\n  answered:");
  for (const auto& [status, times] : work.answered) std::print(" {} {},", status, times);
  std::println(" vanished {}", work.vanished);
  std::print("  faults:");
  for (const auto& [kind, times] : figures.faults_by_kind) std::print(" {} {}", kind, times);
  std::println("\n  longest answer {:.1f} s ({}), longest recovery {:.1f} s, longest output {:.1f} s",
               work.worst_answer_s, work.worst_answer, figures.worst_recovery_s, figures.worst_on_s);
}

int run(const Options& options) {
  const std::clock_t begin = std::clock();
  const std::string board = options.board.empty() ? boards[options.seed % boards.size()] : options.board;
  const bool encoders = board.starts_with("express") || options.seed % 3 == 0;
  firmware_sim::FaultPlan plan;
  if (options.faults_per_hour > 0) {
    const auto rule =
        firmware_sim::parse_fault_rule(std::format("random rate {}/h", options.faults_per_hour));
    if (!rule) throw std::runtime_error(rule.error());
    plan.rules.push_back(*rule);
  }
  House house({.board = board, .seed = options.seed, .plan = plan, .parameters = parameters(encoders)});
  declare_outputs(house);
  Watch watch(house);
  Work work;
  std::vector<std::unique_ptr<Gardener>> gardeners;
  for (std::size_t i = 0; i < options.clients; ++i)
    gardeners.push_back(std::make_unique<Gardener>(house, watch, work, i, options.seed));
  firmware_sim::RandomSource random(options.seed, 999);
  const auto next_restart = [&] {
    if (options.restarts_per_hour <= 0) return Instant::max();
    const double wait_s = random.wait(3600 / options.restarts_per_hour);
    return house.now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wait_s));
  };
  Instant restart = next_restart();
  const Instant end =
      house.now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.hours * 3600));
  while (house.now() < end && watch.violations().empty()) {
    Instant limit = std::min(end, restart);
    for (const auto& gardener : gardeners) limit = std::min(limit, gardener->next());
    house.step(limit);
    for (const auto& gardener : gardeners) {
      if (gardener->next() <= house.now()) gardener->act();
      gardener->look();
    }
    if (restart <= house.now()) {
      for (const auto& gardener : gardeners) gardener->begin_anew();
      house.restart_hypervisor();
      watch.hypervisor_restarted();
      restart = next_restart();
    }
    watch.look();
  }
  print(options, board, house, watch, work, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  if (watch.violations().empty()) return EXIT_SUCCESS;
  std::println("The last of the log:");
  for (const std::string& line : house.log()) std::println("  {}", line);
  for (const std::string& text : watch.violations()) std::println("VIOLATION: {}", text);
  std::println("Again: celeriac-soak --hours {} --seed {} --board {} --faults {} --restarts {} --clients {}",
               options.hours, options.seed, board, options.faults_per_hour, options.restarts_per_hour,
               options.clients);
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Hours of garden work on virtual time: hypervisor, simulated board, random seeded faults.");
  app.add_option("--hours", options.hours, "Simulated hours")->capture_default_str();
  app.add_option("--seed", options.seed, "Repeats a run (default: another one each time)");
  app.add_option("--board", options.board, "Board, by its package name (default: the seed chooses)");
  app.add_option("--faults", options.faults_per_hour, "Random faults an hour")->capture_default_str();
  app.add_option("--restarts", options.restarts_per_hour, "Restarts of the hypervisor an hour")
      ->capture_default_str();
  app.add_option("--clients", options.clients, "Clients that work at the same time")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::println(stderr, "celeriac-soak: {}", error.what());
    return 2;
  }
}
