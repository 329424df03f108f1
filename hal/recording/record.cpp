#include "hal/recording/record.hpp"

#include <algorithm>
#include <charconv>
#include <format>

namespace celeriac::hal::recording {
namespace {

using protocol::Json;

constexpr KindRow table[] = {
    {Kind::start, "start", Role::input, false},      {Kind::ending, "ending", Role::input, false},
    {Kind::rest, "rest", Role::input, false},        {Kind::wake, "wake", Role::input, false},
    {Kind::stop, "stop", Role::input, false},        {Kind::received, "<", Role::input, true},
    {Kind::lost, "lost", Role::input, true},         {Kind::ring, "ring", Role::input, false},
    {Kind::stored, "stored", Role::input, false},    {Kind::request, "request", Role::input, false},
    {Kind::closed, "closed", Role::input, false},    {Kind::button, "button", Role::input, false},
    {Kind::port, "port", Role::answer, false},       {Kind::unsent, "unsent", Role::answer, false},
    {Kind::turn, "turn", Role::answer, false},       {Kind::sent, ">", Role::output, true},
    {Kind::urgent, ">>", Role::output, true},        {Kind::hang_up, "hang_up", Role::output, false},
    {Kind::outcome, "outcome", Role::output, false}, {Kind::state, "state", Role::output, false},
    {Kind::lock, "lock", Role::output, false},       {Kind::log, "log", Role::note, true},
    {Kind::segment, "segment", Role::note, false},   {Kind::snapshot, "snapshot", Role::note, false},
    {Kind::dropped, "dropped", Role::note, false},
};

/// Characters that have an escape of one letter.
struct Letter {
  char byte, letter;
};
constexpr Letter letters[] = {{'\r', 'r'}, {'\n', 'n'}, {'\t', 't'}, {'\\', '\\'}};

}  // namespace

std::span<const KindRow> kinds() noexcept {
  return table;
}

const KindRow& row_of(Kind kind) noexcept {
  return table[static_cast<std::size_t>(kind)];
}

std::string line(Instant time, Kind kind, std::string_view text) {
  const auto& row = row_of(kind);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  std::string made = std::format("{} {}", us, row.word);
  if (!text.empty()) {
    made += ' ';
    if (row.escaped)
      made += escaped(text);
    else
      made += text;
  }
  made += '\n';
  return made;
}

std::optional<Record> parse_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  Record record;
  const auto* const end = line.data() + line.size();
  const auto [digits_end, error] = std::from_chars(line.data(), end, record.time_us);
  if (error != std::errc() || digits_end == end || *digits_end != ' ' || record.time_us < 0)
    return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(digits_end - line.data()) + 1);
  const auto blank = line.find(' ');
  const auto row = std::ranges::find(table, line.substr(0, blank), &KindRow::word);
  if (row == std::end(table)) return std::nullopt;
  record.kind = row->kind;
  if (blank != line.npos) record.text = line.substr(blank + 1);
  return record;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + 8);
  for (const char byte : bytes) {
    if (const auto letter = std::ranges::find(letters, byte, &Letter::byte); letter != std::end(letters)) {
      text += '\\';
      text += letter->letter;
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += byte;
    } else {
      text += std::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    const char letter = text[++i];
    if (const auto row = std::ranges::find(letters, letter, &Letter::letter); row != std::end(letters)) {
      bytes += row->byte;
    } else if (unsigned value = 0;
               letter == 'x' && i + 2 < text.size() &&
               std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ec == std::errc()) {
      bytes += static_cast<char>(value);
      i += 2;
    } else {
      bytes += letter;
    }
  }
  return bytes;
}

Json error_document(const protocol::Error& error) {
  return {{"status", protocol::name(error.status)},
          {"code", error.code},
          {"message", error.message},
          {"details", error.details}};
}

protocol::Error error_of(const Json& document) {
  protocol::Error error;
  const auto word = document.value("status", std::string());
  for (int number = 0; number <= static_cast<int>(protocol::Status::internal); ++number)
    if (protocol::name(static_cast<protocol::Status>(number)) == word)
      error.status = static_cast<protocol::Status>(number);
  error.code = document.value("code", std::string());
  error.message = document.value("message", std::string());
  error.details = document.value("details", Json::object());
  return error;
}

std::string one_line(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace celeriac::hal::recording
