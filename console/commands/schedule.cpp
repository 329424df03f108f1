// schedule list, next, skip: what farm events and regimens make due.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>
#include <optional>

#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::int64_t most_entries = 500;  // of one answer

struct Wanted {
  std::int64_t count = 20;
  std::int64_t event_id = 0;  // 0: all
  std::string at;
};

Json fields_of(const Wanted& wanted) {
  Json fields = {{"count", wanted.count}};
  if (wanted.event_id != 0) fields["event_id"] = wanted.event_id;
  return fields;
}

Json entries_of(const Json& answer) {
  const Json entries = answer.value("entries", Json());
  return entries.is_array() ? entries : Json::array();
}

/// "08:00:00" alone says nothing of the zone, so it stands in the heading.
std::string schedule_table(const Json& answer) {
  std::vector<std::vector<std::string>> rows = {{"when", "event", "kind", "what", "state"}};
  for (const Json& entry : entries_of(answer))
    rows.push_back({text_of(entry, "local"), brief(entry.value("event_id", Json())), text_of(entry, "kind"),
                    printable(text_of(entry, "name")), text_of(entry, "state")});
  return rows.size() == 1 ? "nothing is scheduled" : table(rows);
}

void remark_on_clock(Context& context, const Json& answer) {
  if (answer.value("clock_is_set", true)) return;
  context.note(std::format("the clock of the host says {} and has not been set: nothing starts until it is.",
                           text_of(answer.value("now", Json::object()), "local")));
}

asio::awaitable<Exit> list_schedule(Context& context, const Wanted& wanted) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("SCHEDULE.LIST"_op, fields_of(wanted));
  if (!answer) co_return context.failed(answer.error());
  remark_on_clock(context, *answer);
  co_return context.done(*answer, schedule_table(*answer));
}

asio::awaitable<Exit> show_next(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto answer = co_await (*client)->ask("SCHEDULE.LIST"_op, {{"count", most_entries}});
  if (!answer) co_return context.failed(answer.error());
  remark_on_clock(context, *answer);
  for (const Json& entry : entries_of(*answer)) {
    const std::string state = text_of(entry, "state");
    if (state != "due" && state != "waiting") continue;
    const auto ahead = entry.value("at", std::int64_t{0}) -
                       answer->value("now", Json::object()).value("at", std::int64_t{0});
    co_return context.done(
        entry, std::format("{} at {}, {} (farm event {})", printable(text_of(entry, "name")),
                           text_of(entry, "local"),
                           ahead > 0 ? "in " + elapsed(std::chrono::milliseconds(ahead)) : std::string("now"),
                           brief(entry.value("event_id", Json()))));
  }
  co_return context.done(Json(), "nothing is scheduled");
}

/// The moment of an event that a person has written as the list shows it, or the beginning of that.
Result<std::int64_t> moment_of(const Json& answer, const Wanted& wanted) {
  std::optional<std::int64_t> found;
  for (const Json& entry : entries_of(answer)) {
    if (!text_of(entry, "local").starts_with(wanted.at)) continue;
    if (found)
      return protocol::fail(Status::malformed,
                            std::format("Farm event {} is due more than once at {}: write more of the time.",
                                        wanted.event_id, printable(wanted.at)));
    found = entry.value("at", std::int64_t{0});
  }
  if (!found)
    return protocol::fail(
        Status::not_found,
        std::format("Farm event {} is not due at {}. `celeriac schedule list --event {}` shows its times.",
                    wanted.event_id, printable(wanted.at), wanted.event_id));
  return *found;
}

asio::awaitable<Exit> skip_one(Context& context, const Wanted& wanted) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  Json fields = {{"event_id", wanted.event_id}};
  if (!wanted.at.empty()) {
    const auto answer =
        co_await (*client)->ask("SCHEDULE.LIST"_op, {{"event_id", wanted.event_id}, {"count", most_entries}});
    if (!answer) co_return context.failed(answer.error());
    const auto moment = moment_of(*answer, wanted);
    if (!moment) co_return context.failed(moment.error());
    fields["at"] = *moment;
  }
  const auto skipped = co_await (*client)->ask("SCHEDULE.SKIP"_op, fields);
  if (!skipped) co_return context.failed(skipped.error());
  co_return context.done(
      *skipped, std::format("farm event {} is skipped at {}", wanted.event_id, text_of(*skipped, "local")));
}

}  // namespace

Action declare_schedule_list(CLI::App& app) {
  auto wanted = std::make_shared<Wanted>();
  app.add_option("-n,--count", wanted->count, "How many, the earliest first")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, most_entries));
  app.add_option("--event", wanted->event_id, "Only of this farm event")->type_name("ID");
  return [wanted](Context& context) { return list_schedule(context, *wanted); };
}

Action declare_schedule_next(CLI::App&) {
  return [](Context& context) { return show_next(context); };
}

Action declare_schedule_skip(CLI::App& app) {
  auto wanted = std::make_shared<Wanted>();
  app.add_option("event", wanted->event_id, "Number of the farm event")->type_name("EVENT")->required();
  app.add_option("--at", wanted->at,
                 "Which time of it, as the list shows it: \"2025-05-14 08:00\"; else the next")
      ->type_name("TIME");
  return [wanted](Context& context) { return skip_one(context, *wanted); };
}

}  // namespace celeriac::console
