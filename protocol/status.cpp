#include "protocol/status.hpp"

#include <array>

namespace celeriac::protocol {
namespace {

struct Row {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<Row, status_count> rows{{
    {"ok", "done"},
    {"unknown_operation", "no such namespace or operation here"},
    {"malformed", "header, payload or field not as specified"},
    {"not_found", "no such id, name, pin, tool, point or file"},
    {"channel_busy", "the channel has an unanswered request"},
    {"overloaded", "a bound is reached: try again later; nothing was done"},
    {"denied", "the caller lacks the capability"},
    {"invalid_code", "the CeleryScript does not parse, validate or compile"},
    {"wrong_state", "legal operation, wrong time"},
    {"locked", "the emergency lock is on"},
    {"offline", "the firmware, the device or the peer that is needed is not connected"},
    {"timeout", "it did not answer in time"},
    {"hardware_fault", "the hardware answered with an error"},
    {"cancelled", "killed, aborted or shut down before it finished"},
    {"failed", "the sequence itself failed"},
    {"out_of_resources", "memory, fuel, disk or a quota ran out"},
    {"internal", "a defect of the host; logged with a reference"},
}};

}  // namespace

std::string_view name(Status status) noexcept {
  const auto index = static_cast<std::uint16_t>(status);
  return index < rows.size() ? rows[index].name : "unknown";
}

std::string_view meaning(Status status) noexcept {
  const auto index = static_cast<std::uint16_t>(status);
  return index < rows.size() ? rows[index].meaning : "a status outside the table";
}

}  // namespace celeriac::protocol
