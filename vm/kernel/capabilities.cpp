#include "vm/kernel/capabilities.hpp"

#include <algorithm>

namespace celeriac::vm {

using protocol::Capability;

std::string canonical(std::string_view params) {
  // The library's object is ordered by key, so the text of equal values is equal. What is no JSON stays as it
  // is, behind a character that no JSON begins with.
  if (params == messaging_params) return std::string(params);
  const auto json = nlohmann::json::parse(params, nullptr, false);
  if (json.is_discarded()) return "!" + std::string(params);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool CapabilitySet::holds(const std::string& issuer, std::string_view params) const {
  return held_.contains({issuer, canonical(params)});
}

bool CapabilitySet::add(const Capability& capability) {
  if (held_.size() >= max_held || capability.params.size() > max_params_bytes) return false;
  return held_.emplace(Key{capability.issuer, canonical(capability.params)}, capability.params).second;
}

bool CapabilitySet::remove(const Capability& capability) {
  return held_.erase({capability.issuer, canonical(capability.params)}) != 0;
}

std::size_t CapabilitySet::remove_issued_by(const std::string& issuer) {
  return std::erase_if(held_, [&](const auto& entry) { return entry.first.first == issuer; });
}

std::vector<Capability> CapabilitySet::list() const {
  std::vector<Capability> made;
  made.reserve(held_.size());
  for (const auto& [key, params] : held_) made.push_back({key.first, params});
  return made;
}

bool CapabilitySet::any_of(const std::string& issuer,
                           const std::function<bool(const nlohmann::json&)>& see) const {
  for (auto at = held_.lower_bound({issuer, ""}); at != held_.end() && at->first.first == issuer; ++at) {
    const auto json = nlohmann::json::parse(at->second, nullptr, false);
    if (!json.is_discarded() && see(json)) return true;
  }
  return false;
}

}  // namespace celeriac::vm
