#include "vm/sync/sync.hpp"

#include <algorithm>
#include <format>
#include <utility>

namespace celeriac::vm {

using nlohmann::json;
using protocol::Error;
using protocol::Result;
using protocol::Status;
using std::chrono::milliseconds;

namespace {

/// A whole number above 0, as the account's ids are; 0 of anything else.
std::int64_t id_of(const json& item) {
  const json id = item.is_object() ? item.value("id", json()) : json();
  return id.is_number_integer() && id.get<std::int64_t>() > 0 ? id.get<std::int64_t>() : 0;
}

std::string text_of(const json& item, const char* field) {
  const json text = item.is_object() ? item.value(field, json()) : json();
  return text.is_string() ? text.get<std::string>() : std::string();
}

/// "point_group" as people say it.
std::string words(std::string_view name) {
  std::string made(name);
  std::ranges::replace(made, '_', ' ');
  return made;
}

}  // namespace

Sync::Sync(SyncWorld& world, WebApi& api, Outbox& outbox, Assets& assets, SequenceShelf& shelf)
    : world_(world), api_(api), outbox_(outbox), assets_(assets), shelf_(shelf) {
  for (const AssetKindRow& row : asset_kinds()) {
    if (row.kind == AssetKind::log) continue;  // they go from here to the account
    if (row.path.empty()) continue;            // of this host alone
    std::string path(row.path);
    if (row.kind == AssetKind::point)
      path += "?filter=all";  // discarded weeds are asked for by this word only
    sources_.push_back({.kind = row.kind, .one = row.name, .many = row.collection, .path = std::move(path)});
  }
  sources_.push_back(
      {.kind = std::nullopt, .one = "sequence", .many = "sequences", .path = "/api/sequences"});
  world_.status("sync_now");
}

void Sync::run(Done done) {
  if (waiting_.size() >= max_sync_waiters)
    return done(protocol::fail(Status::overloaded,
                               std::format("{} clients wait for the sync already.", max_sync_waiters)));
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  world_.status("syncing");
  world_.log("busy", 3, "Syncing");
  changes_.assign(sources_.size(), {});
  to_fetch_ = sources_.size();
  attempts_ = 0;
  flush();
}

void Sync::begin(milliseconds retry) {
  run([this, retry, alive = std::weak_ptr(alive_)](const Result<json>& result) {
    if (alive.expired() || result || !is_passing(result.error())) return;
    later(retry, [this, retry] { begin(std::min(retry * 2, longest_start_retry)); });
  });
}

void Sync::flush() {
  outbox_.flush([this, alive = std::weak_ptr(alive_)](Result<void> emptied) {
    if (alive.expired()) return;
    if (!emptied) return retry(std::move(emptied.error()), [this] { flush(); });
    attempts_ = 0;
    fetch();
  });
}

void Sync::fetch() {
  api_.ask("GET", source().path, json(), [this, alive = std::weak_ptr(alive_)](Result<json> answer) {
    if (!alive.expired()) fetched(std::move(answer));
  });
}

void Sync::retry(Error error, std::function<void()> again) {
  if (!is_passing(error) || ++attempts_ >= max_fetches) return fail(std::move(error));
  later(first_fetch_retry * (1 << (attempts_ - 1)), std::move(again));
}

void Sync::fetched(Result<json> answer) {
  if (!answer && answer.error().status == Status::not_found) {
    // Servers of another age have other collections.
    world_.log("warn", 2, std::format("The account has no {}: what is here stays.", words(source().many)));
    return next_source();
  }
  if (!answer) return retry(std::move(answer.error()), [this] { fetch(); });
  const bool is_one = source().kind && row_of(*source().kind).singleton;
  if (is_one ? !answer->is_object() : !answer->is_array())
    return fail({.status = Status::failed,
                 .message = std::format("{} is not {}: is that address a FarmBot web API?", source().path,
                                        is_one ? "an object" : "a list")});
  items_ = is_one ? json::array({std::move(*answer)}) : std::move(*answer);
  item_ = 0;
  seen_.clear();
  if (source().kind) return take_items();
  held_ = shelf_.ids();
  take_sequence();
}

// ---- assets ---------------------------------------------------------------------------------------

void Sync::take_items() {
  const Outbox::FromAccount quiet(outbox_);
  for (std::size_t taken = 0; taken < items_per_turn && item_ < items_.size(); ++taken) take(items_[item_++]);
  if (item_ < items_.size()) return later(milliseconds(0), [this] { take_items(); });
  sweep();
  next_source();
}

void Sync::take(json& item) {
  const AssetKind kind = *source().kind;
  const bool is_one = row_of(kind).singleton;
  const auto id = is_one ? 0 : id_of(item);
  const std::string what =
      is_one ? std::format("The {}", words(source().one)) : std::format("{} {}", words(source().one), id);
  if (!is_one && id == 0)
    return refused(what, {.status = Status::malformed, .message = "It has no id above 0."});
  seen_.insert(id);
  if (outbox_.waits(kind, id)) return;
  std::vector<json> one;
  one.push_back(std::move(item));
  const auto outcome = assets_.put_all(kind, std::move(one));
  if (!outcome) return refused(what, outcome.error());
  changes_[place_].added += outcome->added;
  changes_[place_].changed += outcome->changed;
}

void Sync::sweep() {
  const AssetKind kind = *source().kind;
  if (row_of(kind).singleton) return;
  std::vector<std::int64_t> gone;
  for (const auto& [id, item] : assets_.all(kind))
    if (id > 0 && !seen_.contains(id) && !outbox_.waits(kind, id)) gone.push_back(id);
  for (const auto id : gone)
    if (assets_.remove(kind, id)) ++changes_[place_].gone;
}

// ---- sequences ------------------------------------------------------------------------------------

void Sync::take_sequence() {
  auto alive = std::weak_ptr(alive_);
  while (item_ < items_.size()) {
    const json item = std::move(items_[item_++]);
    const auto id = id_of(item);
    const std::string name = text_of(item, "name");
    const std::string what =
        name.empty() ? std::format("Sequence {}", id) : std::format("Sequence \"{}\" ({})", name, id);
    if (id == 0) {
      refused(what, {.status = Status::malformed, .message = "It has no id above 0."});
      continue;
    }
    seen_.insert(id);
    std::string text = item.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shelf_.holds(id, text)) continue;
    const bool is_new = !held_.contains(id);
    return shelf_.put(id, std::move(text), [this, alive, what, is_new](Result<void> kept) {
      if (alive.expired()) return;
      if (!kept)
        refused(what, kept.error());
      else
        ++(is_new ? changes_[place_].added : changes_[place_].changed);
      take_sequence();
    });
  }
  while (!held_.empty()) {
    const auto id = held_.extract(held_.begin()).value();
    if (seen_.contains(id)) continue;
    return shelf_.remove(id, [this, alive](Result<void> removed) {
      if (alive.expired()) return;
      if (removed) ++changes_[place_].gone;
      take_sequence();
    });
  }
  next_source();
}

