#include "console/account.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>
#include <iostream>

#include "console/process_status.hpp"
#include "console/text.hpp"
#include "protocol/words.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// Parts of `points` that some exports list by themselves.
constexpr std::string_view point_collections[] = {"plants", "weeds", "toolslots", "genericpointers"};

/// What only one kind has. Peripherals and sensors look alike, and tools and gardens like everything.
struct Telltale {
  std::string_view kind;
  std::string_view field;
};
constexpr Telltale telltales[] = {
    {"point", "pointer_type"},
    {"point_group", "sort_type"},
    {"point_group", "point_ids"},
    {"farm_event", "executable_type"},
    {"regimen", "regimen_items"},
    {"tool", "flow_rate_ml_per_s"},
    {"sensor_reading", "read_at"},
    {"sensor_calibration", "scale"},
    {"image", "attachment_url"},
    {"pin_binding", "pin_num"},
    {"plant_template", "saved_garden_id"},
    {"fbos_config", "firmware_hardware"},
    {"firmware_config", "movement_max_spd_x"},
    {"device", "timezone"},
};

/// Letters and digits, small.
std::string bare(std::string_view name) {
  std::string made;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      made += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

std::unexpected<Error> bad(std::string message) {
  return protocol::fail(Status::malformed, std::move(message));
}

std::string text_field(const OrderedJson& item, const char* name) {
  const auto found = item.find(name);
  return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The kind that an item must be by its fields; "" if they do not tell.
std::string_view guess(const OrderedJson& item) {
  if (!item.is_object()) return "";
  if (text_field(item, "kind") == sequence_kind) return sequence_kind;
  for (const auto& [kind, field] : telltales)
    if (item.contains(field)) return kind;
  if (item.contains("key") && item.contains("value")) return "farmware_env";
  return "";
}

const AccountKind* guess(const std::vector<OrderedJson>& items, const std::vector<AccountKind>& kinds) {
  if (items.empty()) return nullptr;
  const std::string_view first = guess(items.front());
  const bool all = !first.empty() && std::ranges::all_of(items, [first](const OrderedJson& item) {
    return guess(item) == first;
  });
  return all ? find_kind(kinds, first) : nullptr;
}

std::vector<OrderedJson> list_of(const OrderedJson& value) {
  if (value.is_array()) return {value.begin(), value.end()};
  return {value};
}

/// Adds to the collection of the same kind, if there is one: "plants" and "points" are one.
void add(Account& account, const AccountKind& kind, std::string key, std::vector<OrderedJson> items) {
  const auto same = std::ranges::find(account.collections, &kind, &Collection::kind);
  if (same == account.collections.end())
    account.collections.push_back({.kind = &kind, .key = std::move(key), .items = std::move(items)});
  else
    std::ranges::move(items, std::back_inserter(same->items));
}

}  // namespace

std::vector<AccountKind> account_kinds(const Json& summary) {
  std::vector<AccountKind> kinds;
  for (const auto& kind : summary.is_object() ? summary.value("kinds", Json::array()) : Json::array()) {
    if (!kind.is_object()) continue;
    kinds.push_back({.name = text_of(kind, "kind"),
                     .collection = text_of(kind, "collection"),
                     .singleton = kind.value("singleton", Json()) == true,
                     .count = static_cast<std::size_t>(std::max<std::int64_t>(0, integer_of(kind, "count"))),
                     .changed = kind.value("changed", Json())});
  }
  kinds.push_back({.name = std::string(sequence_kind), .collection = "sequences"});
  return kinds;
}

const AccountKind* find_kind(const std::vector<AccountKind>& kinds, std::string_view name) {
  std::string wanted = bare(name);
  if (std::ranges::contains(point_collections, wanted)) wanted = "points";
  const auto found = std::ranges::find_if(kinds, [&](const AccountKind& kind) {
    return wanted == bare(kind.name) || wanted == bare(kind.collection) || wanted == bare(kind.name) + 's';
  });
  return found != kinds.end() ? &*found : nullptr;
}

Error no_such_kind(std::string_view name, const std::vector<AccountKind>& kinds) {
  std::vector<std::string_view> names;
  for (const auto& kind : kinds) names.push_back(kind.name);
  const auto close = protocol::closest(name, names);
  std::string list;
  for (const auto each : names) list += (list.empty() ? "" : ", ") + std::string(each);
  return {.status = Status::malformed,
          .message = std::format("There is no kind \"{}\"{} There are: {}.", printable(name),
                                 close.empty() ? "." : std::format(": did you mean \"{}\"?", close), list)};
}

asio::awaitable<Result<std::vector<Json>>> assets_of(Client& client, const std::string& kind) {
  std::vector<Json> items;
  Json fields{{"kind", kind}};
  while (true) {
    const auto answer = co_await client.ask("ASSET.LIST"_op, fields);
    if (!answer) co_return std::unexpected(answer.error());
    const auto part = answer->value("items", Json::array());
    items.insert(items.end(), part.begin(), part.end());
    if (part.empty() || answer->value("more", Json()) != true) co_return items;
    fields["after"] = integer_of(part.back(), "id");
  }
}

Result<OrderedJson> read_account_file(const std::filesystem::path& path) {
  std::ifstream file;
  if (path != "-") {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
      return bad(std::format("{} is a directory; name a JSON file in it.", path.string()));
    file.open(path, std::ios::binary);
    if (!file) return bad(std::format("Cannot read {}: {}.", path.string(), std::strerror(errno)));
  }
  std::istream& stream = path == "-" ? std::cin : file;
  std::string text(max_account_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > max_account_bytes)
    return bad(std::format("{} is longer than {} MiB.", path.string(), max_account_bytes >> 20));

  bool too_deep = false;
  const auto look = [&](int depth, OrderedJson::parse_event_t, OrderedJson&) {
    too_deep = too_deep || depth > max_account_depth;
    return !too_deep;
  };
  try {
    OrderedJson document = OrderedJson::parse(text, look);
    if (too_deep)
      return bad(std::format("{} is nested deeper than {} levels.", path.string(), max_account_depth));
    return document;
  } catch (const OrderedJson::parse_error& error) {
    return bad(std::format("{} is not JSON: it breaks off or goes wrong at byte {} of {}.", path.string(),
                           error.byte, text.size()));
  }
}

Result<Account> read_account(const OrderedJson& document, const std::vector<AccountKind>& kinds,
                             const AccountKind* kind) {
  Account account;
  if (kind != nullptr) {
    add(account, *kind, kind->collection, list_of(document));
    return account;
  }
  const auto is_collection = [&](const auto& member) {
    return member.value().is_structured() && find_kind(kinds, member.key()) != nullptr;
  };
  const auto members = document.items();
  const bool has_collections =
      document.is_object() && std::find_if(members.begin(), members.end(), is_collection) != members.end();
  if (document.is_array() || (document.is_object() && !has_collections && !guess(document).empty())) {
    auto items = list_of(document);
    kind = guess(items, kinds);
    if (kind == nullptr && !items.empty())
      return bad("What kind of things these are cannot be told from their fields: say it with --kind.");
    if (kind != nullptr) add(account, *kind, kind->collection, std::move(items));
    return account;
  }
  if (!document.is_object())
    return bad("An account is an object of collections (\"points\": […], …) or a list of one kind.");

  for (const auto& [key, value] : document.items()) {
    const AccountKind* found = find_kind(kinds, key);
    if (found != nullptr && value.is_structured())
      add(account, *found, key, list_of(value));
    else
      account.left_out.push_back(key);
  }
  std::ranges::stable_sort(account.collections, {}, [](const Collection& each) { return each.kind; });
  return account;
}

}  // namespace celeriac::console
