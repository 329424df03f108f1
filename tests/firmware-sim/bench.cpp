#include "tests/firmware-sim/bench.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <utility>

namespace celeriac::firmware_sim::testing {

Bench::Bench(const BoardOptions& options) : Bench(TwinOptions{.board = options}) {}

Bench::Bench(const TwinOptions& options) {
  twin_ = std::make_unique<Twin>(
      options,
      TwinSinks{
          .output =
              [received = received_.get()](Instant at, std::string_view text) {
                received->transcript += text;
                for (const char byte : text) {
                  received->partial += byte;
                  if (byte != '\n') continue;
                  received->partial.pop_back();
                  if (received->partial.ends_with('\r')) received->partial.pop_back();
                  received->lines.push_back({at, std::exchange(received->partial, {})});
                }
              },
          .events = [events = events_.get()](Instant, std::string_view text) { events->emplace_back(text); },
          .port = [received = received_.get()](Instant, bool there) { received->port.push_back(there); }});
}

Bench Bench::faulty(BoardOptions options, std::string_view plan, std::uint64_t seed) {
  const auto parsed = parse_fault_plan(plan);
  if (!parsed) FAIL(parsed.error().text());
  return Bench(TwinOptions{.board = std::move(options), .plan = *parsed, .seed = seed});
}

void Bench::boot() {
  wait_for("R99 ARDUINO STARTUP COMPLETE", 10s);
  run_for(50ms);
  (void)take();
}

void Bench::approve() {
  ask("F22 P2 V1");
  run_for(10ms);
  (void)take();
}

Bench Bench::booted(BoardOptions options) {
  Bench bench(options);
  bench.boot();
  return bench;
}

Bench Bench::approved(BoardOptions options) {
  Bench bench = booted(std::move(options));
  bench.approve();
  return bench;
}

void Bench::fault(std::string_view line) {
  const auto rule = parse_fault_rule(line);
  if (!rule) FAIL(rule.error());
  REQUIRE(twin_->add(*rule, now_));
}

void Bench::send(std::string_view bytes) {
  REQUIRE(twin_->receive(bytes, now_) == bytes.size());
}

void Bench::step(Instant limit) {
  now_ = std::min(limit, std::max(now_, twin_->next_event()));
  twin_->advance(now_);
}

void Bench::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (now_ < end) step(end);
}

std::vector<std::string> Bench::ask(std::string_view command, Duration limit) {
  constexpr std::array<std::string_view, 5> final_answers = {"R02", "R03", "R09", "R87", "R88"};
  (void)take();
  send(std::string(command) + "\n");
  const Instant line_end = now_ + character_time * static_cast<int>(command.size() + 1);
  const Instant end = now_ + limit;
  std::size_t seen = 0;
  bool echoed = false;
  while (now_ < end) {
    step(end);
    const auto& lines = received_->lines;
    for (; seen < lines.size(); ++seen) {
      const std::string& text = lines[seen].text;
      if (text.starts_with("R08")) echoed = true;
      if (!echoed || !std::ranges::contains(final_answers, text.substr(0, 3))) continue;
      // In mid-move R87 is an acknowledgement: the answer is still to come.
      if (text.starts_with("R87") && contains(
                                         [&] {
                                           std::vector<std::string> before;
                                           for (std::size_t i = 0; i < seen; ++i)
                                             before.push_back(lines[i].text.substr(0, 3));
                                           return before;
                                         }(),
                                         "R01")) {
        continue;
      }
      took_ = lines[seen].at - line_end;
      return take();
    }
  }
  FAIL("no answer to " << command);
  return {};
}

Instant Bench::wait_for(std::string_view start, Duration limit) {
  const Instant end = now_ + limit;
  std::size_t seen = 0;
  while (now_ < end) {
    step(end);
    for (; seen < received_->lines.size(); ++seen) {
      if (received_->lines[seen].text.starts_with(start)) return received_->lines[seen].at;
    }
  }
  FAIL("no line " << start);
  return {};
}

std::vector<std::string> Bench::take() {
  std::vector<std::string> texts;
  for (Line& line : take_lines()) texts.push_back(std::move(line.text));
  return texts;
}

std::vector<Line> Bench::take_lines() {
  return std::exchange(received_->lines, {});
}

std::vector<std::string> starting(const std::vector<std::string>& lines, std::string_view start) {
  std::vector<std::string> found;
  std::ranges::copy_if(lines, std::back_inserter(found),
                       [&](const std::string& line) { return line.starts_with(start); });
  return found;
}

bool contains(const std::vector<std::string>& lines, std::string_view line) {
  return std::ranges::contains(lines, line);
}

std::string states(const std::vector<std::string>& lines, char axis) {
  std::string digits;
  for (const std::string& line : starting(lines, std::string("R05 ") + axis)) digits += line[5];
  return digits;
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace celeriac::firmware_sim::testing
