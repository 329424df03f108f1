// status, watch: what the machine does, once or as it changes.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <format>
#include <memory>
#include <ostream>
#include <vector>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/log_line.hpp"
#include "console/output_status.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;

namespace {

Json member(const Json& document, const char* name) {
  return document.is_object() ? document.value(name, Json()) : Json();
}

std::string firmware_line(const Json& firmware) {
  const std::string state = text_of(firmware, "state"), version = text_of(firmware, "version"),
                    board = text_of(firmware, "board"), port = text_of(firmware, "port");
  // A sentence of the hypervisor's on what to check, while there is no link to the board.
  if (const std::string reason = text_of(firmware, "reason"); !reason.empty())
    return std::format("{}: {}", state, reason);
  std::string text = state.empty() ? "unknown" : state;
  if (!board.empty() || !version.empty())
    text += std::format(": {}{}{}", board, board.empty() || version.empty() ? "" : " ", version);
  return port.empty() ? text : text + " on " + port;
}

std::string pins_line(const Json& pins) {
  std::vector<std::pair<int, std::string>> known;
  for (const auto& [name, pin] : pins.items()) {
    const Json value = pin.is_object() ? member(pin, "value") : pin;
    if (!value.is_null())
      known.emplace_back(std::atoi(name.c_str()), std::format("{} = {}", printable(name), brief(value)));
  }
  std::ranges::sort(known);
  std::string text;
  for (const auto& [number, pin] : known) text += (text.empty() ? "" : ", ") + pin;
  return text;
}

std::string trust_line(const Json& trust) {
  std::string text;
  for (const char* axis : {"x", "y", "z"})
    if (const auto word = text_of(trust, axis); !word.empty())
      text += std::format("{}{} {}", text.empty() ? "" : "  ", axis, word);
  return text;
}

std::string outputs_line(const std::vector<OutputStatus>& outputs) {
  const auto now = protocol::now_milliseconds();
  std::string text;
  for (const auto& output : outputs) {
    text += std::format("{}{} (pin {}) {}", text.empty() ? "" : ", ",
                        output.name.empty() ? "output" : output.name, output.pin, output.on ? "ON" : "off");
    if (const auto passed = output.on_for(now)) text += std::format(" for {}", clock_time(*passed));
    if (const auto left = output.left(now)) text += std::format(", {} left", clock_time(*left));
  }
  return text;
}

/// The status tree in a few lines; what a daemon does not tell is left out.
std::string status_text(const Json& tree) {
  std::string text = std::format("firmware   {}\n", firmware_line(member(tree, "firmware")));
  if (tree.contains("position")) text += std::format("position   {}\n", position(tree["position"]));
  if (const auto trust = trust_line(member(tree, "trust")); !trust.empty())
    text += std::format("trust      {}\n", trust);
  if (tree.contains("locked"))
    text += std::format("lock       {}\n",
                        tree["locked"] == true ? "EMERGENCY LOCK is on: `celeriac unlock` ends it" : "off");
  if (tree.contains("busy")) text += std::format("busy       {}\n", tree["busy"] == true ? "yes" : "no");
  if (const auto outputs = outputs_line(outputs_of(member(tree, "outputs"))); !outputs.empty())
    text += std::format("outputs    {}\n", outputs);
  if (const auto pins = pins_line(member(tree, "pins")); !pins.empty())
    text += std::format("pins       {}\n", pins);
  if (const Json processes = member(tree, "processes"); processes.is_array() && !processes.empty())
    text += '\n' + process_table(processes);
  return text;
}

asio::awaitable<Exit> show_status(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  // The VM's tree holds the hypervisor's and the processes.
  const auto tree = context.to_hypervisor() ? co_await (*client)->ask("SYS.READ_STATUS"_op)
                                            : co_await (*client)->read("status");
  if (!tree) co_return context.failed(tree.error());
  co_return context.done(*tree, status_text(*tree));
}

struct Watching {
  std::vector<std::string> names;
  std::uint64_t count = 0;  // 0: without end
};

/// Prints changes until enough were seen, nobody reads them any more, or the stream ends.
class Printer {
 public:
  Printer(Context& context, const Watching& watching) : context_(context), most_(watching.count) {
    for (const auto& name : watching.names) name_width_ = std::max(name_width_, width(name));
  }

  void print(const std::string& name, const Json& value, std::int64_t time_ms) {
    if (done()) return;
    ++seen_;
    if (context_.json())
      context_.document({{"name", name}, {"value", value}, {"time", time_ms}});
    else if (name == "log")
      context_.line(log_line(value, context_.world().terminal.colour));
    else
      context_.line(std::format("{}  {}  {}", time_of_day(time_ms), padded(name, name_width_),
                                name == "position" ? position(value) : brief(value)));
  }

  [[nodiscard]] bool done() const { return (most_ != 0 && seen_ >= most_) || !context_.world().out.good(); }

 private:
  Context& context_;
  std::uint64_t most_;
  std::uint64_t seen_ = 0;
  std::size_t name_width_ = 0;
};

asio::awaitable<Exit> watch(Context& context, const Watching& watching) {
  Printer printer(context, watching);
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  for (const auto& name : watching.names) {
    if (name != "log") {
      const auto value = co_await (*client)->read(name);
      if (!value) co_return context.failed(value.error());
      printer.print(name, *value, protocol::now_milliseconds());
      if (printer.done()) co_return Exit::done;
    }
    const auto watched = co_await (*client)->watch(
        name,
        [&printer, name](const Json& value, std::int64_t time_ms) { printer.print(name, value, time_ms); });
    if (!watched) co_return context.failed(watched.error());
  }
  const Error end = co_await (*client)->ended([&printer] { return printer.done(); });
  if (printer.done() || end.code == interrupted_code) co_return Exit::done;  // Ctrl-C is how a watch ends
  co_return context.failed(end);
}

}  // namespace

Action declare_status(CLI::App&) {
  return [](Context& context) { return show_status(context); };
}

Action declare_watch(CLI::App& app) {
  auto watching = std::make_shared<Watching>();
  app.add_option("register", watching->names,
                 "Names: position, locked, busy, firmware, pins.8, process.1, log …")
      ->type_name("REGISTER")
      ->required();
  app.add_option("--count", watching->count, "End after so many lines")->type_name("LINES");
  return [watching](Context& context) { return watch(context, *watching); };
}

}  // namespace celeriac::console
