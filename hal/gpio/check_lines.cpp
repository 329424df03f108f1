#include <format>

#include "hal/gpio/lines_command.hpp"
#include "hal/gpio/lines_file.hpp"

namespace celeriac::hal::gpio {
namespace {

Finding look_at(const LineSpec& spec, Chips& chips) {
  const auto facts = chips.look(spec);
  if (!facts) return {Verdict::fault, std::format("{}: {}", spec.name, facts.error().message)};
  const auto where = std::format("line {} of {}", facts->offset, facts->chip);
  if (facts->owner == spec.consumer())
    return {Verdict::good, std::format("{}: {}, in use by the hypervisor.", spec.name, where)};
  if (!facts->owner.empty())
    return {Verdict::fault,
            std::format("{}: {} is taken by \"{}\": stop that program, or give the line another name there.",
                        spec.name, where, facts->owner)};
  return {Verdict::good, std::format("{}: {}, free.", spec.name, where)};
}

}  // namespace

std::vector<Finding> check_lines(const std::filesystem::path& path, Chips* chips) {
  const auto read = read_lines(path);
  if (!read) return {{Verdict::fault, read.error().message}};
  std::vector<Finding> findings;
  for (const auto& sentence : read->faults) findings.push_back({Verdict::fault, sentence});
  for (const auto& sentence : read->remarks) findings.push_back({Verdict::remark, sentence});
  if (!read->faults.empty()) return findings;
  if (chips != nullptr)
    for (const auto& spec : read->lines) findings.push_back(look_at(spec, *chips));
  else
    findings.push_back({Verdict::good, std::format("{} lines are described well.", read->lines.size())});
  return findings;
}

}  // namespace celeriac::hal::gpio
