// asset list, show, edit, rm: what the host knows of the garden, piece by piece.

#include <CLI/App.hpp>
#include <charconv>
#include <format>
#include <memory>
#include <vector>

#include "console/account.hpp"
#include "console/account_table.hpp"
#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/sequence_store.hpp"
#include "console/text.hpp"
#include "console/upload.hpp"
#include "console/values.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// A connected host, and the kind that the words name.
struct Subject {
  std::unique_ptr<Client> client;
  AccountKind kind;
  std::int64_t id = 0;
};

/// `id_text` may be empty for a singleton.
asio::awaitable<Result<Subject>> subject(Context& context, std::string_view kind_name,
                                         std::string_view id_text) {
  auto client = co_await context.connect();
  if (!client) co_return std::unexpected(client.error());
  const auto summary = co_await (*client)->ask("ASSET.SUMMARY"_op);
  if (!summary) co_return std::unexpected(summary.error());
  const auto kinds = account_kinds(*summary);
  const auto* kind = find_kind(kinds, kind_name);
  if (kind == nullptr) co_return std::unexpected(no_such_kind(kind_name, kinds));
  Subject made{.client = std::move(*client), .kind = *kind};
  if (made.kind.singleton) co_return made;
  const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), made.id);
  if (error != std::errc() || end != id_text.data() + id_text.size())
    co_return protocol::fail(Status::malformed,
                             std::format("\"{}\" is no id of a {}: `celeriac asset list {}` shows them.",
                                         id_text, made.kind.name, made.kind.collection));
  co_return made;
}

Json key_of(const Subject& of) {
  return {{"kind", of.kind.name}, {"id", of.id}};
}

bool is_sequence(const Subject& of) {
  return of.kind.name == sequence_kind;
}

/// The code that holds a sequence.
asio::awaitable<Result<std::uint16_t>> code_of(const Subject& of) {
  const auto stored = co_await stored_sequences(*of.client);
  if (!stored) co_return std::unexpected(stored.error());
  if (const auto* found = find_sequence(*stored, of.id, ""); found != nullptr) co_return found->code;
  co_return protocol::fail(Status::not_found, std::format("There is no sequence {}.", of.id));
}

asio::awaitable<Result<Json>> item_of(const Subject& of) {
  if (!is_sequence(of)) co_return co_await of.client->ask("ASSET.GET"_op, key_of(of));
  const auto code = co_await code_of(of);
  if (!code) co_return std::unexpected(code.error());
  const auto source = co_await read_code(*of.client, *code);
  if (!source) co_return std::unexpected(source.error());
  co_return Json::parse(*source, nullptr, false);
}

// ---- list ----------------------------------------------------------------------------------------

std::string summary_table(const std::vector<AccountKind>& kinds) {
  std::vector<std::vector<std::string>> rows{{"KIND", "COUNT", "CHANGED"}};
  for (const auto& kind : kinds)
    if (kind.count > 0)
      rows.push_back({printable(kind.collection), std::to_string(kind.count), time_of_day(kind.changed)});
  return rows.size() > 1 ? table(rows) : "there are no assets: `celeriac asset import FILE` loads an account";
}

asio::awaitable<Exit> list_kinds(Context& context) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto summary = co_await (*client)->ask("ASSET.SUMMARY"_op);
  if (!summary) co_return context.failed(summary.error());
  auto kinds = account_kinds(*summary);
  const auto sequences = co_await stored_sequences(**client);
  if (!sequences) co_return context.failed(sequences.error());
  kinds.back().count = sequences->size();
  Json list = Json::array();
  for (const auto& kind : kinds)
    list.push_back({{"kind", kind.name},
                    {"collection", kind.collection},
                    {"count", kind.count},
                    {"changed", kind.changed}});
  co_return context.done({{"kinds", list}}, summary_table(kinds));
}

asio::awaitable<Exit> list(Context& context, const std::string& kind_name) {
  if (kind_name.empty()) co_return co_await list_kinds(context);
  const auto of = co_await subject(context, kind_name, "0");
  if (!of) co_return context.failed(of.error());
  std::vector<Json> items;
  if (is_sequence(*of)) {
    const auto stored = co_await stored_sequences(*of->client);
    if (!stored) co_return context.failed(stored.error());
    for (const auto& each : *stored)
      items.push_back({{"id", each.id == 0 ? Json() : Json(each.id)},
                       {"name", each.name},
                       {"code", each.code},
                       {"bytes", each.bytes}});
  } else {
    auto found = co_await assets_of(*of->client, of->kind.name);
    if (!found) co_return context.failed(found.error());
    items = std::move(*found);
  }
  const std::string text = items.empty()        ? std::format("there are no {}", of->kind.collection)
                           : of->kind.singleton ? asset_lines(items.front())
                                                : asset_table(of->kind.name, items);
  co_return context.done({{of->kind.collection, items}}, text);
}

// ---- show, rm ------------------------------------------------------------------------------------

struct Which {
  std::string kind;
  std::vector<std::string> words;  ///< id, and of edit the assignments
};

asio::awaitable<Exit> show(Context& context, const Which& which) {
  const auto of = co_await subject(context, which.kind, which.words.empty() ? "" : which.words.front());
  if (!of) co_return context.failed(of.error());
  const auto item = co_await item_of(*of);
  if (!item) co_return context.failed(item.error());
  co_return context.done(*item, is_sequence(*of) ? item->dump(2, ' ', false, Json::error_handler_t::replace)
                                                 : asset_lines(*item));
}