// ---- the end --------------------------------------------------------------------------------------

void Sync::refused(const std::string& what, const Error& error) {
  const auto count = ++changes_[place_].refused;
  if (count > max_item_warnings) return;
  std::string sentence = what;
  sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  world_.log("warn", 1,
             std::format("{} of the account is left out{}: {}", sentence,
                         error.path.empty() ? "" : std::format(" because of {}", error.path), error.message));
}

void Sync::next_source() {
  const auto count = changes_[place_].refused;
  if (count > max_item_warnings)
    world_.log("warn", 1,
               std::format("{} more {} of the account are left out.", count - max_item_warnings,
                           words(source().many)));
  items_ = json();
  attempts_ = 0;
  place_ = (place_ + 1) % sources_.size();
  if (--to_fetch_ > 0) return fetch();
  world_.status("synced");
  world_.log("success", 3, summary());
  auto list = json::array();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Change& change = changes_[i];
    if (change.added + change.changed + change.gone + change.refused == 0) continue;
    list.push_back({{"kind", sources_[i].one},
                    {"new", change.added},
                    {"changed", change.changed},
                    {"gone", change.gone},
                    {"refused", change.refused}});
  }
  finish(json{{"changes", std::move(list)}});
}

std::string Sync::summary() const {
  std::string made;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Change& change = changes_[i];
    const std::pair<std::size_t, std::string_view> counts[] = {{change.added, "new"},
                                                               {change.changed, "changed"},
                                                               {change.gone, "gone"},
                                                               {change.refused, "left out"}};
    for (const auto& [count, what] : counts) {
      if (count == 0) continue;
      const std::string name = words(count == 1 ? sources_[i].one : sources_[i].many);
      made += std::format("{}{} {} {}", made.empty() ? "Synced: " : ", ", count, name, what);
    }
  }
  return made.empty() ? "Synced" : made;
}

void Sync::fail(Error error) {
  world_.status("sync_error");
  const auto& stopped_at = source();
  // What will fail again must not keep the others from coming.
  if (!is_passing(error) && error.status != Status::denied) place_ = (place_ + 1) % sources_.size();
  const auto fetched = sources_.size() - to_fetch_;
  world_.log(
      "error", 1,
      std::format("The sync has failed at {}{}: {}", words(stopped_at.many),
                  fetched == 0
                      ? ""
                      : std::format(" ({} of {} kinds are up to date, the next sync goes on from there)",
                                    fetched, sources_.size()),
                  error.message));
  finish(std::unexpected(std::move(error)));
}

void Sync::finish(Result<json> result) {
  items_ = json();
  for (auto& done : std::exchange(waiting_, {})) done(result);
}

void Sync::later(milliseconds time, std::function<void()> then) {
  world_.after(time, [alive = std::weak_ptr(alive_), then = std::move(then)] {
    if (!alive.expired()) then();
  });
}

}  // namespace celeriac::vm
