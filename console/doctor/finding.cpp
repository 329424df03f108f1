#include "console/doctor/finding.hpp"

#include <array>
#include <utility>

namespace celeriac::console::doctor {

std::string_view name(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 5> names = {"ok", "unused", "unknown", "warning", "problem"};
  return names[static_cast<std::size_t>(verdict)];
}

Finding ok(std::string says) {
  return {Verdict::ok, std::move(says)};
}
Finding unused(std::string says, std::string advice) {
  return {Verdict::unused, std::move(says), std::move(advice)};
}
Finding unknown(std::string says, std::string advice) {
  return {Verdict::unknown, std::move(says), std::move(advice)};
}
Finding warning(std::string says, std::string advice) {
  return {Verdict::warning, std::move(says), std::move(advice)};
}
Finding problem(std::string says, std::string advice) {
  return {Verdict::problem, std::move(says), std::move(advice)};
}

}  // namespace celeriac::console::doctor
