#include "console/doctor/report.hpp"

#include <algorithm>
#include <array>
#include <format>

#include "console/text.hpp"

namespace celeriac::console::doctor {
using protocol::Json;

namespace {

std::size_t count(const Diagnosis& diagnosis, Verdict verdict) {
  return static_cast<std::size_t>(
      std::ranges::count(diagnosis, verdict, [](const Entry& entry) { return entry.finding.verdict; }));
}

/// Escape sequences, by verdict.
constexpr std::array<std::string_view, 5> colours = {"\x1b[32m", "\x1b[2m", "\x1b[36m", "\x1b[33m",
                                                     "\x1b[31;1m"};

std::string numbered(std::size_t number, std::string_view one, std::string_view many) {
  return std::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace

bool sound(const Diagnosis& diagnosis) {
  return count(diagnosis, Verdict::problem) == 0;
}

bool green(const Diagnosis& diagnosis) {
  return sound(diagnosis) && count(diagnosis, Verdict::unknown) == 0;
}

std::string report_text(const Diagnosis& diagnosis, bool colour) {
  std::size_t verdict_width = 0, check_width = 0;
  for (const auto& [check, finding] : diagnosis) {
    verdict_width = std::max(verdict_width, name(finding.verdict).size());
    check_width = std::max(check_width, check.size());
  }
  std::string text;
  for (const auto& [check, finding] : diagnosis) {
    const std::string verdict = padded(std::string(name(finding.verdict)), verdict_width);
    text += colour ? std::format("{}{}\x1b[0m", colours[static_cast<std::size_t>(finding.verdict)], verdict)
                   : verdict;
    text += std::format("  {}  {}", padded(std::string(check), check_width), printable(finding.says));
    if (!finding.advice.empty()) text += std::format(". {}", printable(finding.advice));
    text += '\n';
  }
  return text;
}

std::string summary(const Diagnosis& diagnosis) {
  const auto problems = count(diagnosis, Verdict::problem), warnings = count(diagnosis, Verdict::warning),
             unknowns = count(diagnosis, Verdict::unknown), unused_ones = count(diagnosis, Verdict::unused),
             fine = count(diagnosis, Verdict::ok);
  std::string text = problems > 0   ? numbered(problems, "problem, ", "problems, ")
                     : unknowns > 0 ? "no problem found: "
                                    : "green: ";
  if (warnings > 0) text += numbered(warnings, "warning, ", "warnings, ");
  text += std::format("{} ok", fine);
  if (unused_ones > 0) text += std::format(", {} not set up", unused_ones);
  if (unknowns > 0) text += std::format(", {} could not be looked at", unknowns);
  return text;
}

Json report_document(const Diagnosis& diagnosis) {
  Json list = Json::array();
  for (const auto& [check, finding] : diagnosis)
    list.push_back({{"check", check},
                    {"verdict", name(finding.verdict)},
                    {"says", finding.says},
                    {"advice", finding.advice}});
  return {{"green", green(diagnosis)},
          {"problems", count(diagnosis, Verdict::problem)},
          {"warnings", count(diagnosis, Verdict::warning)},
          {"unknown", count(diagnosis, Verdict::unknown)},
          {"summary", summary(diagnosis)},
          {"checks", std::move(list)}};
}

}  // namespace celeriac::console::doctor
