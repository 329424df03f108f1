#pragma once
// Who holds which capability: the kernel's one table of authority.
//
// Two capabilities are the same when their issuers are and their params are equal as JSON; where either is no
// JSON, when the texts are. Guests see issuer and params, and cannot make what they do not issue: only the
// kernel adds to a set.

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/envelope.hpp"
#include "vm/kernel/names.hpp"

namespace celeriac::vm {

/// Capabilities that one process may hold.
inline constexpr std::size_t max_held = 1024;
/// Bytes of params.
inline constexpr std::size_t max_params_bytes = 4096;

/// The params that let a process send to the issuer.
inline constexpr std::string_view messaging_params = "\"messaging\"";
inline constexpr std::string_view network_params = "\"network\"";

/// What makes two params the same.
std::string canonical(std::string_view params);

/// One process's capabilities.
class CapabilitySet {
 public:
  using Key = std::pair<std::string, std::string>;  // issuer, canonical params

  [[nodiscard]] bool holds(const std::string& issuer, std::string_view params) const;
  [[nodiscard]] bool holds(const protocol::Capability& capability) const {
    return holds(capability.issuer, capability.params);
  }
  /// False if it was there, or if the set is full.
  bool add(const protocol::Capability& capability);
  bool remove(const protocol::Capability& capability);
  /// Everything that this address has issued; how many they were.
  std::size_t remove_issued_by(const std::string& issuer);
  [[nodiscard]] std::vector<protocol::Capability> list() const;
  /// Calls `see(params as JSON)` for each of an issuer's, until it returns true; whether it did.
  bool any_of(const std::string& issuer, const std::function<bool(const nlohmann::json&)>& see) const;
  [[nodiscard]] std::size_t size() const noexcept { return held_.size(); }

 private:
  std::map<Key, std::string> held_;  // params as they were given
};

}  // namespace celeriac::vm
