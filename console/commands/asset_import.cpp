// asset import: what a file has of an account, into the host.

#include <CLI/App.hpp>
#include <format>
#include <memory>
#include <ostream>
#include <vector>

#include "celeryscript/checker.hpp"
#include "celeryscript/diagnostic.hpp"
#include "console/account.hpp"
#include "console/account_table.hpp"
#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/sequence_store.hpp"
#include "console/text.hpp"
#include "console/upload.hpp"
#include "protocol/frame.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// BSON of the items in one frame; what is around them needs less than the rest of a payload.
constexpr std::size_t batch_bytes = protocol::max_payload - 200;

struct Import {
  std::vector<std::string> files;
  std::string kind;
  bool dry_run = false;
};

/// What has become of the items of one kind.
struct Tally {
  std::string name;
  std::size_t items = 0, added = 0, changed = 0, same = 0, refused = 0;

  [[nodiscard]] Json document() const {
    return {{"items", items}, {"new", added}, {"changed", changed}, {"same", same}, {"refused", refused}};
  }
  /// "points 12 (10 new, 2 changed)"
  [[nodiscard]] std::string sentence() const {
    std::string parts;
    const auto add = [&](std::size_t count, const char* word) {
      if (count > 0) parts += std::format("{}{} {}", parts.empty() ? "" : ", ", count, word);
    };
    add(added, "new");
    add(changed, "changed");
    add(same, "as they were");
    add(refused, "refused");
    return std::format("{} {}{}", printable(name), items, parts.empty() ? "" : " (" + parts + ')');
  }
};

/// One run of the command.
class Importer {
 public:
  Importer(Context& context, Client& client, bool dry_run)
      : context_(context), client_(client), dry_run_(dry_run) {}

  asio::awaitable<Result<void>> take(const Collection& collection) {
    Tally tally{.name = collection.kind->collection, .items = collection.items.size()};
    const auto done = collection.kind->name == sequence_kind ? co_await take_sequences(collection, tally)
                                                             : co_await take_assets(collection, tally);
    tallies_.push_back(std::move(tally));
    if (done && !context_.json()) context_.line(tallies_.back().sentence());
    co_return done;
  }

  void leave_out(const std::vector<std::string>& keys) {
    left_out_.insert(left_out_.end(), keys.begin(), keys.end());
  }

  /// Says how it went.
  Exit finish() {
    bool refused = false;
    Json imported = Json::object();
    for (const Tally& tally : tallies_) {
      refused = refused || tally.refused > 0;
      imported[tally.name] = tally.document();
    }
    if (context_.json())
      context_.document(
          {{"imported", imported}, {"refused", refusals_}, {"left_out", left_out_}, {"dry_run", dry_run_}});
    if (!left_out_.empty()) {
      std::string names;
      for (const auto& key : left_out_) names += (names.empty() ? "" : ", ") + printable(key);
      context_.note("left out, as the host keeps nothing of the kind: " + names);
    }
    if (dry_run_ && !context_.json()) context_.line("nothing was changed: this was a rehearsal");
    if (refused) context_.note("what was refused is not there, or as it was; the rest is in force");
    return refused ? Exit::failed : Exit::done;
  }

 private:
  void refuse(Tally& tally, const Collection& collection, std::size_t index, const Error& error) {
    ++tally.refused;
    const Json item = collection.items[index];
    const std::string title = item.is_object() ? asset_title(item) : brief(item);
    refusals_.push_back({{"collection", collection.key},
                         {"index", index},
                         {"id", item.is_object() ? item.value("id", Json()) : Json()},
                         {"error", error.document()}});
    context_.note(
        std::format("{}[{}], {}: {}", printable(collection.key), index, title, printable(error.message)));
  }

  /// The places of as many items as go into a frame, from `next` on, which moves on.
  static std::vector<std::size_t> batch(const std::vector<Json>& items, std::size_t& next) {
    std::vector<std::size_t> taken;
    for (std::size_t bytes = 0; next < items.size(); ++next) {
      bytes += protocol::to_bson({{"12345", items[next]}}).size();
      if (!taken.empty() && bytes > batch_bytes) break;
      taken.push_back(next);
    }
    return taken;
  }

