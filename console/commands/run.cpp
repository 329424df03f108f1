// run: uploads sequences and runs the last of them, or runs a stored one, and shows how it goes.

#include <CLI/App.hpp>
#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <expected>
#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <vector>

#include "celeryscript/checker.hpp"
#include "console/commands/declarations.hpp"
#include "console/run_arguments.hpp"
#include "console/run_display.hpp"
#include "console/sequence_store.hpp"
#include "console/source_file.hpp"
#include "console/step_text.hpp"
#include "console/text.hpp"
#include "console/upload.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;

namespace {

struct Run {
  std::vector<std::string> files;
  std::vector<std::string> arguments;
  std::string name;
};

/// Reads and checks one file; prints what is wrong with it, each error at its place.
std::optional<celeryscript::Document> load(Context& context, const std::string& path, Exit& exit) {
  auto source = read_source(path);
  if (!source) {
    exit = context.failed(source.error());
    return std::nullopt;
  }
  auto parsed = celeryscript::read(std::move(*source));
  if (parsed.diagnostics.clean()) return std::move(parsed.document);
  if (context.json()) {
    exit = context.failed(to_error(parsed.diagnostics));
  } else {
    context.world().err << render(parsed.diagnostics,
                                  {.file = path, .colour = context.world().terminal.colour});
    context.note(std::format("{} is not run: it has {} error{}", path, parsed.diagnostics.errors(),
                             parsed.diagnostics.errors() == 1 ? "" : "s"));
    exit = Exit::refused;
  }
  return std::nullopt;
}

/// Labels that the sequence declares in its `locals`.
std::set<std::string> declared_labels(const celeryscript::Document& document) {
  std::set<std::string> labels;
  const Json source = Json::parse(document.source, nullptr, false);
  const Json::json_pointer locals("/args/locals/body");
  if (!source.is_object() || !source.contains(locals)) return labels;
  for (const auto& declaration : source.at(locals))
    if (const Json::json_pointer label("/args/label");
        declaration.contains(label) && declaration.at(label).is_string())
      labels.insert(declaration.at(label).get<std::string>());
  return labels;
}

/// The documents that were sent, by their codes.
using Sent = std::map<std::uint16_t, const celeryscript::Document*>;

/// The step in progress in words; inside a sequence that is executed, with that sequence's name.
std::string step_in_words(const Sent& sent, const ProcessStatus& process) {
  const auto found = sent.find(process.path_code);
  const auto* node = found != sent.end() ? node_at(*found->second, process.path) : nullptr;
  std::string words = node != nullptr && node->parent != nullptr ? step_text(*node) : process.kind;
  if (process.path_code == process.code) return words;
  const std::string name = found != sent.end() ? found->second->name : std::string();
  return words + (name.empty() ? std::format("  in code {}", process.path_code)
                               : std::format("  in \"{}\"", printable(name)));
}

/// What is seen of the process while it runs, and passed on to the display.
class Observation {
 public:
  Observation(World& world, bool json, Sent sent, std::string title)
      : world_(world),
        sent_(std::move(sent)),
        display_(make_run_display(world, json)),
        started_(world.now()),
        timer_(world.io) {
    view_.title = std::move(title);
    if (display_->interval().count() > 0) tick();
  }
  ~Observation() { finish(); }
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  void process(const Json& stat) {
    if (!stat.is_object()) return;
    view_.process = ProcessStatus::of(stat);
    view_.step = step_in_words(sent_, view_.process);
    update();
  }

  void position(const Json& place) {
    add_distance(view_.position, place);
    view_.position = place;
  }

  void log(const Json& entry) {
    if (!finished_) display_->log(entry);
  }

  void finish() {
    if (std::exchange(finished_, true)) return;
    timer_.cancel();
    display_->finish();
  }

  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return world_.now() - started_; }
  [[nodiscard]] const RunView& view() const { return view_; }
  [[nodiscard]] double distance_mm() const { return distance_mm_; }

 private:
  void update() {
    if (finished_) return;
    view_.elapsed = elapsed();
    display_->update(view_);
  }

  void tick() {
    timer_.expires_after(display_->interval());
    timer_.async_wait([this](boost::system::error_code error) {
      if (error || finished_) return;  // `error` first: it may mean that this is gone
      update();
      tick();
    });
  }

