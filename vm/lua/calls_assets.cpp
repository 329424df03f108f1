// Assets and the sequence's variables: calls that answer at once.

#include <algorithm>
#include <format>
#include <utility>

#include "celeryscript/values.hpp"
#include "vm/assets/sensor_unit.hpp"
#include "vm/lua/calls.hpp"
#include "vm/lua/json.hpp"

namespace celeriac::vm::lua {
namespace {

using nlohmann::json;

struct NamedKind {
  std::string_view name;
  AssetKind kind;
};
constexpr NamedKind kinds[] = {
    {"device", AssetKind::device},
    {"fbos_config", AssetKind::fbos_config},
    {"firmware_config", AssetKind::firmware_config},
    {"point", AssetKind::point},
    {"point_group", AssetKind::point_group},
    {"tool", AssetKind::tool},
    {"peripheral", AssetKind::peripheral},
    {"sensor", AssetKind::sensor},
    {"sensor_reading", AssetKind::sensor_reading},
    {"curve", AssetKind::curve},
};

AssetKind kind_of(const json& arguments) {
  const auto name = text(arguments, 0);
  for (const auto& row : kinds)
    if (row.name == name) return row.kind;
  return AssetKind::point;
}

std::int64_t id_of(const json& arguments, std::size_t index) {
  return static_cast<std::int64_t>(std::clamp(number(arguments, index), -9e15, 9e15));
}

template <class T>
json answer(const protocol::Result<T>& done) {
  if (!done) return refusal(done.error().message);
  return json::array({true});
}

json asset(Script& script, const json& arguments) {
  const auto* found = script.assets().find(kind_of(arguments), id_of(arguments, 1));
  return json::array({found != nullptr ? *found : json()});
}

json assets(Script& script, const json& arguments) {
  json list = json::array();
  for (const auto& [id, item] : script.assets().all(kind_of(arguments))) list.push_back(item);
  return json::array({std::move(list)});
}

/// update(kind, id, fields): a singleton that is not there yet is made.
json update(Script& script, const json& arguments) {
  const auto kind = kind_of(arguments);
  const auto id = id_of(arguments, 1);
  auto fields = clean(argument(arguments, 2));
  if (id == 0 && script.assets().find(kind, 0) == nullptr)
    return answer(script.assets().put(kind, std::move(fields)));
  return answer(script.assets().update(kind, id, fields));
}

/// clear(kind, id, field): null, which no Lua table can hold.
json clear(Script& script, const json& arguments) {
  return answer(
      script.assets().update(kind_of(arguments), id_of(arguments, 1), {{text(arguments, 2), nullptr}}));
}

json put(Script& script, const json& arguments) {
  return answer(script.assets().put(kind_of(arguments), clean(argument(arguments, 1))));
}

/// in_units(pin, raw) → value, unit; the raw value and "" where nothing is known of it
json in_units(Script& script, const json& arguments) {
  const double raw = number(arguments, 1);
  const auto unit =
      sensor_unit(script.assets(), static_cast<int>(std::clamp(number(arguments, 0), 0.0, 1e6)));
  return unit ? json::array({unit->of(raw), unit->unit}) : json::array({raw, ""});
}

json user_env(Script& script, const json& arguments) {
  if (arguments.size() > 1)
    return answer(script.assets().set_user_env(text(clean(arguments), 0), text(clean(arguments), 1)));
  const auto value = script.assets().user_env(text(arguments, 0));
  return json::array({value ? json(*value) : json()});
}

json list_or_refusal(const protocol::Result<std::vector<std::int64_t>>& ids) {
  if (!ids) return refusal(ids.error().message);
  return json::array({json(*ids)});
}

json members(Script& script, const json& arguments) {
  auto& world = script.world();
  return list_or_refusal(script.assets().members(id_of(arguments, 0), world.wall_clock(), world.random()));
}

json sorted(Script& script, const json& arguments) {
  std::vector<std::int64_t> ids;
  for (const auto& id : argument(arguments, 0))
    if (id.is_number()) ids.push_back(id_of(json::array({id}), 0));
  return list_or_refusal(script.assets().sorted(std::move(ids), text(arguments, 1), script.world().random()));
}

json soil_height(Script& script, const json& arguments) {
  const auto height = script.assets().soil_height(number(arguments, 0), number(arguments, 1));
  return json::array({height.z, height.interpolated});
}

json slot_of_tool(Script& script, const json& arguments) {
  const auto slot = script.assets().slot_of_tool(id_of(arguments, 0));
  if (!slot) return refusal(slot.error().message);
  return json::array({slot->id});
}

/// variable(name) → node / nil, reason
json variable(Script& script, const json& arguments) {
  const auto name = text(arguments, 0);
  const auto* scope = script.job().scope.get();
  if (scope == nullptr || scope->empty())
    return refusal(std::format("Attempted to access variable \"{}\", but no variables are declared.", name));
  if (const auto* value = celeryscript::find(*scope, name))
    return json::array({celeryscript::to_node(*value)});
  std::string others;
  for (const auto& other : *scope) others += std::format("{}\"{}\"", others.empty() ? "" : ", ", other.label);
  return refusal(std::format("Can't find variable \"{}\". Available variables: {}", name, others));
}

constexpr Call calls[] = {
    {.name = "asset", .answers = asset},
    {.name = "assets", .answers = assets},
    {.name = "update", .answers = update},
    {.name = "clear", .answers = clear},
    {.name = "put", .answers = put},
    {.name = "in_units", .answers = in_units},
    {.name = "user_env", .answers = user_env},
    {.name = "members", .answers = members},
    {.name = "sorted", .answers = sorted},
    {.name = "soil_height", .answers = soil_height},
    {.name = "slot_of_tool", .answers = slot_of_tool},
    {.name = "variable", .answers = variable},
};

}  // namespace

std::span<const Call> asset_calls() noexcept {
  return calls;
}

}  // namespace celeriac::vm::lua
