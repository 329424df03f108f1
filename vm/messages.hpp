#pragma once
// Messages of sequences and clients: the template's names are filled in, and the result goes into the log.
//
// `{{ x }}` `{{ y }}` `{{ z }}`   position in mm         `{{ CURRENT_TIME }}`  2025-05-14 21:37:00.123456Z
// `{{ pin8 }}`                   value of pin 8         `{{ NULL }}`          nothing
// Unknown names and unknown values give nothing. Whole numbers have no decimals, others one.
//
// Unlike FarmBot OS, a sequence does not pause for 100 ms after a message.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Pins whose values one message may show; further ones give nothing.
inline constexpr std::size_t max_message_pins = 16;

/// "3", "2.5", "-0.1".
std::string format_number(double number);

/// Registers that a template needs: "position", "pins.8", each once.
std::vector<std::string> registers_of(std::string_view text);

/// Fills the names in. `registers`: values by register name, null or absent where unknown. `microseconds`:
/// since 1970.
std::string render(std::string_view text, const std::map<std::string, nlohmann::json>& registers,
                   std::int64_t microseconds);

/// Whether a sequence may send this type; the error names the legal ones.
protocol::Result<void> check_message_type(std::string_view type);

}  // namespace celeriac::vm
