// param diff, backup, restore: the firmware's parameters as a whole.

#include <CLI/App.hpp>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/parameter_backup.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

struct Values {
  std::string file;
  bool defaults = false;
  bool dry_run = false;
};

asio::awaitable<Result<Json>> parameters(Client& client, const char* source) {
  co_return co_await client.ask("SYS.CONFIG_READ"_op, {{"package", "firmware"}, {"source", source}});
}

/// What the board has, and what is known of it and of its parameters. There is nothing to compare without
/// one.
struct OnBoard {
  Json values, about;
  std::string board, firmware;
};

asio::awaitable<Result<OnBoard>> on_board(Client& client) {
  const auto status = co_await client.ask("SYS.READ_STATUS"_op);
  if (!status) co_return std::unexpected(status.error());
  const auto firmware = status->value("firmware", Json::object());
  const auto text = [&](const char* name) {
    const auto found = firmware.find(name);
    return found != firmware.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text("state") != "ready")
    co_return protocol::fail(Status::offline,
                             "The board is not ready, so its parameters are not known. " + text("reason"));
  auto about = co_await parameters(client, "about");
  if (!about) co_return std::unexpected(about.error());
  auto values = co_await parameters(client, "board");
  if (!values) co_return std::unexpected(values.error());
  co_return OnBoard{std::move(*values), std::move(*about), text("board"), text("version")};
}

Json document(const std::vector<ParameterChange>& list, const char* from, const char* to) {
  Json differences = Json::object();
  for (const auto& change : list) differences[change.name] = {{from, change.from}, {to, change.to}};
  return differences;
}

asio::awaitable<Exit> diff(Context& context, const Values& values) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto board = co_await on_board(**client);
  if (!board) co_return context.failed(board.error());
  struct Sides {
    Json from, to;
    const char *from_key, *to_key;
    std::string from_head, to_head, same;
  } sides;
  if (!values.file.empty()) {
    auto backup = read_backup(values.file, board->about);
    if (!backup) co_return context.failed(backup.error());
    sides = {board->values, std::move(backup->parameters),      "board", "file", "BOARD",
             "FILE",        "the board has what is in the file"};
  } else if (values.defaults) {
    auto defaults = co_await parameters(**client, "default");
    if (!defaults) co_return context.failed(defaults.error());
    sides = {std::move(*defaults),
             board->values,
             "default",
             "board",
             "DEFAULT",
             "BOARD",
             "the board has the firmware's defaults"};
  } else {
    auto stored = co_await parameters(**client, "stored");
    if (!stored) co_return context.failed(stored.error());
    sides = {board->values,
             std::move(*stored),
             "board",
             "stored",
             "BOARD",
             "STORED",
             "the board has what is stored for it"};
  }
  const auto found = changes(sides.from, sides.to, board->about);
  co_return context.done(
      {{"differences", document(found, sides.from_key, sides.to_key)}},
      found.empty() ? sides.same : change_table(found, sides.from_head, sides.to_head, board->about));
}

asio::awaitable<Exit> backup(Context& context, const Values& values) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  auto board = co_await on_board(**client);
  if (!board) co_return context.failed(board.error());
  ParameterBackup made{.created = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(
                                                               std::chrono::system_clock::now())),
                       .board = board->board,
                       .firmware = board->firmware};
  for (const auto& [name, value] : board->values.items())
    if (const auto entry = board->about.find(name);
        entry == board->about.end() || entry->value("writable", true))
      made.parameters[name] = value;
  if (const auto written = write_backup(values.file, made); !written)
    co_return context.failed(written.error());
  co_return context.done({{"file", values.file},
                          {"board", made.board},
                          {"firmware", made.firmware},
                          {"parameters", made.parameters.size()}},
                         std::format("{} parameters of the {} are in {}", made.parameters.size(),
                                     made.board.empty() ? "board" : made.board, values.file));
}

