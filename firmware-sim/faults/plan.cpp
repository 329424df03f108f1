#include "firmware-sim/faults/plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <format>
#include <ranges>
#include <span>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

using Words = std::span<const std::string_view>;
using Rule = std::expected<FaultRule, std::string>;

constexpr std::string_view blanks = " \t\r";
constexpr Duration shortest_period = std::chrono::milliseconds(1);

/// Words, and texts in quotation marks with those marks still on; an error is a sentence.
std::expected<std::vector<std::string_view>, std::string> split(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    if (line.empty() || line.front() == '#') return words;
    std::size_t end = std::min(line.find_first_of(" \t\r#"), line.size());
    if (line.front() == '"') {
      const std::size_t closing = line.find('"', 1);
      if (closing == std::string_view::npos)
        return std::unexpected(std::format("{} has no closing quotation mark", line));
      end = closing + 1;
    }
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The words after the trigger.
Rule with_fault(Trigger trigger, Words words) {
  auto fault = parse_fault(words);
  if (!fault) return std::unexpected(std::move(fault.error()));
  return FaultRule{.trigger = std::move(trigger), .fault = *fault};
}

Rule timed(Trigger::Kind kind, Words words) {
  const std::string_view word = words.size() > 1 ? words[1] : std::string_view();
  const auto time = parse_duration(word);
  if (!time) return std::unexpected(std::format("\"{} {}\" names no time such as 12.5s", words[0], word));
  return with_fault({.kind = kind, .time = *time}, words.subspan(2));
}

Rule periodic(Words words) {
  const std::string_view word = words.size() > 1 ? words[1] : std::string_view();
  const bool about = word.starts_with('~');
  const auto time = parse_duration(about ? word.substr(1) : word);
  if (!time || *time < shortest_period)
    return std::unexpected(
        std::format("\"every {}\" names no time of 1ms or more, such as 30s or ~30s", word));
  return with_fault({.kind = about ? Trigger::Kind::about : Trigger::Kind::every, .time = *time},
                    words.subspan(2));
}

Rule on_line(Words words) {
  Trigger trigger{.kind = Trigger::Kind::line};
  words = words.subspan(1);
  if (!words.empty() && words.front() == "every") {
    trigger.kind = Trigger::Kind::each_line;
    words = words.subspan(1);
  }
  if (words.size() < 2 || words[0] != "line" || !words[1].starts_with('"'))
    return std::unexpected("after \"on\" comes a line by its beginning: on line \"G00\"");
  trigger.text = words[1].substr(1, words[1].size() - 2);
  words = words.subspan(2);
  if (!words.empty() && words.front() == "byte") {
    const std::string_view word = words.size() > 1 ? words[1] : std::string_view();
    trigger.byte = whole_number<std::size_t>(word);
    if (!trigger.byte || *trigger.byte == 0)
      return std::unexpected(std::format("\"byte {}\" names no byte of a line, counted from 1", word));
    words = words.subspan(2);
  }
  return with_fault(std::move(trigger), words);
}

Rule by_chance(Words words) {
  const std::string_view word = words.size() > 1 ? words[1] : std::string_view();
  const auto probability = parse_number(word);
  if (!probability || *probability <= 0 || *probability > 1)
    return std::unexpected(std::format("\"chance {}\" is not above 0 and up to 1", word));
  auto rule = with_fault({.kind = Trigger::Kind::chance, .probability = *probability}, words.subspan(2));
  if (rule && !row_of(rule->fault.kind).bytewise)
    return std::unexpected(
        std::format("{} happens to no single byte; a chance is for drop, duplicate, corrupt and delay",
                    row_of(rule->fault.kind).name));
  return rule;
}

/// `random rate 4/h`, `random rate 1/min of restart, unplug`.
Rule at_random(Words words) {
  const std::string_view rate = words.size() > 2 && words[1] == "rate" ? words[2] : std::string_view();
  const std::size_t slash = std::min(rate.find('/'), rate.size());
  const auto number = parse_number(rate.substr(0, slash));
  const auto period = parse_duration(std::format("1{}", rate.substr(std::min(slash + 1, rate.size()))));
  if (!number || *number <= 0 || !period || *period / *number < shortest_period)
    return std::unexpected("after \"random\" comes how often: rate 4/h");
  FaultRule rule{.trigger = {.kind = Trigger::Kind::random,
                             .time = std::chrono::duration_cast<Duration>(*period / *number)}};
  words = words.subspan(3);
  if (words.empty()) return rule;
  if (words.front() != "of" || words.size() == 1)
    return std::unexpected("after the rate comes nothing, or \"of\" and the faults to draw from");
  for (std::string_view name : words.subspan(1)) {
    if (name.ends_with(',')) name.remove_suffix(1);
    const FaultRow* const row = find_fault(name);
    if (row == nullptr) return std::unexpected(std::format("\"{}\" is no fault", name));
    rule.kinds.push_back(row->kind);
  }
  return rule;
}

struct TriggerRow {
  std::string_view word;
  Rule (*parse)(Words);
};
constexpr auto triggers = std::to_array<TriggerRow>({
    {"at", [](Words words) { return timed(Trigger::Kind::at, words); }},
    {"in", [](Words words) { return timed(Trigger::Kind::in, words); }},
    {"every", periodic},
    {"on", on_line},
    {"chance", by_chance},
    {"random", at_random},
});

Rule parse_words(Words words) {
  const auto found = std::ranges::find(triggers, words.front(), &TriggerRow::word);
  return found == triggers.end() ? with_fault({}, words) : found->parse(words);
}

}  // namespace

std::string PlanError::text() const {
  return std::format("line {}: {}", line, message);
}

std::expected<FaultRule, std::string> parse_fault_rule(std::string_view line) {
  const auto words = split(line);
  if (!words) return std::unexpected(words.error());
  if (words->empty()) return std::unexpected("there is nothing in this line");
  return parse_words(*words);
}

std::expected<FaultPlan, PlanError> parse_fault_plan(std::string_view text) {
  FaultPlan plan;
  int number = 0;
  for (const auto part : std::views::split(text, '\n')) {
    ++number;
    const auto fail = [&](std::string message) {
      return std::unexpected(PlanError{number, std::move(message)});
    };
    const auto words = split(std::string_view(part));
    if (!words) return fail(words.error());
    if (words->empty()) continue;
    if (words->front() == "seed") {
      plan.seed = words->size() == 2 ? whole_number<std::uint64_t>((*words)[1]) : std::nullopt;
      if (!plan.seed) return fail("after \"seed\" comes one whole number");
      continue;
    }
    if (plan.rules.size() >= FaultPlan::max_rules)
      return fail(std::format("a plan has at most {} faults", FaultPlan::max_rules));
    auto rule = parse_words(*words);
    if (!rule) return fail(std::move(rule.error()));
    if (rule->trigger.kind == Trigger::Kind::at_once)
      return fail(std::format("when? `at 5s {}`, for example", words->front()));
    plan.rules.push_back(std::move(*rule));
  }
  return plan;
}

}  // namespace celeriac::firmware_sim
