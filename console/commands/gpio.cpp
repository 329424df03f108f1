// gpio, gpio set, gpio watch, gpio press: the computer's GPIO lines, by name.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <format>
#include <memory>
#include <ostream>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/interruption.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;

namespace {

/// What a line is at, in a word or two.
std::string state_of(const Json& line) {
  const Json value = line.is_object() ? line.value("value", Json()) : Json();
  const std::string blink = text_of(line, "blink");
  if (value.is_null()) return "?";
  if (value == 1 && !blink.empty() && blink != "off") return "blinks " + printable(blink);
  return value == 1 ? "1" : "0";
}

std::string lines_table(const Json& lines) {
  if (!lines.is_object() || lines.empty())
    return "no GPIO lines: `celeriac-hal --lines FILE` names the file that describes them";
  std::vector<std::vector<std::string>> rows{{"NAME", "VALUE", "DIRECTION", "ROLE", "LINE", "TROUBLE"}};
  for (const auto& [name, line] : lines.items()) {
    const std::string chip = text_of(line, "chip"), trouble = text_of(line, "trouble");
    rows.push_back({printable(name), state_of(line), printable(text_of(line, "direction")),
                    printable(text_of(line, "role")),
                    printable(text_of(line, "line") + (chip.empty() ? "" : " of " + chip)),
                    trouble.empty() ? "-" : printable(trouble)});
  }
  return table(rows);
}

asio::awaitable<Exit> list_lines(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto lines = co_await (*client)->read("gpio");
  if (!lines) co_return context.failed(lines.error());
  co_return context.done(lines->is_object() ? *lines : Json::object(), lines_table(*lines));
}

// ---- watch ----

/// Prints what differs between one look at the lines and the next.
class Changes {
 public:
  Changes(Context& context, std::uint64_t most) : context_(context), most_(most) {}

  void look(const Json& lines, std::int64_t time_ms) {
    if (!lines.is_object()) return;
    for (const auto& [name, line] : lines.items()) {
      if (done()) return;
      const auto before = last_.find(name);
      const std::string state = state_of(line), trouble = text_of(line, "trouble");
      if (before != last_.end() && state_of(*before) == state && text_of(*before, "trouble") == trouble)
        continue;
      ++seen_;
      if (context_.json())
        context_.document({{"name", name}, {"time", time_ms}, {"line", line}});
      else
        context_.line(std::format("{}  {}  {}{}", time_of_day(time_ms), padded(printable(name), 22), state,
                                  trouble.empty() ? "" : "  " + printable(trouble)));
    }
    last_ = lines;
  }
  [[nodiscard]] bool done() const { return (most_ != 0 && seen_ >= most_) || !context_.world().out.good(); }

