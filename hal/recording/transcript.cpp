#include "hal/recording/transcript.hpp"

#include <ctime>

#include <algorithm>
#include <format>

#include "hal/firmware/line_reader.hpp"
#include "hal/firmware/reply.hpp"

namespace celeriac::hal::recording {
namespace {

using protocol::Json;

/// Who speaks, and whether a person wants to see it.
struct Speaker {
  Kind kind;
  std::string_view name;
  bool shown;
};
constexpr Speaker speakers[] = {
    {Kind::received, "board", true},   {Kind::sent, "host", true},
    {Kind::urgent, "STOP", true},      {Kind::request, "request", true},
    {Kind::outcome, "outcome", true},  {Kind::closed, "closed", true},
    {Kind::port, "port", true},        {Kind::lost, "lost", true},
    {Kind::hang_up, "hang up", true},  {Kind::state, "link", true},
    {Kind::lock, "lock", true},        {Kind::button, "button", true},
    {Kind::log, "log", true},          {Kind::start, "start", true},
    {Kind::ending, "ending", true},    {Kind::stop, "stop", true},
    {Kind::dropped, "dropped", true},  {Kind::ring, "ring", false},
    {Kind::stored, "stored", false},   {Kind::turn, "turn", false},
    {Kind::unsent, "unsent", false},   {Kind::snapshot, "snapshot", false},
    {Kind::segment, "segment", false}, {Kind::rest, "rest", true},
    {Kind::wake, "wake", true},
};
static_assert(std::size(speakers) == static_cast<std::size_t>(Kind::dropped) + 1);

/// Documents of a start or a snapshot fill pages.
constexpr std::size_t longest_shown = 400;

std::string_view meaning_of(std::string_view line) {
  const auto reply = firmware::parse_reply(line);
  if (!reply) return {};
  const auto table = firmware::reply_table();
  const auto row = std::ranges::find(table, reply->code, &firmware::ReplyRow::code);
  return row == table.end() ? std::string_view() : row->meaning;
}

std::string printable(std::string_view bytes) {
  std::string text = escaped(bytes);
  for (const std::string_view end : {"\\n", "\\r"})
    if (text.ends_with(end)) text.resize(text.size() - end.size());
  return text;
}

}  // namespace

std::string Transcript::time_of(const Record& record) const {
  const auto wall_us = record.time_us + wall_offset_us_;
  const std::time_t seconds = wall_us / 1'000'000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return std::format("{:02}:{:02}:{:02}.{:03}", local.tm_hour, local.tm_min, local.tm_sec,
                     wall_us / 1000 % 1000);
}

std::string Transcript::wire(const Record& record) {
  const bool from_board = record.kind == Kind::received;
  auto& rest = from_board ? received_ : sent_;
  rest += unescaped(record.text);
  std::string shown;
  const auto show = [&](std::string_view line) {
    const auto text = printable(line);
    if (text.empty()) return;
    const auto meaning = from_board ? meaning_of(line) : std::string_view();
    auto made =
        std::format("{}  {:<8} {:<40} {}", time_of(record), from_board ? "board" : "host", text, meaning);
    made.resize(made.find_last_not_of(' ') + 1);
    shown += made + "\n";
  };
  for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    auto line = std::string_view(rest).substr(0, end);
    while (line.ends_with('\r')) line.remove_suffix(1);
    show(line);
    rest.erase(0, end + 1);
  }
  // A stop of a move has no line end, and noise may have none for ever.
  if (!from_board || rest.size() > firmware::max_reply_line) show(std::exchange(rest, {}));
  return shown;
}

std::string Transcript::take(std::string_view line) {
  const auto record = parse_line(line);
  if (!record) return {};
  if (record->kind == Kind::segment) {
    const auto head = Json::parse(record->text, nullptr, false);
    if (head.is_object() && head.contains("wall_ms") && head["wall_ms"].is_number_integer())
      wall_offset_us_ = head["wall_ms"].get<std::int64_t>() * 1000 - record->time_us;
  }
  if (record->kind == Kind::received || record->kind == Kind::sent) return wire(*record);
  const auto speaker = std::ranges::find(speakers, record->kind, &Speaker::kind);
  if (!speaker->shown && !everything_) return {};
  const auto text =
      record->kind == Kind::urgent ? printable(unescaped(record->text)) : std::string(record->text);
  auto made = std::format("{}  {:<8} {}", time_of(*record), speaker->name, text.substr(0, longest_shown));
  made.resize(made.find_last_not_of(' ') + 1);
  if (text.size() > longest_shown) made += " …";
  return made + "\n";
}

}  // namespace celeriac::hal::recording
