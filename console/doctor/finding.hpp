#pragma once
// What a check has found, in a sentence, and what to do about it, in another.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace celeriac::console::doctor {

enum class Verdict : std::uint8_t {
  ok,       ///< looked at, and good
  unused,   ///< nothing to look at: it is not set up here, which is no fault
  unknown,  ///< could not be looked at, and the sentence says why: not green by silence
  warning,  ///< the bot works, and will not for ever, or not as well as it could
  problem,  ///< something does not work
};
/// "ok", "unused", "unknown", "warning", "problem".
std::string_view name(Verdict verdict) noexcept;

struct Finding {
  Verdict verdict = Verdict::unknown;
  std::string says;         ///< what it is: a sentence without its full stop
  std::string advice = {};  ///< what to do: a sentence; "" where there is nothing to do
};

Finding ok(std::string says);
Finding unused(std::string says, std::string advice = {});
Finding unknown(std::string says, std::string advice = {});
Finding warning(std::string says, std::string advice);
Finding problem(std::string says, std::string advice);

using Findings = std::vector<Finding>;

}  // namespace celeriac::console::doctor
