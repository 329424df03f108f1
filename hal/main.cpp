// celeriac-hal: the hypervisor. Owns the board, and nobody else does.

#include <signal.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <iostream>

#include "hal/camera/command_line.hpp"
#include "hal/firmware/descriptor_port.hpp"
#include "hal/gpio/control_socket.hpp"
#include "hal/gpio/lines.hpp"
#include "hal/gpio/lines_command.hpp"
#include "hal/gpio/lines_file.hpp"
#include "hal/gpio/simulated_chips.hpp"
#include "hal/recording/recording.hpp"
#include "hal/recording/trace_command.hpp"
#include "hal/service.hpp"
#include "hal/system/system_service.hpp"
#include "protocol/doors.hpp"
#include "protocol/frame_watch.hpp"
#include "protocol/service.hpp"
#include "protocol/service_log.hpp"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace celeriac;
using protocol::Result;
using protocol::Status;

struct Options {
  fs::path dir;
  std::string serial = "auto";
  protocol::Doors doors;
  fs::path parameters;
  fs::path lines;
  std::string gpio = "chips";
  hal::camera::PhotoOptions photos;
  hal::system::SystemService::Options system;
  bool verbose = false;
};

/// Jobs for a thread of its own, their completions for the loop.
hal::settings::Background background_on(asio::thread_pool& pool, asio::io_context& io) {
  return [&pool, &io](std::move_only_function<void()> job, std::move_only_function<void()> done) {
    asio::post(pool, [&io, job = std::move(job), done = std::move(done)]() mutable {
      job();
      asio::post(io, std::move(done));
    });
  };
}

/// The board in one line, for `systemctl status`.
std::string board_line(const hal::firmware::Link& link) {
  if (link.state() != hal::firmware::LinkState::ready) return link.offline().message;
  const auto& board = link.board();
  return std::format("{}, firmware {}, on {}", board.board().name, board.version, link.port_name());
}

/// The computer's GPIO, or its double with a socket for hands.
struct Gpio {
  std::unique_ptr<hal::gpio::Chips> chips;
  std::unique_ptr<hal::gpio::ControlSocket> hands = nullptr;
};

Result<Gpio> open_chips(asio::io_context& io, std::string_view kind,
                        const std::vector<hal::gpio::LineSpec>& specs) {
  constexpr std::string_view simulated = "simulated:";
  if (kind == "chips") return Gpio{hal::gpio::make_chips(io)};
  if (!kind.starts_with(simulated) || kind.size() == simulated.size())
    return protocol::fail(Status::malformed,
                          std::format("--gpio is chips or simulated:SOCKET, and not \"{}\".", kind));
  auto chips = std::make_unique<hal::gpio::SimulatedChips>(specs);
  auto hands = hal::gpio::ControlSocket::open(
      io, kind.substr(simulated.size()),
      [&simulation = *chips](std::string_view line) { return hal::gpio::hand(simulation, line); });
  if (!hands) return std::unexpected(std::move(hands.error()));
  return Gpio{std::move(chips), std::move(*hands)};
}

