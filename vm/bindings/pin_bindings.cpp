#include "vm/bindings/pin_bindings.hpp"

#include <algorithm>
#include <format>
#include <vector>

namespace celeriac::vm {

using nlohmann::json;
using protocol::Result;

namespace {

constexpr std::string_view lock_action = "emergency_lock";
constexpr SpecialAction actions[] = {
    {lock_action, "SYS.EMERGENCY_LOCK"},
    {"emergency_unlock", "SYS.EMERGENCY_UNLOCK"},
    {"power_off", "SYS.POWER_OFF"},
    {"read_status", "SYS.READ_STATUS"},
    {"reboot", "SYS.REBOOT"},
    {"sync", "SYS.SYNC"},
    {"take_photo", "SYS.TAKE_PHOTO"},
};

std::string text_of(const json& document, const char* field) {
  const auto found = document.find(field);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The binding's own edge, where it says one; the web app's do not.
bool is_about(const json& binding, const LineEdge& edge) {
  const auto own = text_of(binding, "edge");
  const auto& wanted = own.empty() ? edge.edge : own;
  return wanted == "both" || wanted == (edge.value ? "rising" : "falling");
}

}  // namespace

std::span<const SpecialAction> special_actions() noexcept {
  return actions;
}

std::optional<LineEdge> line_edge_of(const json& entry) {
  if (!entry.is_object() || text_of(entry, "role") != "binding") return std::nullopt;
  const auto pin = entry.find("pin"), value = entry.find("value");
  if (pin == entry.end() || !pin->is_number_integer() || value == entry.end()) return std::nullopt;
  return LineEdge{.name = text_of(entry, "name"),
                  .pin = pin->get<int>(),
                  .value = *value == 1,
                  .edge = text_of(entry, "edge")};
}

void PinBindings::edge(const LineEdge& edge) {
  const auto now = world_.now();
  std::erase_if(triggers_, [&](const auto& each) {
    return !each.second.running && now - each.second.last >= trigger_gap;
  });
  // Of copies: what is started may change the assets.
  std::vector<std::pair<std::int64_t, json>> bound;
  for (const auto& [id, binding] : assets_.all(AssetKind::pin_binding))
    if (binding.value("pin_num", std::int64_t{-1}) == edge.pin && is_about(binding, edge))
      bound.emplace_back(id, binding);
  for (const auto& [id, binding] : bound) trigger(id, binding, edge);
}

void PinBindings::trigger(std::int64_t id, const json& binding, const LineEdge& edge) {
  const auto action = text_of(binding, "special_action");
  const auto who = std::format("{} (GPIO {})", edge.name, edge.pin);
  const auto now = world_.now();
  const auto known = triggers_.find(id);
  const bool early = known != triggers_.end() && now - known->second.last < trigger_gap;
  if (action == lock_action && early)
    return world_.operate(*protocol::find_operation(actions[0].operation), [](const Result<void>&) {});
  if (early) return;
  auto& state = triggers_[id];
  state.last = now;
  if (state.running && action != lock_action)
    return world_.log(
        "warn",
        std::format("{} triggered, but what it started before still runs: it is not started again.", who));
  state.running = true;
  if (!action.empty()) return act(id, action, who);
  const auto sequence = binding.find("sequence_id");
  if (sequence != binding.end() && sequence->is_number_integer())
    return run_sequence(id, sequence->get<std::int64_t>(), who);
  ended(id);
  world_.log("warn",
             std::format("{} triggered, but its pin binding names neither a sequence nor an action.", who));
}

void PinBindings::run_sequence(std::int64_t id, std::int64_t sequence_id, const std::string& who) {
  const auto name = world_.sequence_name(sequence_id);
  if (name.empty()) {
    ended(id);
    return world_.log("error",
                      std::format("{} triggered, but its sequence {} is not there: `celeriac sync` fetches "
                                  "the account's, or bind it to another.",
                                  who, sequence_id));
  }
  world_.log("info", std::format("{} triggered, executing {}", who, name));
  auto began = std::make_shared<bool>(false);
  world_.start(
      sequence_id, [began] { *began = true; },
      [this, alive = alive_, began, id, who, name](const Result<void>& result) {
        if (!*alive) return;
        ended(id);
        // How a run failed, its process says.
        if (!result && !*began)
          world_.log("error",
                     std::format("{}: {} could not be started. {}", who, name, result.error().message));
      });
}

void PinBindings::act(std::int64_t id, const std::string& action, const std::string& who) {
  const auto row = std::ranges::find(actions, action, &SpecialAction::name);
  if (row == std::end(actions)) {
    ended(id);
    return world_.log("error", std::format("{} triggered, but there is no action \"{}\".", who, action));
  }
  world_.log("info", std::format("{} triggered, executing {}", who, action));
  world_.operate(*protocol::find_operation(row->operation), [this, alive = alive_, id, who,
                                                             action](const Result<void>& result) {
    if (!*alive) return;
    ended(id);
    if (!result) world_.log("error", std::format("{}: {} failed. {}", who, action, result.error().message));
  });
}

// What it is about may have changed while it ran.
void PinBindings::ended(std::int64_t id) {
  if (const auto found = triggers_.find(id); found != triggers_.end()) found->second.running = false;
}

}  // namespace celeriac::vm
