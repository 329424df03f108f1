#include "scripted_board.hpp"

#include <algorithm>
#include <charconv>
#include <format>

namespace celeriac::hal::testing {
namespace {

using namespace std::chrono_literals;
constexpr auto idle_period = 5s;

double word(const std::string& line, char letter) {
  const auto at = line.find(std::string(" ") + letter);
  double value = 0;
  if (at != line.npos) std::from_chars(line.data() + at + 2, line.data() + line.size(), value);
  return value;
}

}  // namespace

void ScriptedBoard::opened(Instant now) {
  now_ = last_activity_ = now;
  running_ = true;
  if (boots_on_open) {
    outgoing_.clear();
    boot();
  }
}

void ScriptedBoard::boot() {
  locked = false;
  later(boot_time, "R99 Serial connection started\r\n");
  later(boot_time, "R99 ARDUINO STARTUP COMPLETE\r\n");
}

void ScriptedBoard::later(Duration after, std::string text) {
  outgoing_.emplace(now_ + after, std::move(text));
}

void ScriptedBoard::receive(std::string_view bytes, Instant now) {
  now_ = last_activity_ = now;
  for (const char byte : bytes) {
    if (byte == 'E' || byte == '@') {
      heard.emplace_back(1, byte);
      if (on_byte)
        on_byte(byte);
      else if (byte == 'E')
        locked = true;
    } else if (byte == '\n') {
      if (!line_.empty()) take(std::exchange(line_, {}));
    } else {
      line_ += byte;
    }
  }
}

void ScriptedBoard::take(const std::string& line) {
  heard.push_back(line);
  if (silent) return;
  auto lines = answer ? answer(line) : std::nullopt;
  if (!lines) lines = good_answer(line);
  const auto q = line.find(" Q");
  for (auto text : *lines) {
    if (const auto at = text.find("{Q}"); at != text.npos)
      text.replace(at, 3, q == line.npos ? "0" : line.substr(q + 2));
    later(1ms, text + "\r\n");
  }
}

std::vector<std::string> ScriptedBoard::good_answer(const std::string& line) {
  const auto code = line.substr(0, 3);
  std::vector<std::string> out{"R08 *" + line + "*"};
  const bool allowed = code == "F09" || code.starts_with("F2") || code.starts_with("F8");
  if (line == "\r" || (locked && !allowed)) {
    out.emplace_back(locked ? "R87 Q{Q}" : "R09 Q0");
    return out;
  }
  if (code == "F09") locked = false;
  out.emplace_back("R01 Q{Q}");
  if (code == "F22")
    out.push_back(std::format("R21 P{:.0f} V{:.0f} Q{{Q}}", word(line, 'P'), word(line, 'V')));
  if (code == "F20") {
    for (int i = 0; i < 224; ++i) out.push_back(std::format("R21 P{} V0 Q{{Q}}", i));
    out.emplace_back("R20 Q{Q}");
  }
  if (code == "F41") pins[static_cast<int>(word(line, 'P'))] = static_cast<int>(word(line, 'V'));
  if (code == "F42")
    out.push_back(
        std::format("R41 P{:.0f} V{} Q{{Q}}", word(line, 'P'), pins[static_cast<int>(word(line, 'P'))]));
  if (code == "F82") out.push_back(position + " Q{Q}");
  if (code == "F83") out.emplace_back("R83 6.6.23.R.genesisK12 Q{Q}");
  if (code == "G00") {
    position = std::format("R82 X{:.2f} Y{:.2f} Z{:.2f}", word(line, 'X'), word(line, 'Y'), word(line, 'Z'));
    out.push_back(position + " Q{Q}");
  }
  out.emplace_back("R02 Q{Q}");
  return out;
}

Instant ScriptedBoard::next() const {
  auto next = outgoing_.empty() ? Instant::max() : outgoing_.begin()->first;
  if (running_ && reports && !silent) next = std::min(next, last_activity_ + idle_period);
  return next;
}

void ScriptedBoard::advance(Instant now) {
  now_ = now;
  while (!outgoing_.empty() && outgoing_.begin()->first <= now) {
    const auto text = outgoing_.extract(outgoing_.begin());
    if (!silent) send(text.mapped());
  }
  if (running_ && reports && !silent && now >= last_activity_ + idle_period) {
    last_activity_ = now;
    send(std::format(
        "{} Q0\r\n{} Q0\r\nR84 X0.00 Y0.00 Z0.00 Q0\r\nR85 X0 Y0 Z0 Q0\r\nR81 XA1 XB1 YA1 YB1 ZA1 ZB1 Q0\r\n",
        locked ? "R87" : "R00", position));
  }
}

std::size_t ScriptedBoard::count(std::string_view start) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(heard, [&](const std::string& line) { return line.starts_with(start); }));
}

}  // namespace celeriac::hal::testing