/// How a restore stands, to be told at any point where it may end.
struct Progress {
  std::vector<ParameterChange> done;
  std::vector<std::pair<std::string, Error>> failed;
  std::size_t all = 0, unchanged = 0;

  [[nodiscard]] Json document() const {
    Json refused = Json::object();
    for (const auto& [name, error] : failed) refused[name] = error.document();
    return {
        {"restored", console::document(done, "from", "to")}, {"refused", refused}, {"unchanged", unchanged}};
  }
  [[nodiscard]] std::string sentence() const {
    return std::format("{} of {} differing parameters restored, {} were as in the file", done.size(), all,
                       unchanged);
  }
};

// Whether the rest could not be written either.
bool ends_all(const Error& error) {
  return error.code == interrupted_code || error.code == unreachable_code ||
         error.status == Status::offline || error.status == Status::locked ||
         error.status == Status::denied || error.status == Status::timeout;
}

asio::awaitable<Exit> write_all(Context& context, Client& client, const std::vector<ParameterChange>& wanted,
                                std::size_t unchanged) {
  Progress progress{.all = wanted.size(), .unchanged = unchanged};
  for (const auto& change : wanted) {
    const Json fields{{"package", "firmware"}, {"config", change.name}, {"value", change.to}};
    const auto written = co_await client.call("SYS.CONFIG_UPDATE"_op, fields);
    if (written) {
      progress.done.push_back(change);
      if (!context.json())
        context.line(
            std::format("{} {} -> {}", printable(change.name), brief(change.from), brief(change.to)));
      continue;
    }
    if (!ends_all(written.error())) {
      context.note(written.error().message);
      progress.failed.emplace_back(change.name, written.error());
      continue;
    }
    // Each one is verified when it is written, so what was done is done.
    context.note(std::format("stopped at {}: {}; run it again to go on.", change.name, progress.sentence()));
    if (context.json() && written.error().code != interrupted_code) context.document(progress.document());
    if (written.error().code == interrupted_code) co_return Exit::interrupted;
    co_return context.failed(written.error());
  }
  if (context.json())
    context.document(progress.document());
  else
    context.line(progress.sentence());
  co_return progress.failed.empty() ? Exit::done : Exit::failed;
}

asio::awaitable<Exit> restore(Context& context, const Values& values) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto board = co_await on_board(**client);
  if (!board) co_return context.failed(board.error());
  const auto backup = read_backup(values.file, board->about);
  if (!backup) co_return context.failed(backup.error());
  const auto wanted = changes(board->values, backup->parameters, board->about);
  if (!backup->board.empty() && backup->board != board->board)
    context.note(std::format("this is a backup of a {}, and the board is a {}: look at what changes.",
                             printable(backup->board), printable(board->board)));
  if (values.dry_run)
    co_return context.done({{"differences", document(wanted, "from", "to")}},
                           wanted.empty() ? std::string("the board has what is in the file")
                                          : change_table(wanted, "NOW", "THEN", board->about));
  co_return co_await write_all(context, **client, wanted, backup->parameters.size() - wanted.size());
}

}  // namespace

Action declare_param_diff(CLI::App& app) {
  auto values = std::make_shared<Values>();
  auto* file =
      app.add_option("file", values->file, "Compare the board with this backup; else with what is stored")
          ->type_name("FILE");
  app.add_flag("--defaults", values->defaults, "Compare the board with the firmware's defaults")
      ->excludes(file);
  return [values](Context& context) { return diff(context, *values); };
}

Action declare_param_backup(CLI::App& app) {
  auto values = std::make_shared<Values>();
  app.add_option("file", values->file, "Where to write them")->type_name("FILE")->required();
  return [values](Context& context) { return backup(context, *values); };
}

Action declare_param_restore(CLI::App& app) {
  auto values = std::make_shared<Values>();
  app.add_option("file", values->file, "A file of `celeriac param backup`")->type_name("FILE")->required();
  app.add_flag("--dry-run", values->dry_run, "Only show what would change");
  return [values](Context& context) { return restore(context, *values); };
}

}  // namespace celeriac::console