asio::awaitable<Exit> remove_assets(Context& context, const Which& which) {
  auto ids = which.words;
  if (ids.empty()) ids.emplace_back();
  Json removed = Json::array();
  std::string text;
  for (const auto& id : ids) {
    const auto of = co_await subject(context, which.kind, id);
    if (!of) co_return context.failed(of.error());
    Json fields = key_of(*of);
    const protocol::Operation* operation = &"ASSET.RM"_op;
    if (is_sequence(*of)) {
      const auto code = co_await code_of(*of);
      if (!code) co_return context.failed(code.error());
      fields = {{"id", *code}};
      operation = &"CODE.RM"_op;
    }
    const auto done = co_await of->client->call(*operation, fields);
    if (!done) co_return context.failed(done.error());
    removed.push_back(of->id);
    text += of->kind.singleton ? std::format("{} is removed\n", of->kind.name)
                               : std::format("{} {} is removed\n", of->kind.name, of->id);
  }
  co_return context.done({{"kind", which.kind}, {"removed", removed}}, text);
}

// ---- edit ----------------------------------------------------------------------------------------

/// A text stays a text, whatever is written: a plant may be called 5.
Json value_like(const Json& present, const std::string& text) {
  Json value = value_of(text);
  return present.is_string() && !value.is_string() && !value.is_null() ? Json(text) : value;
}

/// `meta.color=red` is a field of meta.
Result<Json> fields_of(const Json& item, const std::vector<std::string>& words) {
  Json fields = Json::object();
  for (const auto& word : words) {
    const auto assignment = split_assignment(word);
    if (!assignment) return std::unexpected(assignment.error());
    const auto& [name, text] = *assignment;
    constexpr std::string_view meta = "meta.";
    const bool nested = name.starts_with(meta) && name.size() > meta.size();
    const std::string field = nested ? name.substr(meta.size()) : name;
    const Json present = nested ? item.value("meta", Json()) : item;
    Json& into = nested ? fields["meta"] : fields;
    into[field] = value_like(present.is_object() ? present.value(field, Json()) : Json(), text);
  }
  return fields;
}

asio::awaitable<Exit> edit(Context& context, const Which& which) {
  auto words = which.words;
  std::string id;
  if (!words.empty() && !words.front().contains('=')) {
    id = words.front();
    words.erase(words.begin());
  }
  const auto of = co_await subject(context, which.kind, id);
  if (!of) co_return context.failed(of.error());
  if (is_sequence(*of))
    co_return context.failed({.status = Status::malformed,
                              .message = "A sequence is changed as a whole: `celeriac asset show sequence ID "
                                         "--json`, an editor, `celeriac asset import FILE`."});
  auto before = co_await item_of(*of);
  if (!before && of->kind.singleton && before.error().status == Status::not_found) before = Json::object();
  if (!before) co_return context.failed(before.error());
  const auto fields = fields_of(*before, words);
  if (!fields) co_return context.failed(fields.error());
  Json request = key_of(*of);
  request["fields"] = *fields;
  const auto done = co_await of->client->call("ASSET.EDIT"_op, request);
  if (!done) co_return context.failed(done.error());
  const auto after = co_await item_of(*of);
  if (!after) co_return context.failed(after.error());
  std::string text;
  for (const auto& [name, value] : fields->items())
    text += std::format(
        "{}{}: {} -> {}\n", of->kind.singleton ? of->kind.name : of->kind.name + ' ' + asset_title(*after),
        " " + printable(name), brief(before->value(name, Json())), brief(after->value(name, Json())));
  co_return context.done(*after, text);
}

std::shared_ptr<Which> declare_which(CLI::App& app) {
  auto which = std::make_shared<Which>();
  app.add_option("kind", which->kind, "point, tool, peripheral, point_group, device, …")
      ->type_name("KIND")
      ->required();
  return which;
}

}  // namespace

Action declare_asset_list(CLI::App& app) {
  auto kind = std::make_shared<std::string>();
  app.add_option("kind", *kind, "points, tools, peripherals, …; all kinds with their counts if absent")
      ->type_name("KIND");
  return [kind](Context& context) { return list(context, *kind); };
}

Action declare_asset_show(CLI::App& app) {
  auto which = declare_which(app);
  app.add_option("id", which->words, "Its id; none for device, fbos_config and firmware_config")
      ->type_name("ID")
      ->expected(0, 1);
  return [which](Context& context) { return show(context, *which); };
}

Action declare_asset_edit(CLI::App& app) {
  auto which = declare_which(app);
  app.add_option("change", which->words,
                 "Its id, if it has one, then field=value …; meta.NAME=value is possible")
      ->type_name("[ID] FIELD=VALUE")
      ->required();
  return [which](Context& context) { return edit(context, *which); };
}

Action declare_asset_rm(CLI::App& app) {
  auto which = declare_which(app);
  app.add_option("id", which->words, "Ids; none for device, fbos_config and firmware_config")
      ->type_name("ID");
  return [which](Context& context) { return remove_assets(context, *which); };
}

}  // namespace celeriac::console