  /// The way from reported position to reported position, summed up: the board reports some times a second.
  void add_distance(const Json& from, const Json& to) {
    double sum = 0;
    for (const char* axis : {"x", "y", "z"}) {
      const auto coordinate = [axis](const Json& place) {
        return place.is_object() && place.contains(axis) && place[axis].is_number()
                   ? place[axis].get<double>()
                   : NAN;
      };
      const double d = coordinate(to) - coordinate(from);
      if (std::isfinite(d)) sum += d * d;
    }
    distance_mm_ += std::sqrt(sum);
  }

  World& world_;
  Sent sent_;
  std::unique_ptr<RunDisplay> display_;
  std::chrono::steady_clock::time_point started_;
  asio::steady_timer timer_;
  RunView view_;
  double distance_mm_ = 0;
  bool finished_ = false;
};

/// Says how it ended.
Exit summarise(Context& context, const Observation& seen, const std::optional<Error>& error) {
  const auto& process = seen.view().process;
  const std::string time = elapsed(seen.elapsed());
  if (context.json()) {
    context.document({{"event", "end"},
                      {"ok", !error},
                      {"process", process.id},
                      {"state", process.state},
                      {"steps_done", process.steps_done},
                      {"seconds", std::chrono::duration<double>(seen.elapsed()).count()},
                      {"distance_mm", std::round(seen.distance_mm() * 100) / 100},
                      {"position", seen.view().position},
                      {"error", error ? error->document() : Json()}});
    return error ? exit_of(*error) : Exit::done;
  }
  if (!error) {
    context.line(std::format("{}: done in {}, {} step{}, {} mm travelled, at {}", seen.view().title, time,
                             process.steps_done, process.steps_done == 1 ? "" : "s",
                             millimetres(seen.distance_mm()), position(seen.view().position)));
    return Exit::done;
  }
  if (error->code == interrupted_code) return Exit::interrupted;  // has been said
  std::string text = std::format("{} failed after {}", seen.view().title, time);
  if (!error->path.empty()) text += std::format(" at {}", printable(error->path));
  context.note(std::format("{}: {}", text, printable(error->message)));
  return error->code == unreachable_code ? Exit::unreachable : Exit::failed;
}

/// Watches, runs and awaits a process that has been made; nullopt if it ended well.
asio::awaitable<std::optional<Error>> follow(Client& client, std::uint16_t process, Observation& seen) {
  const std::pair<std::string, Client::Changed> registers[] = {
      {"position", [&seen](const Json& value, std::int64_t) { seen.position(value); }},
      {"log", [&seen](const Json& value, std::int64_t) { seen.log(value); }},
      {std::format("process.{}", process),
       [&seen](const Json& value, std::int64_t) { seen.process(value); }}};
  // Without the hypervisor there is no position, and the sequence may not need one.
  if (const auto place = co_await client.read("position")) seen.position(*place);
  for (const auto& [name, changed] : registers) co_await client.watch(name, changed);

  const Json id{{"id", process}};
  const auto running = co_await client.call("PROC.RUN"_op, id);
  if (!running) co_return running.error();
  const auto ended = co_await client.call("PROC.WAIT"_op, id);
  if (!ended && (ended.error().code == interrupted_code || ended.error().code == unreachable_code))
    co_return ended.error();
  if (const auto stat = co_await client.ask("PROC.STAT"_op, id)) seen.process(*stat);
  if (const auto place = co_await client.read("position")) seen.position(*place);
  if (ended) co_return std::nullopt;
  co_return ended.error();
}

/// Ctrl-C: what we started does not go on without us.
asio::awaitable<void> kill(Context& context, Client& client, std::uint16_t process) {
  const auto killed = co_await client.send("PROC.KILL"_op, protocol::encode_id(process), prompt_answer);
  context.note(
      killed ? std::format("interrupted: process {} is killed", process)
             : std::format("interrupted, but process {} may still run: {}", process, killed.error().message));
}

/// A sequence of the code store, by its id or its name.
asio::awaitable<protocol::Result<StoredSequence>> find_stored(Client& client, const std::string& wanted) {
  const auto stored = co_await stored_sequences(client);
  if (!stored) co_return std::unexpected(stored.error());
  const auto named = std::ranges::find_last_if(*stored, [&](const StoredSequence& sequence) {
    return sequence.name == wanted || std::format("{}", sequence.id) == wanted;
  });
  if (!named.empty()) co_return named.front();
  co_return protocol::fail(
      protocol::Status::not_found,
      std::format(
          "{} is neither a file nor the name or id of a stored sequence: `celeriac code list` shows those.",
          wanted));
}

