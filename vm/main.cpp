// celeriac-vm: runs sequences, and passes on what the hypervisor serves.

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

#include "protocol/listener.hpp"
#include "vm/vm.hpp"

namespace {

using celeriac::protocol::Error;
using celeriac::protocol::Listener;

int refuse(const std::string& sentence) {
  std::fprintf(stderr, "celeriac-vm: %s\n", sentence.c_str());
  return 1;
}

/// The first line of the file.
std::string read_token(const std::string& file) {
  std::ifstream in(file);
  std::string token;
  std::getline(in, token);
  return token;
}

/// "127.0.0.1:7000", "[::1]:7000"; port 0 lets the system choose.
bool split_address(const std::string& text, std::string& address, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(begin, end, port);
  return read.ec == std::errc() && read.ptr == end && begin != end;
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory, socket, hypervisor, tcp, token_file;
  bool stdio = false;
  CLI::App app("Runs CeleryScript sequences: codes, processes and registers, over the wire protocol.",
               "celeriac-vm");
  app.add_option("--dir", directory, "directory of the image and, unless told otherwise, of the sockets")
      ->required();
  app.add_option("--socket", socket, "unix socket to listen on (DIR/vm.sock)");
  app.add_option("--hypervisor", hypervisor, "unix socket of the hypervisor (DIR/hal.sock)");
  auto* tcp_option =
      app.add_option("--tcp", tcp, "ADDRESS:PORT to listen on as well; clients need the token");
  app.add_option("--token-file", token_file, "file whose first line is the token for --tcp")
      ->needs(tcp_option);
  app.add_flag("--stdio", stdio, "serve standard input and output as well, and end when they do");
  app.set_version_flag("--version", CELERIAC_VERSION);
  app.footer("Example: celeriac-vm --dir /var/lib/celeriac");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of its write
  // Standard output says `ready`, or is a stream of frames.
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("vm", std::make_shared<spdlog::sinks::stderr_sink_mt>()));

  std::string token, address;
  std::uint16_t port = 0;
  if (!tcp.empty()) {
    if (!split_address(tcp, address, port)) return refuse("--tcp needs ADDRESS:PORT, as in 127.0.0.1:7000.");
    token = read_token(token_file);
    if (token.empty()) return refuse("--tcp needs --token-file FILE with a token on its first line.");
  }
  const std::filesystem::path dir = directory;
  boost::asio::io_context io(1);
  auto vm = celeriac::vm::Vm::open(
      io, {.directory = dir,
           .hypervisor = hypervisor.empty() ? dir / "hal.sock" : std::filesystem::path(hypervisor),
           .token = token});
  if (!vm) return refuse(vm.error().message);
  const auto& dispatcher = (*vm)->dispatcher();

  const auto path = socket.empty() ? dir / "vm.sock" : std::filesystem::path(socket);
  auto unix_listener = Listener::on_unix(io, path, dispatcher);
  if (!unix_listener) return refuse(unix_listener.error().message);
  std::unique_ptr<Listener> tcp_listener;
  if (!tcp.empty()) {
    auto made = Listener::on_tcp(io, address, port, dispatcher);
    if (!made) return refuse(made.error().message);
    tcp_listener = std::move(*made);
    spdlog::info("listening on {}:{}", address, tcp_listener->port());
  }

  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](const boost::system::error_code& error, int) {
    if (!error) io.stop();
  });
  if (stdio) {
    celeriac::protocol::serve_stdio(io, dispatcher)->on_closed([&io] { io.stop(); });
  } else {
    std::puts("ready");
    std::fflush(stdout);
  }
  io.run();
  spdlog::info("stopped");
  return 0;
}
