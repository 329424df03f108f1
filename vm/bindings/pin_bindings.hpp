#pragma once
// Acts on edges of GPIO lines of role `binding`, as the account's pin bindings say.
//
//     rests ── an edge that it is about ──► runs ── ended ──► rests
//       │ within trigger_gap of the last: nothing, a button was held or bounced
//     runs ── an edge: that it still runs is said, at most once in trigger_gap
//
// The emergency lock is not held up by any of this.

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "vm/assets/assets.hpp"
#include "vm/bindings/binding_world.hpp"

namespace celeriac::vm {

/// After one edge, a binding hears none for this long; FarmBot OS has the same time.
inline constexpr std::chrono::milliseconds trigger_gap{1000};

/// What a binding can do beside running a sequence, by FarmBot's words.
struct SpecialAction {
  std::string_view name;
  std::string_view operation;
};
std::span<const SpecialAction> special_actions() noexcept;

/// An edge, as the hypervisor's stream `edges` tells it.
struct LineEdge {
  std::string name;  ///< of the line
  int pin = 0;       ///< what bindings call it by
  bool value = false;
  std::string edge;  ///< which the line is about: rising, falling or both
};
/// nullopt for what is no edge of a line of role `binding`, or of one without a number.
std::optional<LineEdge> line_edge_of(const nlohmann::json& entry);

class PinBindings {
 public:
  /// Both must outlive it.
  PinBindings(BindingWorld& world, const Assets& assets) : world_(world), assets_(assets) {}
  ~PinBindings() { *alive_ = false; }
  PinBindings(const PinBindings&) = delete;
  PinBindings& operator=(const PinBindings&) = delete;

  void edge(const LineEdge& edge);

 private:
  struct Trigger {
    std::chrono::steady_clock::time_point last{};
    bool running = false;
  };

  void trigger(std::int64_t id, const nlohmann::json& binding, const LineEdge& edge);
  void run_sequence(std::int64_t id, std::int64_t sequence_id, const std::string& who);
  void act(std::int64_t id, const std::string& action, const std::string& who);
  void ended(std::int64_t id);

  BindingWorld& world_;
  const Assets& assets_;
  std::map<std::int64_t, Trigger> triggers_;                    // by binding: those that are not at rest
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // completions may outlive us
};

}  // namespace celeriac::vm