 private:
  Context& context_;
  std::uint64_t most_, seen_ = 0;
  Json last_ = Json::object();
};

asio::awaitable<Exit> watch_lines(Context& context, std::uint64_t count) {
  Changes changes(context, count);
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto lines = co_await (*client)->read("gpio");
  if (!lines) co_return context.failed(lines.error());
  changes.look(*lines, protocol::now_milliseconds());
  if (changes.done()) co_return Exit::done;
  const auto watched = co_await (*client)->watch(
      "gpio", [&changes](const Json& value, std::int64_t time_ms) { changes.look(value, time_ms); });
  if (!watched) co_return context.failed(watched.error());
  const Error end = co_await (*client)->ended([&changes] { return changes.done(); });
  if (changes.done() || end.code == interrupted_code) co_return Exit::done;  // Ctrl-C is how a watch ends
  co_return context.failed(end);
}

// ---- the simulated computer ----

/// One line to the hands of a simulated computer, and its answer.
asio::awaitable<Result<void>> tell_hands(asio::local::stream_protocol::socket& socket, std::string line) {
  boost::system::error_code failed;
  const auto token = asio::redirect_error(asio::use_awaitable, failed);
  line += '\n';
  co_await asio::async_write(socket, asio::buffer(line), token);
  std::string answer;
  constexpr std::size_t longest_answer = 4096;
  if (!failed)
    co_await asio::async_read_until(socket, asio::dynamic_buffer(answer, longest_answer), '\n', token);
  if (failed)
    co_return protocol::fail(protocol::Status::offline,
                             std::format("The simulated computer does not answer: {}.", failed.message()));
  constexpr std::string_view refusal = "error: ";
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  if (answer.starts_with(refusal))
    co_return protocol::fail(protocol::Status::wrong_state, answer.substr(refusal.size()));
  co_return Result<void>();
}

asio::awaitable<Exit> press(Context& context, std::string name, double seconds) {
  const auto path = context.directory() / "gpio.sock";
  boost::system::error_code failed;
  asio::local::stream_protocol::socket socket(context.world().io);
  co_await socket.async_connect(path.string(), asio::redirect_error(asio::use_awaitable, failed));
  if (failed)
    co_return context.failed(
        {.status = protocol::Status::offline,
         .message =
             std::format("There is no simulated computer at {} ({}): `celeriac up --simulate` starts one; "
                         "the buttons of a real one are pressed by hand.",
                         path.string(), failed.message())});
  if (auto pressed = co_await tell_hands(socket, "press " + name); !pressed)
    co_return context.failed(pressed.error());
  asio::steady_timer timer(context.world().io,
                           std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                               std::chrono::duration<double>(seconds)));
  // Ctrl-C lets go.
  if (!co_await interrupted()) co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  const auto released = co_await tell_hands(socket, "release " + name);
  if (!released) co_return context.failed(released.error());
  co_return context.done({{"line", name}, {"seconds", seconds}},
                         std::format("{} was pressed for {:g} s", printable(name), seconds));
}

void add_name(CLI::App& app, std::string& name) {
  app.add_option("name", name, "Name of the line, as `celeriac gpio` lists it")
      ->type_name("NAME")
      ->required();
}

}  // namespace

Action declare_gpio(CLI::App&) {
  return [](Context& context) { return list_lines(context); };
}

Action declare_gpio_set(CLI::App& app) {
  struct Values {
    std::string name, value;
  };
  auto values = std::make_shared<Values>();
  add_name(app, values->name);
  std::vector<std::string> words{"0", "1"};
  for (const auto& field : "SYS.WRITE_LINE"_op.fields)
    if (field.name == "blink")
      for (const auto& choice : field.choices)
        if (choice.number != 0) words.emplace_back(choice.name);
  app.add_option("value", values->value, "0 off, 1 on, or how it blinks")
      ->type_name("VALUE")
      ->required()
      ->check(CLI::IsMember(words));
  return [values](Context& context) {
    const bool blinks = values->value != "0" && values->value != "1";
    return perform(context, "SYS.WRITE_LINE"_op,
                   {{"line", values->name},
                    {"value", values->value == "0" ? 0 : 1},
                    {"blink", blinks ? Json(values->value) : Json("off")}},
                   blinks ? std::format("{} blinks {}", printable(values->name), values->value)
                          : std::format("{} is {}", printable(values->name), values->value));
  };
}

Action declare_gpio_watch(CLI::App& app) {
  auto count = std::make_shared<std::uint64_t>(0);
  app.add_option("--count", *count, "End after so many lines")->type_name("LINES");
  return [count](Context& context) { return watch_lines(context, *count); };
}

Action declare_gpio_press(CLI::App& app) {
  struct Values {
    std::string name;
    double seconds = 0.2;
  };
  auto values = std::make_shared<Values>();
  add_name(app, values->name);
  app.add_option("--for", values->seconds, "How long it is held")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0, "0 to 3600"));
  return [values](Context& context) { return press(context, values->name, values->seconds); };
}

}  // namespace celeriac::console
