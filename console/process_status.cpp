#include "console/process_status.hpp"

#include <cmath>
#include <format>
#include <vector>

#include "console/text.hpp"

namespace celeriac::console {
using protocol::Json;

std::string text_of(const Json& document, const char* member) {
  if (!document.is_object()) return {};
  const auto found = document.find(member);
  return found != document.end() && found->is_string() ? printable(found->get_ref<const std::string&>()) : "";
}

std::int64_t integer_of(const Json& document, const char* member) {
  if (!document.is_object()) return 0;
  const auto found = document.find(member);
  if (found == document.end() || !found->is_number()) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const double number = found->get<double>();
  return std::abs(number) < 9e15 ? static_cast<std::int64_t>(number) : 0;
}

ProcessStatus ProcessStatus::of(const Json& document) {
  ProcessStatus status{.id = static_cast<std::uint16_t>(integer_of(document, "id")),
                       .code = static_cast<std::uint16_t>(integer_of(document, "code")),
                       .name = text_of(document, "name"),
                       .state = text_of(document, "state"),
                       .path = text_of(document, "path"),
                       .path_code = static_cast<std::uint16_t>(integer_of(document, "path_code")),
                       .kind = text_of(document, "kind"),
                       .step = integer_of(document, "step"),
                       .steps = integer_of(document, "steps"),
                       .steps_done = integer_of(document, "steps_done"),
                       .waiting_for = text_of(document, "waiting_for")};
  if (document.is_object() && document.contains("error") && document["error"].is_object())
    status.error = document["error"];
  return status;
}

std::string ProcessStatus::complaint() const {
  return text_of(error, "message");
}

std::string process_table(const Json& processes) {
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATE", "STEP", "AT", "STARTED", "REMARK"}};
  for (const auto& document : processes) {
    const auto status = ProcessStatus::of(document);
    rows.push_back({std::to_string(status.id), status.name.empty() ? "-" : fitted(status.name, 32),
                    status.state, status.steps > 0 ? std::format("{}/{}", status.step, status.steps) : "-",
                    status.path.empty() ? "-" : status.path,
                    time_of_day(document.is_object() ? document.value("started", Json()) : Json()),
                    status.waiting_for.empty() ? status.complaint() : "waits for " + status.waiting_for});
  }
  return table(rows);
}

}  // namespace celeriac::console
