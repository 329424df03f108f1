// computer, power off, power reboot, updates, reset firmware, reset os, restart: the computer under the bot.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>

#include "console/commands/consent.hpp"
#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

constexpr double mebibyte = 1024.0 * 1024.0;

Json member(const Json& document, const char* name) {
  return document.is_object() ? document.value(name, Json()) : Json();
}

std::optional<double> number_of(const Json& document, const char* name) {
  const Json value = member(document, name);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// "1234 MB of 7629 MB free", "unknown".
std::string room(const Json& of, const char* left_name) {
  const auto left = number_of(of, left_name), total = number_of(of, "total");
  if (!left || !total) return "unknown";
  return std::format("{:.0f} MB of {:.0f} MB free", *left / mebibyte, *total / mebibyte);
}

std::string uptime(double seconds) {
  const auto minutes = static_cast<long long>(seconds) / 60;
  if (minutes < 60) return std::format("{} min", minutes);
  if (minutes < 48 * 60) return std::format("{} h {} min", minutes / 60, minutes % 60);
  return std::format("{} days {} h", minutes / 60 / 24, minutes / 60 % 24);
}

std::string throttling_line(const Json& words) {
  std::string text;
  for (const auto& word : words)
    if (word.is_string()) text += std::format("{}{}", text.empty() ? "" : ", ", word.get<std::string>());
  return text.empty() ? "none" : printable(text);
}

std::string health_line(const Json& health) {
  std::string text;
  if (const auto worn = number_of(health, "worn_percent")) text += std::format(", {:g} % worn", *worn);
  if (const auto reserve = text_of(health, "reserve"); !reserve.empty())
    text += std::format(", reserve {}", printable(reserve));
  if (const auto errors = number_of(health, "errors"); errors && *errors > 0)
    text += std::format(", {:g} errors", *errors);
  return text;
}

/// What is known of it, a line each.
std::string computer_text(const Json& computer) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += std::format("{:<12} {}\n", name, value);
  };
  add("model", printable(text_of(computer, "model")));
  add("system", printable(text_of(computer, "os")));
  if (const auto seconds = number_of(computer, "uptime_s")) add("up for", uptime(*seconds));
  if (const auto degrees = number_of(computer, "temperature_c"))
    add("temperature", std::format("{:.1f} °C", *degrees));
  if (const Json words = member(computer, "throttling"); words.is_array())
    add("throttling", throttling_line(words));
  add("memory", room(member(computer, "memory"), "available"));
  const Json disk = member(computer, "disk");
  add("disk", std::format("{}{}, {}", room(disk, "free"), health_line(member(disk, "health")),
                          printable(text_of(disk, "path"))));
  const Json synchronized = member(member(computer, "clock"), "synchronized");
  add("clock", synchronized.is_boolean()
                   ? (synchronized == true ? "set from the network" : "NOT set from the network")
                   : "unknown");
  return text;
}

asio::awaitable<Exit> show_computer(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto computer = co_await (*client)->read("computer");
  if (!computer) co_return context.failed(computer.error());
  co_return context.done(*computer, computer_text(*computer));
}

/// What is done after a yes, and the sentence when it is done.
struct Dangerous {
  const protocol::Operation& operation;
  Json fields;
  std::string question, done;
};

asio::awaitable<Exit> perform_after_consent(Context& context, Dangerous what, bool yes) {
  if (const auto no = co_await consent(context, what.question, yes)) co_return context.failed(*no);
  co_return co_await perform(context, what.operation, std::move(what.fields), std::move(what.done));
}

asio::awaitable<Exit> reboot(Context& context, bool firmware, bool yes) {
  if (firmware)
    return perform_after_consent(context,
                                 {"SYS.REBOOT"_op,
                                  {{"package", "firmware"}},
                                  "Restart the board? What moves stops, and outputs go off.",
                                  "the board has restarted"},
                                 yes);
  return perform_after_consent(context,
                               {"SYS.REBOOT"_op,
                                {{"package", "os"}},
                                "Restart the computer of the bot? What moves stops, and outputs go off.",
                                "the computer restarts"},
                               yes);
}

asio::awaitable<Exit> show_updates(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto versions = co_await (*client)->ask("SYS.CHECK_UPDATES"_op);
  if (!versions) co_return context.failed(versions.error());
  const auto installed = printable(text_of(*versions, "installed")),
             candidate = printable(text_of(*versions, "candidate"));
  std::string text =
      std::format("installed  {}\ncandidate  {}\n", installed.empty() ? "not as a package" : installed,
                  candidate.empty() ? "none in apt's lists" : candidate);
  if (member(*versions, "newer") == true) text += "`sudo apt install celeriac` brings it\n";
  co_return context.done(*versions, text);
}

asio::awaitable<Exit> reset(Context& context, bool firmware, bool yes) {
  const auto no = co_await consent(
      context,
      firmware ? "Put all parameters of the board back to their defaults? A backup is made first."
               : "Put all settings of the host back to their defaults? A backup is made first.",
      yes);
  if (no) co_return context.failed(*no);
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto done =
      co_await (*client)->ask("SYS.FACTORY_RESET"_op, {{"package", firmware ? "firmware" : "os"}});
  if (!done) co_return context.failed(done.error());
  const auto backup = printable(text_of(*done, "backup"));
  const auto changed = number_of(*done, "changed").value_or(0);
  co_return context.done(
      *done,
      firmware
          ? std::format("{:g} parameters went back to their defaults; `celeriac param restore {}` undoes it",
                        changed, backup)
          : std::format("{:g} settings went back to their defaults; the former ones are in {}", changed,
                        backup));
}

std::shared_ptr<bool> add_yes(CLI::App& app) {
  auto yes = std::make_shared<bool>(false);
  app.add_flag("--yes", *yes, "Without being asked");
  return yes;
}

}  // namespace

Action declare_computer(CLI::App&) {
  return [](Context& context) { return show_computer(context); };
}

Action declare_power_off(CLI::App& app) {
  return [yes = add_yes(app)](Context& context) {
    return perform_after_consent(
        context,
        {"SYS.POWER_OFF"_op, Json::object(),
         "Switch the computer of the bot off? Somebody has to go there to switch it on again.",
         "the computer switches itself off"},
        *yes);
  };
}

Action declare_power_reboot(CLI::App& app) {
  auto firmware = std::make_shared<bool>(false);
  app.add_flag("--firmware", *firmware, "The board, and not the computer");
  return [firmware, yes = add_yes(app)](Context& context) { return reboot(context, *firmware, *yes); };
}

Action declare_updates(CLI::App&) {
  return [](Context& context) { return show_updates(context); };
}

Action declare_reset_firmware(CLI::App& app) {
  return [yes = add_yes(app)](Context& context) { return reset(context, true, *yes); };
}

Action declare_reset_os(CLI::App& app) {
  return [yes = add_yes(app)](Context& context) { return reset(context, false, *yes); };
}

Action declare_restart(CLI::App& app) {
  auto service = std::make_shared<std::string>();
  app.add_option("service", *service, "hal, vm or gateway")
      ->type_name("SERVICE")
      ->required()
      ->check(CLI::IsMember({"hal", "vm", "gateway"}));
  return [service, yes = add_yes(app)](Context& context) {
    return perform_after_consent(context,
                                 {"SYS.RESTART_SERVICE"_op,
                                  {{"service", *service}},
                                  std::format("Restart celeriac-{}?", *service),
                                  std::format("celeriac-{} restarts", *service)},
                                 *yes);
  };
}

}  // namespace celeriac::console
