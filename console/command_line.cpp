#include "console/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <cctype>
#include <csignal>
#include <exception>
#include <format>
#include <optional>
#include <ostream>

#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console {
namespace asio = boost::asio;

namespace {

constexpr std::string_view global_help =
    "Every command takes --dir DIR, --json, --hal, --connect HOST:PORT and --token-file FILE: see `celeriac "
    "--help`.";

std::vector<const CLI::App*> every_subcommand(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

void declare_globals(CLI::App& app, GlobalOptions& options) {
  app.add_option(
         "--dir", options.directory,
         "Directory of the sockets (else $CELERIAC_DIR, $XDG_RUNTIME_DIR/celeriac, /tmp/celeriac-UID, or "
         "/run/celeriac of the service)")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "Documents for programs instead of text for people");
  app.add_flag("--hal", options.hypervisor, "Talk to the hypervisor directly, past the VM");
  app.add_option("--connect", options.connect, "Talk to a host over TCP")->type_name("HOST:PORT");
  app.add_option("--token-file", options.token_file, "File with the secret of a TCP listener")
      ->type_name("FILE");
}

/// The parser that a command's arguments go to: a subcommand, or one of a group that is made when it is first
/// needed.
CLI::App& place_of(CLI::App& root, const Command& command) {
  const auto blank = command.name.find(' ');
  if (blank == std::string_view::npos)
    return *root.add_subcommand(std::string(command.name), std::string(command.summary));
  const std::string first(command.name.substr(0, blank));
  CLI::App* group = find_parser(root, first);
  if (group == nullptr) {
    const auto row = std::ranges::find(groups(), first, &Group::name);
    group = root.add_subcommand(first, std::string(row->summary));
    group->fallthrough()->require_subcommand(1);
  }
  return *group->add_subcommand(std::string(command.name.substr(blank + 1)), std::string(command.summary));
}

std::string footer_of(const Command& command) {
  std::string text = "Example:\n";
  std::string_view rest = command.example;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    text += std::format("  {}\n", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text + '\n' + std::string(global_help);
}

/// What the line is about, for messages: "pin write", or "" before any command was understood.
std::string command_of(const CLI::App& root) {
  std::string name;
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    name += (name.empty() ? "" : " ") + at->get_name();
  }
  return name;
}

/// The first word that ought to have been a command.
std::optional<std::string> unknown_command(const CLI::App& root, const std::vector<std::string>& words) {
  const std::string known = command_of(root);
  if (known.contains(' ')) return std::nullopt;
  const CLI::App* at = known.empty() ? &root : find_parser(root, known);
  if (at == nullptr || every_subcommand(*at).empty()) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--dir" || words[i] == "--connect" || words[i] == "--token-file")
      ++i;
    else if (!words[i].starts_with('-') && words[i] != known)
      return words[i];
  }
  return std::nullopt;
}

std::string usage_sentence(const CLI::App& root, const std::vector<std::string>& words,
                           const CLI::ParseError& error) {
  const std::string command = command_of(root);
  const std::string help = std::format("`celeriac {}{}--help`", command, command.empty() ? "" : " ");
  if (const auto unknown = unknown_command(root, words)) {
    std::vector<std::string> names;
    const CLI::App* at = command.empty() ? &root : find_parser(root, command);
    for (const auto* sub : every_subcommand(*at)) names.push_back(sub->get_name());
    const std::string_view close = protocol::closest(*unknown, names);
    return std::format("There is no command \"{}{}{}\".{} {} lists the commands.", command,
                       command.empty() ? "" : " ", printable(*unknown),
                       close.empty() ? "" : std::format(" Did you mean \"{}\"?", close), help);
  }
  std::string what = printable(error.what());
  while (what.ends_with('.') || what.ends_with(' ')) what.pop_back();
  return std::format("{}{}. {} shows what it takes.", command.empty() ? "" : command + ": ", what, help);
}

/// Written without a zero, as people do: -.5 would read as an option.
std::string with_leading_zero(std::string word) {
  if (word.size() > 2 && word[0] == '-' && word[1] == '.' &&
      std::isdigit(static_cast<unsigned char>(word[2])) != 0)
    word.insert(1, "0");
  return word;
}

asio::awaitable<Exit> guarded(const Action& action, Context& context) {
  // A cancelled command hears of it as an error of what it awaits, and may still say goodbye.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await action(context);
}

Exit execute(World& world, const Action& action, Context& context) {
  std::optional<Exit> result;
  asio::cancellation_signal cancel;
  asio::signal_set signals(world.io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    signals.clear();  // the next one has its usual effect
    cancel.emit(asio::cancellation_type::terminal);
  });
  const auto ended = [&](const std::exception_ptr& defect, Exit status) {
    result = status;
    if (!defect) return;
    result = Exit::failed;
    try {
      std::rethrow_exception(defect);
    } catch (const std::exception& error) {
      context.failed({.message = std::format("A defect of celeriac, please report it: {}.", error.what())});
    }
  };
  asio::co_spawn(world.io, guarded(action, context), asio::bind_cancellation_slot(cancel.slot(), ended));
  while (!result && world.io.run_one() > 0) {
  }
  signals.cancel();
  world.io.poll();  // what was written last goes out
  return result.value_or(Exit::failed);
}

}  // namespace

CLI::App* find_parser(const CLI::App& root, std::string_view name) {
  const auto blank = name.find(' ');
  for (const auto* app : every_subcommand(root)) {
    if (app->get_name() != name.substr(0, blank)) continue;
    // CLI11 lists the children of a constant parser as constant; the parsers themselves never are.
    return blank == std::string_view::npos ? const_cast<CLI::App*>(app)
                                           : find_parser(*app, name.substr(blank + 1));
  }
  return nullptr;
}

std::unique_ptr<CLI::App> make_parser(GlobalOptions& options, std::function<void(Action)> chosen) {
  auto app = std::make_unique<CLI::App>("Celeriac: runs FarmBot-style robots. This is its command line.",
                                        "celeriac");
  declare_globals(*app, options);
  app->set_version_flag("--version", "celeriac " CELERIAC_VERSION);
  app->require_subcommand(1);
  app->footer("`celeriac COMMAND --help` shows the arguments of a command and an example.");
  for (const auto& command : commands()) {
    CLI::App& place = place_of(*app, command);
    place.fallthrough();
    // A command that has commands of its own ("gpio", "gpio set") is meant where none of them is.
    place.callback([chosen, &place, action = command.declare(place)] {
      if (place.get_subcommands().empty()) chosen(action);
    });
    const std::string own = place.get_footer();
    place.footer(own + (own.empty() ? "" : "\n") + footer_of(command));
  }
  return app;
}

Exit run_command_line(World& world, std::vector<std::string> words) {
  GlobalOptions options;
  Action action;
  const auto parser = make_parser(options, [&](Action chosen) { action = std::move(chosen); });
  std::ranges::transform(words, words.begin(), with_leading_zero);
  try {
    parser->parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the back
  } catch (const CLI::CallForVersion&) {
    Context(world, options).line("celeriac " CELERIAC_VERSION);
    return Exit::done;
  } catch (const CLI::Success&) {  // --help
    Context(world, options).line(parser->help());
    return Exit::done;
  } catch (const CLI::ParseError& error) {
    options.json = std::ranges::find(words, "--json") != words.end();
    return Context(world, options)
        .failed({.status = protocol::Status::malformed,
                 .message = usage_sentence(*parser, words, error),
                 .code = "usage"});
  }
  Context context(world, options);
  return execute(world, action, context);
}

}  // namespace celeriac::console
