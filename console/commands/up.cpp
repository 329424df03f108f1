// up: the whole host in the foreground.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <filesystem>
#include <format>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"
#include "console/up/box_lines.hpp"
#include "console/up/garden.hpp"
#include "console/up/run_directory.hpp"
#include "console/up/supervisor.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

using namespace std::chrono_literals;

constexpr auto start_patience = 20s;   // a daemon is ready in 0.2 s; a busy machine may need a while
constexpr auto garden_patience = 60s;  // the simulated board boots in a few seconds
constexpr auto waiting_remark = 10s;   // a person hears what is waited for
constexpr auto stop_grace = 5s;

struct Up {
  bool simulate = false;
  std::string serial = "auto";
  double speed = 1;
  std::string board = "arduino";
  std::string camera, photo_hook;
  std::string lines;
  std::string tcp;
  std::string web_api, web_token_file, web_ca;
  /// Handed on to the gateway as they are.
  std::string http, http_token_file, mqtt, mqtt_user, mqtt_password_file, node;
  std::vector<std::string> http_paths;
  bool mqtt_plain = false;
};

std::vector<std::string> gateway_arguments(const Up& up, const std::string& dir) {
  std::vector<std::string> arguments{"--dir", dir};
  for (const auto& [option, value] :
       {std::pair("--http", &up.http), std::pair("--http-token-file", &up.http_token_file),
        std::pair("--mqtt", &up.mqtt), std::pair("--mqtt-user", &up.mqtt_user),
        std::pair("--mqtt-password-file", &up.mqtt_password_file), std::pair("--node", &up.node),
        std::pair("--ca", &up.web_ca)})
    if (!value->empty()) arguments.insert(arguments.end(), {option, *value});
  for (const auto& path : up.http_paths) arguments.insert(arguments.end(), {"--http-path", path});
  if (up.mqtt_plain) arguments.emplace_back("--mqtt-plain");
  return arguments;
}

/// The description of the GPIO lines: what the person names, or of a simulated host FarmBot's box; "" for
/// none.
Result<std::string> lines_file(const Up& up, const RunDirectory& directory) {
  if (!up.lines.empty() || !up.simulate) return up.lines;
  const auto path = directory.path() / "lines.json";
  if (std::filesystem::exists(path)) return path.string();  // somebody may have changed it
  std::ofstream file(path, std::ios::trunc);
  file << box_lines() << std::flush;
  if (file) return path.string();
  return protocol::fail(Status::failed, std::format("Cannot write {}.", path.string()));
}

/// The programs of a host, in the order in which they start.
Result<std::vector<ChildSpec>> crew_of(Context& context, const Up& up, const RunDirectory& directory) {
  const std::string dir = directory.path().string();
  std::vector<ChildSpec> crew;
  std::vector<std::string> hal{"--dir", dir, "--serial",
                               up.simulate ? directory.firmware_link().string() : up.serial};
  std::vector<std::string> vm{"--dir", dir};
  if (up.simulate) {
    const auto parameters = directory.path() / "garden-parameters.json";
    if (auto written = write_garden_parameters(parameters, up.board); !written)
      return std::unexpected(written.error());
    const std::string socket = directory.simulator_socket().string();
    hal.insert(hal.end(), {"--parameters", parameters.string(), "--gpio",
                           "simulated:" + directory.gpio_socket().string(), "--computer", "simulated",
                           "--flasher", "simulated"});
    if (up.camera.empty()) hal.insert(hal.end(), {"--camera", "simulated:" + socket});
    crew.push_back(
        {"firmware-sim",
         "celeriac-firmware-sim",
         {"--garden", "--link", directory.firmware_link().string(), "--board", up.board, "--speed",
          std::format("{}", up.speed), "--log", directory.firmware_log().string(), "--control", socket}});
  }
  for (const auto& [option, value] :
       {std::pair("--camera", &up.camera), std::pair("--photo-hook", &up.photo_hook)})
    if (!value->empty()) hal.insert(hal.end(), {option, *value});
  if (const auto lines = lines_file(up, directory); !lines)
    return std::unexpected(lines.error());
  else if (!lines->empty())
    hal.insert(hal.end(), {"--lines", *lines});
  if (!up.tcp.empty()) {
    vm.insert(vm.end(), {"--tcp", up.tcp});
    if (const auto& token = context.token_file(); !token.empty())
      vm.insert(vm.end(), {"--token-file", token.string()});
  }
  for (const auto& [option, value] :
       {std::pair("--web-api", &up.web_api), std::pair("--web-token-file", &up.web_token_file),
        std::pair("--web-ca", &up.web_ca), std::pair("--node", &up.node)})
    if (!value->empty()) vm.insert(vm.end(), {option, *value});
  crew.push_back({"hal", "celeriac-hal", std::move(hal)});
  crew.push_back({"vm", "celeriac-vm", std::move(vm)});
  crew.push_back({"gateway", "celeriac-gateway", gateway_arguments(up, dir)});
  const std::string search = context.world().variable("PATH").value_or("");
  std::vector<ChildSpec> found;
  for (auto& spec : crew) {
    auto program = find_program(context.world().programs, search, spec.program.string());
    // A bot needs no network: where the gateway is not installed, it is missed only by who asks for it.
    if (!program && spec.name == "gateway" && up.http.empty() && up.mqtt.empty()) continue;
    if (!program) return std::unexpected(std::move(program.error()));
    spec.program = std::move(*program);
    found.push_back(std::move(spec));
  }
  return found;
}

