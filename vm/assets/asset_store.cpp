#include "vm/assets/asset_store.hpp"

#include <spdlog/spdlog.h>

#include "protocol/document.hpp"
#include "vm/assets/asset_check.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Result;

namespace {

/// An entry that this version cannot take is left out, and stays in the image: better a bot without one point
/// than none at all.
void load(const AssetEntry& entry, Assets& assets) {
  const auto kind = find_asset_kind(entry.kind);
  auto item = json::parse(entry.json.value_or(""), nullptr, false);
  std::string why = "It cannot be read.";
  if (kind && !item.is_discarded()) {
    const auto kept = assets.put(*kind, std::move(item));
    if (kept) return;
    why = kept.error().message;
  }
  spdlog::error("The image holds a {} {} that is left out: {}", entry.kind, entry.id, why);
}

}  // namespace

AssetStore::AssetStore(Worker& worker, Image& image) : worker_(worker), image_(image) {
  changed_ms_.fill(protocol::now_milliseconds());
}

Result<std::unique_ptr<AssetStore>> AssetStore::open(Worker& worker, Image& image, Assets& assets) {
  const auto entries = image.assets();
  if (!entries) return std::unexpected(entries.error());
  for (const AssetEntry& entry : *entries) load(entry, assets);
  std::unique_ptr<AssetStore> store(new AssetStore(worker, image));
  assets.on_changed([store = store.get()](AssetKind kind, std::int64_t id, const json* now) {
    store->take(kind, id, now);
  });
  return store;
}

std::vector<AssetEntry> AssetStore::entries_of(const Changes& changes) {
  std::vector<AssetEntry> entries;
  entries.reserve(changes.size());
  for (const auto& [key, text] : changes)
    entries.push_back({.kind = std::string(row_of(key.first).name), .id = key.second, .json = text});
  return entries;
}

AssetStore::~AssetStore() {
  // Whoever asked has gone with the loop.
  if (!waiting_.empty())
    worker_.run([&image = image_, entries = entries_of(waiting_)] { return image.write(entries); },
                [](const Result<void>&) {});
}

void AssetStore::take(AssetKind kind, std::int64_t id, const json* now) {
  changed_ms_[static_cast<std::size_t>(kind)] = protocol::now_milliseconds();
  waiting_[{kind, id}] = now != nullptr ? std::optional(asset_text(*now)) : std::nullopt;
  if (!writing_) write();
}

void AssetStore::saved(Done done) {
  asked_.push_back(std::move(done));
  if (!writing_) write();
}

void AssetStore::write() {
  writing_ = true;
  in_turn_ = std::exchange(asked_, {});
  auto changes = std::exchange(waiting_, {});
  auto entries = entries_of(changes);
  worker_.run(
      [&image = image_, entries = std::move(entries)] {
        return entries.empty() ? Result<void>() : image.write(entries);
      },
      [this, changes = std::move(changes)](Result<void> result) mutable {
        written(std::move(changes), std::move(result));
      });
}

void AssetStore::written(Changes changes, Result<void> result) {
  writing_ = false;
  if (!result) {
    if (!failure_) failure_ = std::move(result.error());
    waiting_.merge(changes);  // what has changed since is newer, and stays
  }
  auto answered = std::exchange(in_turn_, {});
  if (!answered.empty()) {
    Result<void> answer;
    if (auto failure = std::exchange(failure_, std::nullopt)) answer = std::unexpected(std::move(*failure));
    for (auto& done : answered) done(answer);
  }
  // An answer may have asked again, or changed something, and so have begun to write.
  if (!writing_ && (!asked_.empty() || (result && !waiting_.empty()))) write();
}

}  // namespace celeriac::vm