Result<void> run(const Options& options) {
  auto token = protocol::read_token(options.doors);
  if (!token) return std::unexpected(token.error());
  std::vector<hal::gpio::LineSpec> specs;
  if (!options.lines.empty()) {
    auto described = hal::gpio::load_lines(options.lines);
    if (!described) return std::unexpected(std::move(described.error()));
    specs = std::move(*described);
  }
  hal::Hypervisor::Options settings{.dir = options.dir};
  if (!options.parameters.empty()) {
    if (!fs::exists(options.parameters))
      return protocol::fail(Status::failed, std::format("{} does not exist.", options.parameters.string()));
    auto values = hal::settings::read_object(options.parameters);
    if (!values) return std::unexpected(values.error());
    settings.initial_parameters = std::move(*values);
  }
  std::error_code error;
  fs::create_directories(options.dir, error);
  if (error)
    return protocol::fail(Status::failed,
                          std::format("{} cannot be made: {}.", options.dir.string(), error.message()));

  asio::io_context io(1);
  protocol::Service service(io);
  // What the machine waits for, and what it does not.
  asio::thread_pool disk(1), archive(1);
  hal::AsioTimers timers(io);
  const auto opener = hal::firmware::make_opener(io, options.serial);
  hal::recording::Recording recording(io, options.dir, timers, *opener, background_on(disk, io),
                                      background_on(archive, io));
  settings.recorder = &recording.recorder();
  protocol::Registers registers;
  protocol::Dispatcher dispatcher(protocol::Server::hypervisor, *token);
  registers.install(dispatcher);
  hal::Hypervisor hypervisor(io, recording.timers(), recording.opener(), registers, recording.background(),
                             std::move(settings));
  recording.attach(hypervisor);
  hal::install(dispatcher, hypervisor);
  protocol::watch_frames(dispatcher, registers);

  const auto photos = hal::camera::PhotoService::open(
      io, timers, background_on(archive, io), registers, options.dir, options.photos,
      {.place = [&] { return hypervisor.link().board().position_mm; },
       .clock = protocol::now_milliseconds,
       .complain = [&](std::string why) { hypervisor.note(hal::firmware::Severity::warn, std::move(why)); }});
  if (!photos) return std::unexpected(photos.error());
  hal::install(dispatcher, (*photos)->photographer());

  const auto chips = open_chips(io, options.gpio, specs);
  if (!chips) return std::unexpected(chips.error());
  hal::gpio::Lines lines(
      std::move(specs), timers, *chips->chips, registers,
      {.button = [&](hal::gpio::ButtonState state) { hypervisor.stop_button(std::move(state)); },
       .say = [&](hal::firmware::Severity severity,
                  std::string text) { hypervisor.note(severity, std::move(text)); }});
  hypervisor.add_status("gpio", [&] { return lines.document(); });
  hypervisor.on_published([&] { lines.machine(hypervisor.machine()); });
  hypervisor.on_led([&](int led, bool on) { lines.led(led, on); });
  hypervisor.on_restart([&] {
    const auto reset = lines.reset_board([] {});
    // Where DTR reaches the board's reset, there is no such line, and none is needed.
    if (!reset && reset.error().status != protocol::Status::not_found)
      hypervisor.note(hal::firmware::Severity::warn, reset.error().message);
  });
  hal::install(dispatcher, lines);

  auto system_options = options.system;
  system_options.dir = options.dir;
  system_options.serial = options.serial;
  system_options.reset_board = [&](auto done) { return lines.reset_board(std::move(done)); };
  const auto system = hal::system::SystemService::make(io, timers, hypervisor, registers,
                                                       background_on(archive, io), system_options);
  if (!system) return std::unexpected(system.error());
  (*system)->install(dispatcher);

  protocol::Doors to_open = options.doors;
  to_open.listening = service.take_socket(to_open.socket.filename().string()).value_or(-1);
  const auto doors = protocol::open(io, to_open, dispatcher);
  if (!doors) return std::unexpected(doors.error());
  lines.start();  // before anything can move
  if (auto started = hypervisor.start(); !started) return started;
  (*system)->start();

  asio::signal_set signals(io, SIGTERM, SIGINT);
  const auto come_to_rest = [&] {
    service.stopping("What moves comes to rest.");
    lines.come_to_rest();
    hypervisor.come_to_rest([&] {
      hypervisor.stop();
      // Answers that are under way get out, and the recording; then nothing keeps the loop.
      recording.finish([&io] { asio::post(io, [&io] { asio::post(io, [&io] { io.stop(); }); }); });
    });
  };
  const auto end = [&] {
    if ((*system)->busy()) {  // a board that is half written is no board
      service.stopping("The firmware of the board is being written; the end waits for it.");
      service.needs(hal::firmware::flash_patience + std::chrono::minutes(1));
    }
    (*system)->finish(come_to_rest);
  };
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (!cancelled) end();
  });
  service.ready([&] { return board_line(hypervisor.link()); });
  // Standard output says `ready`, or is a stream of frames.
  if (doors->stdio)
    doors->stdio->on_closed(end);
  else
    std::cout << "ready" << std::endl;
  io.run();
  disk.join();  // what was to be stored is stored
  archive.join();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::string_view(argv[1]) == "trace")
    return hal::recording::trace_command(argc - 1, argv + 1);
  if (argc > 1 && std::string_view(argv[1]) == "lines") return hal::gpio::lines_command(argc - 1, argv + 1);
  Options options;
  CLI::App app(
      "celeriac-hal: the hypervisor. It owns the serial line to the board and serves the machine on a "
      "socket.");
  app.set_version_flag("--version", CELERIAC_VERSION);
  app.set_config("--config", "", "file of these options, one a line: name = value");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--dir", options.dir, "folder of parameters.json, settings.json and the socket")->required();
  app.add_option("--serial", options.serial, "the board's port, or auto: the first board on USB")
      ->capture_default_str();
  app.add_option("--socket", options.doors.socket, "unix socket to serve on (default: DIR/hal.sock)");
  auto* token =
      app.add_option("--token-file", options.doors.token_file, "file with the token that TCP clients bring");
  app.add_option("--tcp", options.doors.tcp, "serve on TCP as well: ADDRESS:PORT")->needs(token);
  app.add_flag("--stdio", options.doors.stdio,
               "serve on standard input and output as well, and end with them");
  app.add_option("--parameters", options.parameters,
                 "JSON file of firmware parameters, name: value, for those that DIR/parameters.json has not");
  app.add_option("--lines", options.lines,
                 "JSON file that names the computer's GPIO lines: stop button, buttons, lights")
      ->type_name("FILE");
  app.add_option(
         "--gpio", options.gpio,
         "chips: those of this computer; or simulated:SOCKET, lines of memory with hands on that socket")
      ->type_name("GPIO")
      ->capture_default_str();
  hal::camera::add_options(app, options.photos);
  app.add_option("--computer", options.system.computer,
                 "what SYS.POWER_OFF switches off: real, simulated (says so, and stays on) or none")
      ->type_name("COMPUTER")
      ->capture_default_str();
  app.add_option("--flasher", options.system.flasher,
                 "what writes firmware to the board: avrdude, a path of it, or simulated")
      ->type_name("PROGRAM")
      ->capture_default_str();
  app.add_option("--apt-cache", options.system.apt_cache, "the program that is asked for updates")
      ->type_name("PROGRAM")
      ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "log more");
  app.footer(
      "Example: celeriac-hal --dir /var/lib/celeriac --serial auto\n"
      "`celeriac-hal trace --help` tells how to read what it has recorded, `celeriac-hal lines --help` how "
      "to "
      "check the GPIO lines.");
  CLI11_PARSE(app, argc, argv);
  if (options.doors.socket.empty()) options.doors.socket = options.dir / "hal.sock";

  protocol::start_service_log("celeriac-hal", "%H:%M:%S.%e hal %l: %v");
  if (options.verbose) spdlog::set_level(spdlog::level::debug);
  try {
    if (const auto done = run(options); !done) {
      spdlog::error("{}", done.error().message);
      return 1;
    }
  } catch (const std::exception& defect) {
    spdlog::critical("celeriac-hal met a defect and ends: {}", defect.what());
    return 2;
  }
  return 0;
}