/// What the VM says of the board: nullopt once it is ready, else why it is not.
asio::awaitable<std::optional<std::string>> why_not_ready(asio::io_context& io,
                                                          const RunDirectory& directory) {
  const auto client = co_await Client::connect(io, {.who = "the VM", .socket = directory.vm_socket()});
  if (!client) co_return client.error().message;
  const auto firmware = co_await (*client)->read("firmware");
  if (!firmware) co_return firmware.error().message;
  if (text_of(*firmware, "state") == "ready") co_return std::nullopt;
  const std::string reason = text_of(*firmware, "reason");
  co_return reason.empty() ? "The board does not answer yet." : reason;
}

/// Waits until the whole chain answers: VM, hypervisor, board. A real board may be plugged in later, so only
/// the simulated one has a deadline.
asio::awaitable<Result<void>> await_board(Context& context, const Up& up, const RunDirectory& directory,
                                          Supervisor& crew) {
  const auto begun = context.world().now();
  auto next_remark = begun + waiting_remark;
  while (true) {
    const auto reason = co_await why_not_ready(context.world().io, directory);
    if (!reason) co_return Result<void>();
    const auto now = context.world().now();
    if (up.simulate && now - begun > garden_patience)
      co_return protocol::fail(
          Status::timeout,
          std::format("The simulated board was not ready within {} s. {}", garden_patience.count(), *reason));
    if (now >= next_remark) {
      context.note("still waiting for the board. " + *reason);
      next_remark = now + waiting_remark;
    }
    if (auto passed = co_await crew.pass(50ms); !passed) co_return passed;
  }
}

asio::awaitable<Result<void>> start_all(Context& context, const Up& up, const RunDirectory& directory,
                                        Supervisor& crew) {
  auto specs = crew_of(context, up, directory);
  if (!specs) co_return std::unexpected(std::move(specs.error()));
  for (auto& spec : *specs)
    if (auto started = co_await crew.start(std::move(spec), start_patience); !started) co_return started;
  co_return co_await await_board(context, up, directory, crew);
}

asio::awaitable<Exit> run_host(Context& context, const Up& up) {
  const auto directory = RunDirectory::claim(context.directory());
  if (!directory) co_return context.failed(directory.error());
  const auto& world = context.world();
  Supervisor crew(world.io, [&world](const std::string& name, std::string_view line) {
    world.err << std::format("[{}] {}", name, printable(line)) << std::endl;
  });
  auto started = co_await start_all(context, up, *directory, crew);
  Error end = started ? Error{} : started.error();
  if (started) {
    context.done({{"event", "ready"}, {"dir", directory->path().string()}}, "ready");
    end = co_await crew.first_death();
  }
  co_await crew.stop(stop_grace);
  if (end.code == interrupted_code) co_return started ? Exit::done : Exit::interrupted;
  co_return context.failed(end);
}

}  // namespace

Action declare_up(CLI::App& app) {
  auto up = std::make_shared<Up>();
  auto* simulate = app.add_flag("--simulate", up->simulate, "With a simulated garden instead of a board");
  app.add_option("--serial", up->serial, "Serial port of the board; auto looks for one")
      ->type_name("PORT")
      ->capture_default_str()
      ->excludes(simulate);
  app.add_option("--speed", up->speed, "The simulated garden runs so many times faster")
      ->type_name("N")
      ->check(CLI::Range(0.01, 10000.0, "0.01 to 10000"))
      ->needs(simulate);
  app.add_option("--board", up->board, "Board that is simulated, by its package name")
      ->type_name("NAME")
      ->capture_default_str()
      ->needs(simulate);
  app.add_option("--camera", up->camera, "The camera: auto, rpicam, v4l2:/dev/video0, command:PROGRAM")
      ->type_name("CAMERA");
  app.add_option("--photo-hook", up->photo_hook, "Program that is started with the path of each photo")
      ->type_name("PROGRAM");
  app.add_option("--lines", up->lines,
                 "File that names the computer's GPIO lines; a simulated one has those of FarmBot's box")
      ->type_name("FILE");
  app.add_option("--tcp", up->tcp, "The VM listens on TCP as well; with --token-file")
      ->type_name("ADDR:PORT");
  auto* web_api =
      app.add_option("--web-api", up->web_api, "Web API of the account to sync with: https://my.farm.bot")
          ->type_name("URL");
  app.add_option("--web-token-file", up->web_token_file,
                 "File with a token of the account; nobody else may read it")
      ->type_name("FILE")
      ->needs(web_api);
  app.add_option("--web-ca", up->web_ca, "Certificates that are believed beside the system's, PEM")
      ->type_name("FILE")
      ->needs(web_api);
  auto* http =
      app.add_option("--http", up->http, "Serve what processes serve over HTTP there: 127.0.0.1:8080")
          ->type_name("ADDR:PORT");
  app.add_option("--http-path", up->http_paths,
                 "Gives a short path to a process: /status=status:garden:local")
      ->type_name("PATH=PROCESS")
      ->needs(http);
  app.add_option("--http-token-file", up->http_token_file, "File with the token for paths that ask for one")
      ->type_name("FILE")
      ->needs(http);
  auto* mqtt =
      app.add_option("--mqtt", up->mqtt, "Broker of topics and other nodes: mqtts://host")->type_name("URL");
  app.add_option("--mqtt-user", up->mqtt_user, "User of the broker; the node's name if absent")
      ->type_name("NAME")
      ->needs(mqtt);
  app.add_option("--mqtt-password-file", up->mqtt_password_file,
                 "File with its password; nobody else may read it")
      ->type_name("FILE")
      ->needs(mqtt);
  app.add_flag("--mqtt-plain", up->mqtt_plain, "Without encryption to another machine")->needs(mqtt);
  app.add_option("--node", up->node, "Name of this node: what other nodes write to")->type_name("NAME");
  return [up](Context& context) { return run_host(context, *up); };
}

}  // namespace celeriac::console
