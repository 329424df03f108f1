// celeriac-vm: runs sequences, and passes on what the hypervisor serves.

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include "protocol/doors.hpp"
#include "protocol/service.hpp"
#include "protocol/service_log.hpp"
#include "vm/vm.hpp"

namespace {

namespace asio = boost::asio;
namespace protocol = celeriac::protocol;

int refuse(const std::string& sentence) {
  std::fprintf(stderr, "celeriac-vm: %s\n", sentence.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::filesystem::path directory, hypervisor, guest_program;
  celeriac::vm::KernelOptions kernel;
  int verbosity = 0;
  int rest = 2;  // `celeriac up` kills after 5
  celeriac::vm::AccountOptions account;
  protocol::Doors doors;
  CLI::App app("Runs CeleryScript sequences: codes, processes and registers, over the wire protocol.",
               "celeriac-vm");
  app.set_config("--config", "", "file of these options, one a line: name = value");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--dir", directory, "directory of the image and, unless told otherwise, of the sockets")
      ->required();
  app.add_option("--socket", doors.socket, "unix socket to listen on (DIR/vm.sock)");
  app.add_option("--hypervisor", hypervisor, "unix socket of the hypervisor (DIR/hal.sock)");
  auto* tcp_option =
      app.add_option("--tcp", doors.tcp, "ADDRESS:PORT to listen on as well; clients need the token");
  app.add_option("--token-file", doors.token_file, "file whose first word is the token for --tcp")
      ->needs(tcp_option);
  auto* web_option = app.add_option("--web-api", account.web_api,
                                    "address of the web API to sync with: https://my.farm.bot");
  app.add_option("--web-token-file", account.token_file,
                 "file with the answer of its /api/tokens, or the bare token; nobody else may read it")
      ->needs(web_option);
  app.add_option("--web-ca", account.ca_file, "certificates that are believed beside the system's, PEM")
      ->needs(web_option);
  app.add_option("--node", kernel.node, "name of this node: what other nodes write to (celeriac.local)");
  app.add_flag("--strict-responses", kernel.strict_responses,
               "a guest may respond only to whom it may send to, as Kinode has it");
  app.add_option("--guest-program", guest_program,
                 "the worker of packages (celeriac-guest, beside this program)");
  app.add_option("--verbosity", verbosity, "lines of guests that go into the log: 0 to 3")
      ->check(CLI::Range(0, 3));
  app.add_option("--rest", rest, "seconds that processes have at the end to finish the step they are in")
      ->check(CLI::Range(0, 60))
      ->capture_default_str();
  app.add_flag("--stdio", doors.stdio, "serve standard input and output as well, and end when they do");
  app.set_version_flag("--version", CELERIAC_VERSION);
  app.footer("Example: celeriac-vm --dir /var/lib/celeriac");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of its write
  // The hypervisor writes its own entries of the log, which are part of ours, into the journal.
  if (protocol::start_service_log("celeriac-vm", "[%Y-%m-%d %H:%M:%S.%e] [vm] [%l] %v"))
    protocol::journal_log_register("celeriac-vm", "hal");

  if (doors.socket.empty()) doors.socket = directory / "vm.sock";
  if (hypervisor.empty()) hypervisor = directory / "hal.sock";
  if (guest_program.empty()) {
    std::error_code error;
    guest_program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "celeriac-guest";
  }
  if (auto good = celeriac::vm::check_node(kernel.node); !good) return refuse(good.error().message);
  auto token = protocol::read_token(doors);
  if (!token) return refuse(token.error().message);
  boost::asio::io_context io(1);
  protocol::Service service(io);
  doors.listening = service.take_socket(doors.socket.filename().string()).value_or(-1);
  auto vm = celeriac::vm::Vm::open(io, {.directory = directory,
                                        .hypervisor = hypervisor,
                                        .token = std::move(*token),
                                        .account = std::move(account),
                                        .guest_program = std::move(guest_program),
                                        .kernel = std::move(kernel),
                                        .verbosity = verbosity});
  if (!vm) return refuse(vm.error().message);
  const auto opened = protocol::open(io, doors, (*vm)->dispatcher());
  if (!opened) return refuse(opened.error().message);

  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    service.stopping("Processes come to rest at their next step.");
    // Answers that are under way get out.
    (*vm)->close(std::chrono::seconds(rest),
                 [&io] { asio::post(io, [&io] { asio::post(io, [&io] { io.stop(); }); }); });
  });
  if (opened->stdio) opened->stdio->on_closed([&io] { io.stop(); });
  service.ready([&] { return (*vm)->line(); });
  if (!opened->stdio) {  // else standard output is a stream of frames
    std::puts("ready");
    std::fflush(stdout);
  }
  io.run();
  spdlog::info("stopped");
  return 0;
}