/// What is run: documents whose codes are there, the last of them the one that runs.
struct Prepared {
  std::vector<celeryscript::Document> documents;
  std::vector<std::uint16_t> codes;  ///< of the documents
  bool lent = true;                  ///< the codes are this run's, and go with it
};

/// Reads and checks the files: what is wrong with them is told before anybody is asked to run them.
std::expected<Prepared, Exit> load_files(Context& context, const std::vector<std::string>& files) {
  Prepared prepared;
  Exit bad = Exit::done;
  for (const auto& file : files)
    if (auto document = load(context, file, bad)) prepared.documents.push_back(std::move(*document));
  if (bad != Exit::done) return std::unexpected(bad);
  return prepared;
}

/// Puts the documents into the code store.
asio::awaitable<std::expected<Prepared, Exit>> prepare_files(Context& context, Client& client,
                                                             Prepared prepared) {
  for (const auto& document : prepared.documents) {
    const auto code = co_await upload(client, document.source);
    if (!code) {
      co_await remove(client, prepared.codes);
      co_return std::unexpected(context.failed(code.error()));
    }
    prepared.codes.push_back(*code);
  }
  co_return prepared;
}

asio::awaitable<std::expected<Prepared, Exit>> prepare_stored(Context& context, Client& client,
                                                              const std::string& wanted) {
  const auto found = co_await find_stored(client, wanted);
  if (!found) co_return std::unexpected(context.failed(found.error()));
  auto source = co_await read_code(client, found->code);
  if (!source) co_return std::unexpected(context.failed(source.error()));
  Prepared prepared{.documents = {}, .codes = {found->code}, .lent = false};
  prepared.documents.push_back(celeryscript::read(std::move(*source)).document);
  co_return prepared;
}

asio::awaitable<Exit> run(Context& context, const Run& job) {
  const auto arguments = arguments_of(job.arguments);
  if (!arguments) co_return context.failed(arguments.error());
  std::error_code no_such_file;
  const bool stored = job.files.size() == 1 && job.files.front() != "-" &&
                      !job.files.front().ends_with(".json") &&
                      !std::filesystem::exists(job.files.front(), no_such_file);
  std::expected<Prepared, Exit> loaded;
  if (!stored) loaded = load_files(context, job.files);
  if (!loaded) co_return loaded.error();
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  auto prepared = stored ? co_await prepare_stored(context, **client, job.files.front())
                         : co_await prepare_files(context, **client, std::move(*loaded));
  if (!prepared) co_return prepared.error();
  Sent sent;
  for (std::size_t i = 0; i < prepared->codes.size(); ++i)
    sent.emplace(prepared->codes[i], &prepared->documents[i]);
  // The store is for codes that somebody keeps; what this run has sent was only lent to it.
  const std::vector<std::uint16_t> lent = prepared->lent ? prepared->codes : std::vector<std::uint16_t>();

  const auto& main = prepared->documents.back();
  std::string title = job.name;
  if (title.empty())
    title = main.name.empty() ? std::filesystem::path(job.files.back()).stem().string() : main.name;
  // Harmless, and most likely a slip.
  const auto declared = declared_labels(main);
  for (const auto& [label, value] : arguments->items())
    if (!declared.contains(label))
      context.note(std::format("{} declares no parameter \"{}\": its value is not used", printable(title),
                               printable(label)));
  const Json start{{"id", prepared->codes.back()}, {"args", *arguments}, {"name", title}};
  const auto process = co_await (*client)->call("PROC.START"_op, start);
  if (!process) {
    co_await remove(**client, lent);
    co_return context.failed(process.error());
  }
  Observation seen(context.world(), context.json(), std::move(sent), printable(title));
  const auto error = co_await follow(**client, process->value, seen);
  seen.finish();
  if (error && error->code == interrupted_code) co_await kill(context, **client, process->value);
  co_await remove(**client, lent);
  co_return summarise(context, seen, error);
}

}  // namespace

Action declare_run(CLI::App& app) {
  auto job = std::make_shared<Run>();
  app.add_option(
         "file", job->files,
         "CeleryScript JSON: the last is run, the others may be called by it; or the name or id of a stored "
         "sequence")
      ->type_name("FILE")
      ->required();
  app.add_option("--arg", job->arguments,
                 std::format("Value of a parameter of the sequence (repeatable): {}", argument_help))
      ->type_name("LABEL=VALUE")
      ->allow_extra_args(false);
  app.add_option("--name", job->name, "What lists show (else the name of the sequence)")->type_name("NAME");
  return [job](Context& context) { return run(context, *job); };
}

}  // namespace celeriac::console