  asio::awaitable<Result<void>> take_assets(const Collection& collection, Tally& tally) {
    std::vector<Json> items(collection.items.begin(), collection.items.end());
    std::size_t next = 0;
    if (collection.kind->singleton && items.size() > 1) {
      refuse(tally, collection, 1,
             {.status = Status::malformed,
              .message =
                  std::format("There is one {}, and the file has {}.", collection.kind->name, items.size())});
      co_return Result<void>();
    }
    while (next < items.size()) {
      auto sent = batch(items, next);
      while (!sent.empty()) {
        Json list = Json::array();
        for (const auto index : sent) list.push_back(items[index]);
        const Json fields{{"kind", collection.kind->name}, {"items", std::move(list)}, {"dry_run", dry_run_}};
        const auto outcome = co_await put(fields);
        if (outcome) {
          tally.added += static_cast<std::size_t>(integer_of(*outcome, "new"));
          tally.changed += static_cast<std::size_t>(integer_of(*outcome, "changed"));
          tally.same += static_cast<std::size_t>(integer_of(*outcome, "same"));
          break;
        }
        const auto wrong = place_of(outcome.error(), sent.size());
        if (!wrong) co_return std::unexpected(outcome.error());
        refuse(tally, collection, sent[*wrong], outcome.error());
        sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(*wrong));
      }
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<Json>> put(const Json& fields) {
    auto payload = protocol::encode("ASSET.PUT"_op, fields);
    if (!payload) co_return std::unexpected(std::move(payload.error()));
    if (payload->size() > protocol::max_payload)  // then it is one item
      co_return protocol::fail(Status::out_of_resources, "It is too large for a frame of the protocol.",
                               "/items/0");
    co_return co_await client_.ask("ASSET.PUT"_op, fields);
  }

  /// Which of the items an error is about.
  static std::optional<std::size_t> place_of(const Error& error, std::size_t count) {
    constexpr std::string_view items = "/items/";
    if (!error.path.starts_with(items)) return std::nullopt;
    std::size_t place = 0;
    for (const char c : std::string_view(error.path).substr(items.size())) {
      if (c < '0' || c > '9') break;
      place = std::min(place * 10 + static_cast<std::size_t>(c - '0'), count);
    }
    return place < count ? std::optional(place) : std::nullopt;
  }

  asio::awaitable<Result<void>> take_sequences(const Collection& collection, Tally& tally) {
    auto stored = co_await stored_sequences(client_);
    if (!stored) co_return std::unexpected(stored.error());
    for (std::size_t i = 0; i < collection.items.size(); ++i) {
      const OrderedJson& item = collection.items[i];
      const std::string source = item.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
      if (!check(collection, i, source)) {
        ++tally.refused;
        continue;
      }
      const Json fields = item;
      const auto* place = find_sequence(*stored, integer_of(fields, "id"), text_of(fields, "name"));
      if (place != nullptr) {
        const auto present = co_await read_code(client_, place->code);
        if (!present) co_return std::unexpected(present.error());
        if (Json::parse(*present, nullptr, false) == fields) {
          ++tally.same;
          continue;
        }
      }
      ++(place != nullptr ? tally.changed : tally.added);
      if (dry_run_) continue;
      const auto put =
          place != nullptr ? co_await replaced(place->code, source) : co_await upload(client_, source);
      if (put) {
        if (place == nullptr)
          stored->push_back({.code = *put, .id = integer_of(fields, "id"), .name = text_of(fields, "name")});
        continue;
      }
      if (put.error().status != Status::invalid_code) co_return std::unexpected(put.error());
      --(place != nullptr ? tally.changed : tally.added);
      refuse(tally, collection, i, put.error());
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<std::uint16_t>> replaced(std::uint16_t code, std::string_view source) {
    const auto done = co_await replace(client_, code, source);
    if (!done) co_return std::unexpected(done.error());
    co_return code;
  }

  /// Says what is wrong with a sequence, each error at its place.
  bool check(const Collection& collection, std::size_t index, const std::string& source) {
    const auto parsed = celeryscript::read(source);
    if (parsed.diagnostics.clean()) return true;
    const Json item = collection.items[index];
    refusals_.push_back({{"collection", collection.key},
                         {"index", index},
                         {"id", item.is_object() ? item.value("id", Json()) : Json()},
                         {"error", celeryscript::to_error(parsed.diagnostics).document()}});
    if (context_.json()) return false;
    const std::string title = std::format("{}[{}], {}", printable(collection.key), index,
                                          item.is_object() ? asset_title(item) : brief(item));
    context_.world().err << render(parsed.diagnostics,
                                   {.file = title, .colour = context_.world().terminal.colour});
    context_.note(title + ": refused");
    return false;
  }

  Context& context_;
  Client& client_;
  bool dry_run_;
  std::vector<Tally> tallies_;
  Json refusals_ = Json::array();
  std::vector<std::string> left_out_;
};

asio::awaitable<Exit> import(Context& context, const Import& job) {
  std::vector<OrderedJson> documents;
  for (const auto& file : job.files) {
    auto document = read_account_file(file);
    if (!document) co_return context.failed(document.error());
    documents.push_back(std::move(*document));
  }
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto summary = co_await (*client)->ask("ASSET.SUMMARY"_op);
  if (!summary) co_return context.failed(summary.error());
  const auto kinds = account_kinds(*summary);
  const AccountKind* kind = nullptr;
  if (!job.kind.empty()) {
    kind = find_kind(kinds, job.kind);
    if (kind == nullptr) co_return context.failed(no_such_kind(job.kind, kinds));
  }

  Importer importer(context, **client, job.dry_run);
  std::vector<Account> accounts;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    auto account = read_account(documents[i], kinds, kind);
    if (!account) {
      account.error().message = std::format("{}: {}", job.files[i], account.error().message);
      co_return context.failed(account.error());
    }
    accounts.push_back(std::move(*account));
  }
  for (const Account& account : accounts) {
    importer.leave_out(account.left_out);
    for (const Collection& collection : account.collections)
      if (const auto taken = co_await importer.take(collection); !taken) {
        context.note("the import stopped; what it has said so far is in force: run it again to go on.");
        co_return context.failed(taken.error());
      }
  }
  co_return importer.finish();
}

}  // namespace

Action declare_asset_import(CLI::App& app) {
  auto job = std::make_shared<Import>();
  app.add_option(
         "file", job->files,
         "JSON of a FarmBot account: an object of collections, or a list of one kind; - is standard input")
      ->type_name("FILE")
      ->required();
  app.add_option("--kind", job->kind, "What the items of a list are, where their fields do not tell")
      ->type_name("KIND");
  app.add_flag("--dry-run", job->dry_run, "Only check, and say what would change");
  return [job](Context& context) { return import(context, *job); };
}

}  // namespace celeriac::console
