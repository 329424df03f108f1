// celeriac-firmware-sim: the stepper firmware's double on a pseudo terminal.

#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <format>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <print>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firmware-sim/program/control.hpp"
#include "firmware-sim/program/simulation.hpp"

namespace {

using namespace celeriac::firmware_sim;

constexpr int exit_usage = 2;

struct Arguments {
  std::string link;
  std::string board = "arduino";
  std::string firmware_version;
  double speed = 1;
  bool no_reset_on_open = false;
  bool garden = false;
  std::vector<std::string> analog;
  std::vector<std::string> digital;
  std::string log;
  std::string trace;
  std::string fault;
  std::optional<std::uint64_t> seed;
  std::string control;
};

std::vector<std::string> board_names() {
  std::vector<std::string> names;
  for (const BoardProfile& profile : board_profiles()) names.emplace_back(profile.package);
  return names;
}

/// `PIN=VALUE` with a pin of 0..69 and a value of 0..`most`; empty if it is not that.
std::optional<std::pair<int, int>> pin_value(std::string_view text, int most) {
  const auto number = [](std::string_view digits) -> std::optional<int> {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto pin = number(text.substr(0, equals));
  const auto value = number(text.substr(equals + 1));
  if (!pin || *pin < 0 || *pin >= Pins::count || !value || *value < 0 || *value > most) return std::nullopt;
  return std::pair(*pin, *value);
}

CLI::Validator pin_values(int most) {
  return {[most](std::string& text) {
            return pin_value(text, most)
                       ? std::string()
                       : std::format("{} is not PIN=VALUE with a pin of 0..{} and a value of 0..{}", text,
                                     Pins::count - 1, most);
          },
          "PIN=VALUE"};
}

/// `6.6.23`, or with the commit of a build: `6.6.26-52053ec8`. What the board adds between them is its own.
CLI::Validator firmware_versions() {
  return {[](std::string& text) {
            return FirmwareVersion::parse(text.substr(0, text.find('-')))
                       ? std::string()
                       : std::format("{} is not a version such as 6.6.23 or 6.6.26-52053ec8", text);
          },
          "VERSION"};
}

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--link", arguments.link, "Symbolic link to make to the pseudo terminal")->required();
  app.add_option("--board", arguments.board, "Board, by its FarmBot OS package name")
      ->check(CLI::IsMember(board_names()))
      ->capture_default_str();
  app.add_option("--firmware-version", arguments.firmware_version, "Firmware release, such as 6.6.23")
      ->check(firmware_versions());
  app.add_option("--speed", arguments.speed, "Simulated seconds in a real one")
      ->check(CLI::Range(0.001, 100'000.0))
      ->capture_default_str();
  app.add_flag("--no-reset-on-open", arguments.no_reset_on_open,
               "The firmware is already running and goes on when a host opens the port");
  app.add_flag("--garden", arguments.garden, "A whole bot: bed of 2.7 x 1.2 x 0.4 m, end stops, encoders");
  app.add_option("--analog", arguments.analog, "Value of an analog input, 0..1023")->check(pin_values(1023));
  app.add_option("--digital", arguments.digital, "Level of a digital input, 0 or 1")->check(pin_values(1));
  app.add_option("--log", arguments.log, "File for pins, servos, moves, stops and refusals");
  app.add_option("--trace", arguments.trace, "File for every byte on the line");
  app.add_option("--fault", arguments.fault, "File that says what goes wrong and when, one fault a line");
  app.add_option("--seed", arguments.seed,
                 "Repeats the chance of an earlier run (default: another one each time)");
  app.add_option("--control", arguments.control,
                 "Unix socket for commands: faults, place x 120, press x min, state, …");
  app.set_version_flag("--version", "celeriac-firmware-sim " CELERIAC_VERSION);
  app.footer("Example: celeriac-firmware-sim --link /tmp/farmduino --garden --speed 10");
}

/// What the file says; a sentence with its name and line where it cannot be understood.
std::expected<FaultPlan, std::string> plan_of(const std::string& path) {
  if (path.empty()) return FaultPlan{};
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return std::unexpected(std::format("{} cannot be read.", path));
  auto plan = parse_fault_plan(text);
  if (!plan) return std::unexpected(std::format("{}, {}.", path, plan.error().text()));
  return std::move(*plan);
}

/// The command line's, the plan's, or any.
std::uint64_t seed_of(const Arguments& arguments, const FaultPlan& plan) {
  if (arguments.seed) return *arguments.seed;
  return plan.seed ? *plan.seed : std::random_device()();
}

SimulationOptions options_of(const Arguments& arguments, const FaultPlan& plan) {
  SimulationOptions options;
  options.plan = plan;
  options.seed = seed_of(arguments, plan);
  options.board.profile = find_profile(arguments.board);
  const std::string& version = arguments.firmware_version;
  if (!version.empty()) {
    const std::size_t dash = version.find('-');
    options.board.version = FirmwareVersion::parse(version.substr(0, dash));
    if (dash != std::string::npos) options.board.commit = version.substr(dash + 1);
  }
  if (arguments.garden) {
    options.board.machine = garden_bot();
    options.board.digital_inputs = garden_digital_inputs();
  }
  for (const std::string& text : arguments.analog)
    options.board.analog_inputs.insert_or_assign(pin_value(text, 1023)->first, pin_value(text, 1023)->second);
  for (const std::string& text : arguments.digital) {
    options.board.digital_inputs.insert_or_assign(pin_value(text, 1)->first, pin_value(text, 1)->second != 0);
  }
  options.speed = arguments.speed;
  if (arguments.no_reset_on_open) options.reset_on_open = false;
  return options;
}

double seconds(Instant at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

/// Bytes for a person: control characters and everything beyond ASCII escaped.
std::string visible(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (byte == '\\') {
      text += "\\\\";
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      text += std::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

int complain(std::string_view sentence) {
  std::println(stderr, "celeriac-firmware-sim: {}", sentence);
  return EXIT_FAILURE;
}

int run(const Arguments& arguments) {
  const auto plan = plan_of(arguments.fault);
  if (!plan) {
    (void)complain(plan.error());
    return exit_usage;
  }
  const SimulationOptions options = options_of(arguments, *plan);
  std::ofstream log;
  std::ofstream trace;
  for (const auto& [file, path] : {std::pair{&log, &arguments.log}, std::pair{&trace, &arguments.trace}}) {
    if (path->empty()) continue;
    file->open(*path);
    if (!*file) return complain(std::format("{} cannot be written.", *path));
  }
  SimulationLog sinks;
  if (log.is_open()) {
    sinks.events = [&](Instant at, std::string_view text) {
      log << std::format("{:12.6f} {}\n", seconds(at), text) << std::flush;
    };
  }
  if (trace.is_open()) {
    sinks.trace = [&](Instant at, bool to_board, std::string_view bytes) {
      trace << std::format("{:12.6f} {} {}\n", seconds(at), to_board ? ">" : "<", visible(bytes))
            << std::flush;
    };
  }

  auto terminal = PseudoTerminal::open(arguments.link);
  if (!terminal) return complain(terminal.error());
  boost::asio::io_context context(1);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  if (sinks.events) sinks.events(Instant{}, std::format("seed {}", options.seed));
  Simulation simulation(context.get_executor(), std::move(*terminal), options, std::move(sinks));
  std::unique_ptr<ControlSocket> hands;
  if (!arguments.control.empty()) {
    auto opened = ControlSocket::open(context.get_executor(), arguments.control, [&](std::string_view line) {
      const auto [twin, now] = simulation.present();
      std::string answer = control(twin, line, now);
      simulation.changed();
      return answer;
    });
    if (!opened) return complain(opened.error());
    hands = std::move(*opened);
    hands->start();
  }
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    sd_notify(0, "STOPPING=1");
    simulation.stop();
    if (hands) hands->stop();
  });
  simulation.start();
  std::println("ready {}", arguments.link);
  std::fflush(stdout);
  sd_notify(0, std::format("READY=1\nSTATUS=A simulated {} on {}", arguments.board, arguments.link).c_str());
  std::println(stderr, "celeriac-firmware-sim: seed {} repeats this run", options.seed);
  context.run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The double of a FarmBot's stepper firmware, on a pseudo terminal.");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
    return run(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : exit_usage;
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}
