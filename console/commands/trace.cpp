// trace: the recording of what went over the line to the board. The hypervisor's own program reads it.

#include <stdlib.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/interruption.hpp"
#include "console/text.hpp"
#include "console/up/child.hpp"
#include "console/up/supervisor.hpp"

namespace celeriac::console {
namespace asio = boost::asio;

namespace {

struct Trace {
  std::string file, output, since;
  bool follow = false, everything = false;
};

/// Exit status that the hypervisor's program ends with for a recording or an argument that makes no sense.
constexpr int refused_status = 2;

/// A file for what is to be passed on; gone with its owner.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "celeriac-trace-XXXXXX").string();
    if (const int descriptor = ::mkstemp(name.data()); descriptor >= 0) {
      ::close(descriptor);
      path_ = name;
    }
  }
  ~TemporaryFile() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs `celeriac-hal trace …`, and passes on what it says and how it ends.
asio::awaitable<Exit> run_hypervisor_program(Context& context, std::vector<std::string> arguments,
                                             bool quiet) {
  auto& world = context.world();
  auto program = find_program(world.programs, world.variable("PATH").value_or(""), "celeriac-hal");
  if (!program) co_return context.failed(program.error());
  asio::steady_timer ended(world.io, asio::steady_timer::time_point::max());
  const auto said = [&](std::string_view line) {
    if (context.json())
      context.document({{"line", std::string(line)}});
    else if (!quiet)
      context.line(printable(line));
  };
  auto child =
      Child::start(world.io, {"trace", std::move(*program), std::move(arguments)},
                   {.output = said,
                    .error = [&](std::string_view line) { world.err << printable(line) << std::endl; },
                    .ended = [&] { ended.cancel(); }});
  if (!child) co_return context.failed(child.error());
  while ((*child)->running()) {
    co_await ended.async_wait(asio::as_tuple(asio::use_awaitable));
    // Ctrl-C is the way to end --follow.
    if ((*child)->running() && co_await interrupted()) co_return Exit::interrupted;
  }
  const auto status = (*child)->exit_status();
  if (!status) co_return context.failed({.message = "celeriac-hal " + (*child)->fate() + "."});
  co_return *status == 0 ? Exit::done : *status == refused_status ? Exit::refused : Exit::failed;
}

std::vector<std::string> arguments_of(const Context& context, const char* word, const Trace& trace) {
  std::vector<std::string> arguments{"trace", word, "--dir", context.recording_directory().string()};
  if (!trace.since.empty()) arguments.insert(arguments.end(), {"--since", trace.since});
  if (trace.follow) arguments.emplace_back("--follow");
  if (trace.everything) arguments.emplace_back("--all");
  if (!trace.file.empty()) arguments.insert(arguments.end(), {"--", trace.file});
  return arguments;
}

asio::awaitable<Exit> show(Context& context, const Trace& trace) {
  co_return co_await run_hypervisor_program(context, arguments_of(context, "show", trace), false);
}

asio::awaitable<Exit> replay(Context& context, const Trace& trace) {
  co_return co_await run_hypervisor_program(context, arguments_of(context, "replay", trace), false);
}

// To standard output by way of a file: a recording's lines may be longer than those of a program that talks.
asio::awaitable<Exit> write_out(Context& context, const Trace& trace) {
  const TemporaryFile temporary;
  const bool to_file = !trace.output.empty() && trace.output != "-";
  auto arguments = arguments_of(context, "export", trace);
  arguments.insert(arguments.end(), {"--output", to_file ? trace.output : temporary.path()});
  const auto ended = co_await run_hypervisor_program(context, std::move(arguments), !to_file);
  if (ended != Exit::done || to_file || context.json()) co_return ended;
  std::ifstream file(temporary.path(), std::ios::binary);
  context.world().out << file.rdbuf() << std::flush;
  co_return Exit::done;
}

void declare_since(CLI::App& app, Trace& trace) {
  app.add_option("--since", trace.since, "Only the last 90s, 10m, 2h or 1d")->type_name("TIME");
}

void declare_file(CLI::App& app, Trace& trace) {
  app.add_option("file", trace.file, "An exported recording; without one, what the host has")
      ->type_name("FILE");
}

}  // namespace

Action declare_trace_show(CLI::App& app) {
  auto trace = std::make_shared<Trace>();
  declare_file(app, *trace);
  declare_since(app, *trace);
  app.add_flag("--follow", trace->follow, "And what comes, until Ctrl-C");
  app.add_flag("--all", trace->everything, "Also what only a replay needs");
  return [trace](Context& context) { return show(context, *trace); };
}

Action declare_trace_export(CLI::App& app) {
  auto trace = std::make_shared<Trace>();
  declare_since(app, *trace);
  app.add_option("-o,--output", trace->output, "File to write; else standard output")->type_name("FILE");
  return [trace](Context& context) { return write_out(context, *trace); };
}

Action declare_trace_replay(CLI::App& app) {
  auto trace = std::make_shared<Trace>();
  declare_file(app, *trace);
  declare_since(app, *trace);
  return [trace](Context& context) { return replay(context, *trace); };
}

}  // namespace celeriac::console
