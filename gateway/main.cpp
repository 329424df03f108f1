// celeriac-gateway: carries HTTP, WebSocket and MQTT to processes of the VM.

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <format>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/gateway.hpp"
#include "gateway/spawn.hpp"
#include "protocol/service.hpp"
#include "protocol/service_log.hpp"

namespace {

namespace asio = boost::asio;
namespace gateway = celeriac::gateway;
using celeriac::protocol::fail;
using celeriac::protocol::Result;
using celeriac::protocol::Status;

/// Shortest token of --http-token-file, in characters.
constexpr std::size_t shortest_token = 16;

struct Words {
  std::filesystem::path directory, socket, token_file, password_file, ca_file;
  std::string http, node, broker, user, dead_letters;
  std::vector<std::string> names, paths;
  bool plain = false;
};

int refuse(const std::string& sentence) {
  std::fprintf(stderr, "celeriac-gateway: %s\n", sentence.c_str());
  return 1;
}

/// The first line of a file that nobody else may read.
Result<std::string> read_secret(const std::filesystem::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return fail(Status::failed, path.string() + " cannot be read.");
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Status::denied, path.string() + " may be read by others: chmod 600 " + path.string());
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty())
    return fail(Status::failed, path.string() + " has no first line.");
  return line;
}

/// The VM's default as well.
constexpr const char* default_node = "celeriac.local";

Result<gateway::GatewayOptions> options_of(const Words& words) {
  gateway::GatewayOptions options{.vm = words.socket.empty() ? words.directory / "vm.sock" : words.socket,
                                  .node = words.node.empty() ? default_node : words.node,
                                  .dead_letters = words.dead_letters,
                                  .ca_file = words.ca_file};
  if (!celeriac::protocol::is_node_name(options.node))
    return fail(Status::malformed,
                options.node + " is no name of a node: small letters, digits, dots and dashes.");
  options.http_access.kept = words.directory / "gateway-paths.json";
  if (!words.http.empty()) {
    auto door = gateway::parse_http_door(words.http);
    if (!door) return std::unexpected(std::move(door.error()));
    door->names = words.names;
    options.http = std::move(*door);
  }
  if (!words.token_file.empty()) {
    auto token = read_secret(words.token_file);
    if (!token) return std::unexpected(std::move(token.error()));
    if (token->size() < shortest_token)
      return fail(Status::malformed, "The token for HTTP must have 16 characters or more.");
    options.http_access.token = std::move(*token);
  }
  for (const auto& each : words.paths) {
    const auto equals = each.find('=');
    auto path = gateway::normal_path(std::string_view(each).substr(0, equals));
    if (!path || equals == std::string::npos || equals + 1 == each.size())
      return fail(Status::malformed, each + " gives no path away: /status=status:garden:local");
    options.http_access.given_paths.emplace_back(std::move(*path), each.substr(equals + 1));
  }
  if (!words.broker.empty()) {
    auto broker = gateway::parse_broker_url(words.broker, words.plain);
    if (!broker) return std::unexpected(std::move(broker.error()));
    broker->user = words.user;
    broker->client_id = "celeriac-" + options.node;
    broker->ca_file = words.ca_file;
    if (!words.password_file.empty()) {
      auto password = read_secret(words.password_file);
      if (!password) return std::unexpected(std::move(password.error()));
      broker->password = std::move(*password);
      if (broker->user.empty()) broker->user = options.node;
    }
    options.broker = std::move(*broker);
  }
  return options;
}

/// The gateway in one line, for `systemctl status`.
std::string line_of(const gateway::Gateway& whole) {
  std::string line = whole.vm_there() ? "Connected to the VM" : "The VM is away";
  if (whole.http_port() != 0) line += std::format(", HTTP on port {}", whole.http_port());
  if (whole.broker_there()) line += ", connected to the broker";
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  Words words;
  CLI::App app("Carries what comes from the network to the processes of a VM, and what they send to it.",
               "celeriac-gateway");
  app.set_config("--config", "", "file of these options, one a line: name = value");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--dir", words.directory, "directory in which the VM runs")->required();
  app.add_option("--socket", words.socket, "unix socket of the VM (DIR/vm.sock)");
  app.add_option("--node", words.node, "our name among other nodes, as the VM has it (celeriac.local)");
  auto* http =
      app.add_option("--http", words.http,
                     "ADDRESS:PORT to serve HTTP on: 127.0.0.1:8080; port 0: any, DIR/http.port says which");
  app.add_option("--http-name", words.names, "a name by which browsers may ask for this server")->needs(http);
  app.add_option("--http-path", words.paths, "PATH=PROCESS: gives a short path to a process")->needs(http);
  app.add_option("--http-token-file", words.token_file,
                 "file whose first line is the token for paths that ask for one; nobody else may read it")
      ->needs(http);
  auto* mqtt = app.add_option("--mqtt", words.broker, "broker of topics and other nodes: mqtts://host:8883");
  app.add_option("--mqtt-user", words.user, "user of the broker (the node's name, where there is a password)")
      ->needs(mqtt);
  app.add_option("--mqtt-password-file", words.password_file,
                 "file whose first line is the password; nobody else may read it")
      ->needs(mqtt);
  app.add_flag("--mqtt-plain", words.plain, "without encryption to another machine")->needs(mqtt);
  app.add_option("--mqtt-dead-letters", words.dead_letters,
                 "topic for messages that no subscriber could deal with")
      ->needs(mqtt);
  app.add_option("--ca", words.ca_file, "certificates that are believed beside the system's, PEM");
  app.set_version_flag("--version", CELERIAC_VERSION);
  app.footer("Example: celeriac-gateway --dir /var/lib/celeriac --http 127.0.0.1:8080");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of its write
  celeriac::protocol::start_service_log("celeriac-gateway", "[%Y-%m-%d %H:%M:%S.%e] [gateway] [%l] %v");

  auto options = options_of(words);
  if (!options) return refuse(options.error().message);
  asio::io_context io(1);
  celeriac::protocol::Service service(io);
  auto started = gateway::Gateway::start(io, std::move(*options));
  if (!started) return refuse(started.error().message);

  const auto port_file = words.directory / "http.port";
  if ((*started)->http_port() != 0) std::ofstream(port_file) << (*started)->http_port() << std::endl;

  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    service.stopping("It takes leave of the broker.");
    gateway::spawn(io, "the end",
                   [](asio::io_context& loop, gateway::Gateway& whole) -> asio::awaitable<void> {
                     co_await whole.stop();
                     loop.stop();
                   }(io, **started));
  });
  service.ready([&whole = **started] { return line_of(whole); });
  std::puts("ready");
  std::fflush(stdout);
  io.run();
  std::error_code ignored;
  if ((*started)->http_port() != 0) std::filesystem::remove(port_file, ignored);
  spdlog::info("stopped");
  return 0;
}
