#include "vm/assets/assets.hpp"

#include <algorithm>
#include <format>

#include "vm/assets/asset_check.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

Error no_such(AssetKind kind, std::int64_t id) {
  return {.status = Status::not_found,
          .message = std::format("There is no {} {}.", row_of(kind).name, id),
          .details = {{"kind", row_of(kind).name}, {"id", id}}};
}

/// Text of a scalar as scripts see it.
std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : asset_text(value);
}

}  // namespace

// ---- questions -----------------------------------------------------------------------------------

const Assets::Items& Assets::all(AssetKind kind) const {
  return items_[static_cast<std::size_t>(kind)];
}

const json* Assets::find(AssetKind kind, std::int64_t id) const {
  const auto& kept = all(kind);
  const auto found = kept.find(key_of(kind, id));
  return found == kept.end() ? nullptr : &found->second;
}

json Assets::field(AssetKind singleton, std::string_view name) const {
  const json* item = find(singleton, 0);
  if (item == nullptr) return nullptr;
  const auto found = item->find(name);
  return found == item->end() ? json() : *found;
}

double Assets::setting(std::string_view name, double fallback) const {
  const json value = field(AssetKind::fbos_config, name);
  return value.is_number() ? value.get<double>() : fallback;
}

bool Assets::setting(std::string_view name, bool fallback) const {
  const json value = field(AssetKind::fbos_config, name);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

std::optional<std::string> Assets::user_env(std::string_view key) const {
  for (const auto& [id, item] : all(AssetKind::farmware_env))
    if (item.at("key").get_ref<const std::string&>() == key) return text_of(item.value("value", json()));
  return std::nullopt;
}

// ---- changes -------------------------------------------------------------------------------------

Result<std::int64_t> Assets::put(AssetKind kind, json item) {
  if (auto good = check_asset(kind, item); !good) return std::unexpected(std::move(good.error()));
  std::vector<json> one;
  one.push_back(std::move(item));
  const auto outcome = store(kind, std::move(one), false);
  if (!outcome) return std::unexpected(outcome.error());
  return outcome->ids.front();
}

Result<PutOutcome> Assets::put_all(AssetKind kind, std::vector<json> items, bool dry_run) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto good = check_asset(kind, items[i]); !good) {
      good.error().path = std::format("/{}{}", i, good.error().path);
      return std::unexpected(std::move(good.error()));
    }
  }
  return store(kind, std::move(items), dry_run);
}

Result<void> Assets::update(AssetKind kind, std::int64_t id, const json& fields) {
  const json* item = find(kind, id);
  if (item == nullptr && !row_of(kind).singleton) return std::unexpected(no_such(kind, id));
  if (!fields.is_object())
    return protocol::fail(Status::malformed, "The fields to change are an object of names and values.");
  json changed = item != nullptr ? *item : json::object();
  for (const auto& [name, value] : fields.items()) {
    if (name == "id" && !row_of(kind).singleton && value != id)
      return protocol::fail(Status::malformed,
                            std::format("The id of {} {} cannot change.", row_of(kind).name, id), "/id");
    if (auto& old = changed[name]; name == "meta" && old.is_object() && value.is_object())
      old.update(value);
    else
      old = value;
  }
  const auto kept = put(kind, std::move(changed));
  if (!kept) return std::unexpected(kept.error());
  return {};
}

Result<void> Assets::remove(AssetKind kind, std::int64_t id) {
  if (find(kind, id) == nullptr) return std::unexpected(no_such(kind, id));
  erase(kind, key_of(kind, id));
  return {};
}

Result<void> Assets::set_user_env(std::string_view key, std::string_view value) {
  for (const auto& [id, item] : all(AssetKind::farmware_env))
    if (item.at("key").get_ref<const std::string&>() == key)
      return update(AssetKind::farmware_env, id, {{"value", value}});
  const auto made = put(AssetKind::farmware_env, {{"key", key}, {"value", value}});
  if (!made) return std::unexpected(made.error());
  return {};
}

// ---- the maps ------------------------------------------------------------------------------------

std::int64_t Assets::key_of(AssetKind kind, std::int64_t id) {
  return row_of(kind).singleton ? 0 : id;
}

Assets::Place Assets::place_for(AssetKind kind, const json& item, std::int64_t& next_id) const {
  if (row_of(kind).singleton) return {};
  Place place{.id = asset_id_of(kind, item).value_or(0), .displaced = std::nullopt};
  if (kind == AssetKind::farmware_env) {
    const auto& key = item.at("key").get_ref<const std::string&>();
    const auto& envs = all(kind);
    const auto same_key = [&](const auto& each) { return each.second.at("key") == key; };
    if (const auto found = std::ranges::find_if(envs, same_key); found != envs.end()) {
      if (place.id == 0) return {.id = found->first, .displaced = std::nullopt};
      if (place.id != found->first) place.displaced = found->first;
    }
  }
  if (place.id == 0) place.id = next_id--;
  return place;
}

/// The items have been checked.
Result<PutOutcome> Assets::store(AssetKind kind, std::vector<json> new_items, bool dry_run) {
  auto& kept = items(kind);
  // Ids that the host gives are below 0, and below those of the items that bring one.
  std::int64_t next_id = -1;
  if (!kept.empty()) next_id = std::min(next_id, kept.begin()->first - 1);
  for (const auto& item : new_items) next_id = std::min(next_id, asset_id_of(kind, item).value_or(0) - 1);

  const auto is_new = [&](const json& item) {
    auto any = next_id;
    return !kept.contains(place_for(kind, item, any).id);
  };
  const auto growth = static_cast<std::size_t>(std::ranges::count_if(new_items, is_new));
  if (count_ + growth > max_assets)
    return protocol::fail(
        Status::out_of_resources,
        std::format("The image holds {} assets, and at most {}: remove some.", count_, max_assets));
  if (kind == AssetKind::farmware_env && kept.size() + growth > max_user_envs)
    return protocol::fail(
        Status::out_of_resources,
        std::format("The user environment holds at most {} variables: remove some.", max_user_envs));

  PutOutcome outcome;
  for (auto& item : new_items) {
    const Place place = place_for(kind, item, next_id);
    outcome.ids.push_back(place.id);
    if (!row_of(kind).singleton) item["id"] = place.id;
    const auto found = kept.find(place.id);
    if (found != kept.end() && found->second == item) {
      ++outcome.same;
      continue;
    }
    ++(found == kept.end() ? outcome.added : outcome.changed);
    if (dry_run) continue;
    if (place.displaced) erase(kind, *place.displaced);
    if (found == kept.end()) ++count_;
    auto& now = kept[place.id];
    now = std::move(item);
    tell(kind, place.id, &now);
  }
  return outcome;
}

void Assets::erase(AssetKind kind, std::int64_t id) {
  items(kind).erase(id);
  --count_;
  tell(kind, id, nullptr);
}

void Assets::tell(AssetKind kind, std::int64_t id, const json* now) const {
  for (const auto& hook : hooks_) hook(kind, id, now);
}

}  // namespace celeriac::vm
