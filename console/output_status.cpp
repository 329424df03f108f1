#include "console/output_status.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <format>

#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
using protocol::Json;

namespace {

std::optional<double> number_of(const Json& document, const char* member) {
  const auto found = document.find(member);
  if (found == document.end() || !found->is_number() || !std::isfinite(found->get<double>()))
    return std::nullopt;
  return found->get<double>();
}

}  // namespace

std::optional<std::int64_t> OutputStatus::on_for(std::int64_t now_ms) const {
  if (!on || !since) return std::nullopt;
  return std::max<std::int64_t>(0, (now_ms - *since) / 1000);
}

std::optional<std::int64_t> OutputStatus::left(std::int64_t now_ms) const {
  const auto passed = on_for(now_ms);
  if (!passed || !longest_on_s) return std::nullopt;
  return std::max<std::int64_t>(0, std::llround(*longest_on_s) - *passed);
}

std::vector<OutputStatus> outputs_of(const Json& document) {
  std::vector<OutputStatus> outputs;
  if (!document.is_object()) return outputs;
  for (const auto& [name, output] : document.items()) {
    OutputStatus made;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, made.pin);
    if (error != std::errc() || stop != end || made.pin < 0 || !output.is_object()) continue;
    made.name = text_of(output, "name");
    made.on = output.value("on", Json()) == true;
    if (const auto since = integer_of(output, "since"); since > 0) made.since = since;
    if (const auto longest = number_of(output, "longest_on_s"); longest && *longest > 0 && *longest < 1e9)
      made.longest_on_s = longest;
    made.safe_value = integer_of(output, "safe_value");
    outputs.push_back(std::move(made));
  }
  std::ranges::sort(outputs, {}, &OutputStatus::pin);
  return outputs;
}

std::string clock_time(std::int64_t seconds) {
  if (seconds < 3600) return std::format("{}:{:02}", seconds / 60, seconds % 60);
  return std::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string output_table(const std::vector<OutputStatus>& outputs, std::int64_t now_ms) {
  if (outputs.empty()) return "no fail-safe outputs: `celeriac output set` declares one";
  std::vector<std::vector<std::string>> rows{{"PIN", "NAME", "STATE", "ON FOR", "LEFT", "LONGEST", "SAFE"}};
  const auto time = [](const std::optional<std::int64_t>& seconds) {
    return seconds ? clock_time(*seconds) : std::string("-");
  };
  for (const auto& output : outputs)
    rows.push_back({std::to_string(output.pin), output.name.empty() ? "-" : fitted(output.name, 24),
                    output.on ? "ON" : "off", time(output.on_for(now_ms)), time(output.left(now_ms)),
                    output.longest_on_s ? std::format("{:g} s", *output.longest_on_s) : "-",
                    std::to_string(output.safe_value)});
  return table(rows);
}

}  // namespace celeriac::console
