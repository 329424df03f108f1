#include "vm/sync/outbox.hpp"

#include <algorithm>
#include <array>
#include <format>

namespace celeriac::vm {

using nlohmann::json;
using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

/// Logs go to the account on a way of their own, and pictures are not JSON.
constexpr std::array not_sent = {AssetKind::log, AssetKind::image};

bool is_sent(AssetKind kind) {
  return std::ranges::find(not_sent, kind) == not_sent.end() && !row_of(kind).path.empty();
}

std::string name_of(AssetKind kind, std::int64_t id) {
  const auto& row = row_of(kind);
  return row.singleton ? std::format("the {}", row.name) : std::format("{} {}", row.name, id);
}

}  // namespace

Outbox::Outbox(SyncWorld& world, WebApi& api, Assets& assets, const std::string& state)
    : world_(world), api_(api), assets_(assets) {
  read(state);
  assets_.on_changed([this, alive = std::weak_ptr(alive_)](AssetKind kind, std::int64_t id, const json* now) {
    if (!alive.expired() && from_account_ == 0 && is_sent(kind)) changed({kind, id}, now == nullptr);
  });
  if (!waiting_.empty()) send_later(outbox_pause);
}

void Outbox::changed(Key key, bool is_gone) {
  const auto place = places_.find(key);
  // What the account never had need not be taken from it; unless it is on its way there just now.
  if (is_gone && key.second < 0 && !(sending_ && waiting_.front() == key)) {
    if (place != places_.end()) forget(key);
    return;
  }
  if (place != places_.end()) {
    if (sending_ && waiting_.front() == key) changed_meanwhile_ = true;
    return;
  }
  if (waiting_.size() >= max_outbox) {
    if (!std::exchange(told_of_full_, true))
      world_.log(
          "warn", 1,
          std::format("{} changes wait to be sent to the account, and no more are kept: {} and what follows "
                      "stay here only, until a sync brings the account's back.",
                      max_outbox, name_of(key.first, key.second)));
    return;
  }
  places_[key] = waiting_.insert(waiting_.end(), key);
  save();
  if (waiting_.size() == 1) send_later(outbox_pause);
}

void Outbox::forget(Key key) {
  const auto place = places_.find(key);
  if (place == places_.end()) return;
  waiting_.erase(place->second);
  places_.erase(place);
  told_of_full_ = false;
  save();
}

// ---- over restarts --------------------------------------------------------------------------------

void Outbox::read(const std::string& state) {
  const json list = json::parse(state, nullptr, false);
  if (!list.is_array()) return;
  for (const json& each : list) {
    if (!each.is_array() || each.size() != 2 || !each[0].is_string() || !each[1].is_number_integer())
      continue;
    const auto kind = find_asset_kind(each[0].get<std::string>());
    if (!kind || waiting_.size() >= max_outbox) continue;
    const Key key{*kind, each[1].get<std::int64_t>()};
    if (!places_.contains(key)) places_[key] = waiting_.insert(waiting_.end(), key);
  }
}

void Outbox::save() {
  // Many changes in a row are written once.
  if (std::exchange(saving_, true)) return;
  world_.after(outbox_pause, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    saving_ = false;
    auto list = json::array();
    for (const auto& [kind, id] : waiting_) list.push_back({row_of(kind).name, id});
    world_.save_outbox(list.dump());
  });
}

// ---- sending --------------------------------------------------------------------------------------

void Outbox::flush(Emptied emptied) {
  flushing_.push_back(std::move(emptied));
  if (!sending_) send_later(std::chrono::milliseconds(0));
}

void Outbox::send_later(std::chrono::milliseconds time) {
  world_.after(time, [this, serial = ++timer_, alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && serial == timer_) send();
  });
}

void Outbox::send() {
  if (sending_) return;
  if (waiting_.empty()) return tell({});
  const Key key = waiting_.front();
  const auto& [kind, id] = key;
  const auto& row = row_of(kind);
  const json* item = assets_.find(kind, id);
  if (item == nullptr && (id <= 0 || row.singleton)) {
    forget(key);
    return send_later(std::chrono::milliseconds(0));
  }
  sending_ = true;
  changed_meanwhile_ = false;
  auto done = [this, key, alive = std::weak_ptr(alive_)](Result<json> answer) {
    if (!alive.expired()) answered(key, std::move(answer));
  };
  const std::string one = row.singleton ? std::string(row.path) : std::format("{}/{}", row.path, id);
  if (item == nullptr) return api_.ask("DELETE", one, json(), std::move(done));
  json body = *item;
  body.erase("id");
  if (row.singleton || id > 0) return api_.ask("PATCH", one, std::move(body), std::move(done));
  api_.ask("POST", std::string(row.path), std::move(body), std::move(done));
}

void Outbox::answered(Key key, Result<json> answer) {
  sending_ = false;
  const auto& [kind, id] = key;
  if (!answer && (is_passing(answer.error()) || answer.error().status == Status::denied))
    return blocked(answer.error());
  retry_ = first_outbox_retry;
  told_of_trouble_ = false;
  const bool is_gone = assets_.find(kind, id) == nullptr;
  if (answer) {
    taken(key, *answer);
  } else if (!(is_gone && answer.error().status == Status::not_found)) {  // gone on both sides
    world_.log("warn", 1,
               std::format("The account does not take {}: {}", name_of(kind, id), answer.error().message));
  }
  if (changed_meanwhile_ && places_.contains(key)) {
    waiting_.splice(waiting_.end(), waiting_, places_.at(key));
  } else {
    forget(key);
  }
  send_later(std::chrono::milliseconds(0));
}

/// The account gives what was made here an id of its own.
void Outbox::taken(Key key, const json& answer) {
  const auto& [kind, id] = key;
  if (row_of(kind).singleton || id > 0) return;
  const json new_id = answer.is_object() ? answer.value("id", json()) : json();
  if (!new_id.is_number_integer() || new_id.get<std::int64_t>() <= 0) return;
  const json* present = assets_.find(kind, id);
  const bool is_gone = present == nullptr;
  json item = is_gone || !changed_meanwhile_ ? answer : *present;
  item["id"] = new_id;
  {
    const FromAccount quiet(*this);
    if (!is_gone) static_cast<void>(assets_.remove(kind, id));
    if (!is_gone) static_cast<void>(assets_.put(kind, std::move(item)));
  }
  // What happened to it on its way there happens to it under its new name.
  if (is_gone || changed_meanwhile_) changed({kind, new_id.get<std::int64_t>()}, is_gone);
  changed_meanwhile_ = false;
}

void Outbox::blocked(const Error& error) {
  tell(std::unexpected(error));
  const bool tell_now = !std::exchange(told_of_trouble_, true);
  if (error.status == Status::denied) {
    if (tell_now) world_.log("error", 1, "Changes wait here and are not sent: " + error.message);
    return;
  }
  if (tell_now)
    world_.log("warn", 2,
               std::format("{} changes wait to be sent to the account: {}", waiting_.size(), error.message));
  send_later(retry_);
  retry_ = std::min(retry_ * 2, longest_outbox_retry);
}

void Outbox::tell(const Result<void>& result) {
  for (auto& emptied : std::exchange(flushing_, {})) emptied(result);
}

}  // namespace celeriac::vm
