#include "vm/services/asset_service.hpp"

#include <format>
#include <utility>

#include "protocol/words.hpp"
#include "vm/assets/asset_check.hpp"

namespace celeriac::vm {

using protocol::Arguments;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

Result<AssetKind> kind_of(const Arguments& arguments) {
  const std::string name = arguments.string("kind");
  if (const auto kind = find_asset_kind(name)) return *kind;
  return protocol::fail(Status::malformed, std::format("There is no kind of asset \"{}\". There are: {}.",
                                                       protocol::shown(name), asset_kind_names()));
}

/// The items of ASSET.PUT: an array, or one by itself.
std::vector<Json> items_of(const Json& items) {
  if (!items.is_array()) return {items};
  return {items.begin(), items.end()};
}

/// Changes are answered when they are on disk.
void answer_when_saved(AssetStore& store, Responder responder, Json document) {
  store.saved([held = std::move(responder), document = std::move(document)](Result<void> saved) mutable {
    if (!saved)
      held.fail(saved.error());
    else if (document.is_null())
      held.ok();
    else
      held.document(document);
  });
}

struct Service {
  Assets& assets;
  AssetStore& store;

  void put(AssetKind kind, const Arguments& arguments, Responder responder) const {
    const auto outcome =
        assets.put_all(kind, items_of(arguments.value("items")), arguments.number("dry_run") != 0);
    if (!outcome) {
      auto error = outcome.error();
      error.path = "/items" + error.path;
      return responder.fail(error);
    }
    answer_when_saved(store, std::move(responder),
                      {{"count", outcome->ids.size()},
                       {"new", outcome->added},
                       {"changed", outcome->changed},
                       {"same", outcome->same},
                       {"ids", outcome->ids}});
  }

  void list(AssetKind kind, const Arguments& arguments, Responder responder) const {
    const auto& all = assets.all(kind);
    auto next = arguments.has("after") ? all.upper_bound(arguments.integer("after")) : all.begin();
    auto items = Json::array();
    for (std::size_t bytes = 0; next != all.end() && bytes < asset_list_bytes; ++next) {
      bytes += asset_text(next->second).size();
      items.push_back(next->second);
    }
    responder.document({{"items", std::move(items)}, {"more", next != all.end()}});
  }

  void get(AssetKind kind, const Arguments& arguments, Responder responder) const {
    const auto id = arguments.integer("id");
    if (const Json* item = assets.find(kind, id); item != nullptr) return responder.document(*item);
    responder.fail({.status = Status::not_found,
                    .message = row_of(kind).singleton
                                   ? std::format("Nothing is known of the {} yet.", row_of(kind).name)
                                   : std::format("There is no {} {}.", row_of(kind).name, id)});
  }

  void edit(AssetKind kind, const Arguments& arguments, Responder responder) const {
    if (const auto done = assets.update(kind, arguments.integer("id"), arguments.value("fields")); !done) {
      auto error = done.error();
      if (!error.path.empty()) error.path = "/fields" + error.path;
      return responder.fail(error);
    }
    answer_when_saved(store, std::move(responder), nullptr);
  }

  void remove(AssetKind kind, const Arguments& arguments, Responder responder) const {
    if (const auto done = assets.remove(kind, arguments.integer("id")); !done)
      return responder.fail(done.error());
    answer_when_saved(store, std::move(responder), nullptr);
  }

  void summary(Responder responder) const {
    auto kinds = Json::array();
    for (const auto& row : asset_kinds())
      kinds.push_back({{"kind", row.name},
                       {"collection", row.collection},
                       {"singleton", row.singleton},
                       {"count", assets.all(row.kind).size()},
                       {"changed", store.changed_ms(row.kind)}});
    responder.document({{"kinds", std::move(kinds)}});
  }
};

using Serve = void (Service::*)(AssetKind kind, const Arguments& arguments, Responder responder) const;
constexpr std::pair<const char*, Serve> served[] = {
    {"ASSET.PUT", &Service::put},   {"ASSET.LIST", &Service::list}, {"ASSET.GET", &Service::get},
    {"ASSET.EDIT", &Service::edit}, {"ASSET.RM", &Service::remove},
};

}  // namespace

void serve_assets(protocol::Dispatcher& dispatcher, Assets& assets, AssetStore& store) {
  const Service service{assets, store};
  for (const auto& [long_name, serve] : served) {
    dispatcher.on(*protocol::find_operation(long_name),
                  [service, serve](Request& request, Responder responder) {
                    const auto kind = kind_of(request.arguments);
                    if (!kind) return responder.fail(kind.error());
                    (service.*serve)(*kind, request.arguments, std::move(responder));
                  });
  }
  dispatcher.on("ASSET.SUMMARY"_op,
                [service](Request&, Responder responder) { service.summary(std::move(responder)); });
}

}  // namespace celeriac::vm
