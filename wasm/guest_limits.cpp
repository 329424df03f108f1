#include "wasm/guest_limits.hpp"

#include <format>
#include <string_view>

namespace celeriac::wasm {
namespace {

/// A field of `limits`, and where it goes.
struct Limit {
  std::string_view name;
  double low, high;
  void (*set)(GuestLimits& limits, double value);
};
constexpr Limit table[] = {
    {"memory_pages", 0, 65536,
     [](GuestLimits& limits, double value) { limits.memory_pages = static_cast<std::uint32_t>(value); }},
    {"table", 0, 1e7,
     [](GuestLimits& limits, double value) { limits.table_elements = static_cast<std::uint32_t>(value); }},
    {"depth", 1, 1e6,
     [](GuestLimits& limits, double value) { limits.depth = static_cast<std::uint32_t>(value); }},
    {"fuel", 1000, 1e8,
     [](GuestLimits& limits, double value) { limits.fuel_slice = static_cast<std::int64_t>(value); }},
};

}  // namespace

protocol::Result<GuestLimits> guest_limits(const nlohmann::json& given) {
  GuestLimits made;
  if (!given.is_object()) return made;
  for (const auto& limit : table) {
    const auto found = given.find(limit.name);
    if (found == given.end()) continue;
    if (!found->is_number() || !(found->get<double>() >= limit.low && found->get<double>() <= limit.high))
      return protocol::fail(
          protocol::Status::malformed,
          std::format("limits.{} must be a number from {} to {}.", limit.name, limit.low, limit.high));
    limit.set(made, found->get<double>());
  }
  return made;
}

}  // namespace celeriac::wasm
