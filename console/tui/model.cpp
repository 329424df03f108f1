#include "console/tui/model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <format>

#include "console/text.hpp"
#include "protocol/operations.hpp"
#include "protocol/status.hpp"

namespace celeriac::console::tui {
using protocol::Json;

namespace {

Json member(const Json& document, const char* name) {
  return document.is_object() ? document.value(name, Json()) : Json();
}

std::optional<double> number_of(const Json& document, const char* name) {
  const Json value = member(document, name);
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

std::optional<std::int64_t> whole_of(const Json& document, const char* name) {
  const auto number = number_of(document, name);
  if (!number || std::abs(*number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

bool is_true(const Json& document, const char* name) {
  return member(document, name) == true;
}

/// The number of a pin from its name in a document; -1 if it is none.
int pin_number(const std::string& name) {
  int number = -1;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && stop == name.data() + name.size() ? number : -1;
}

Axis axis_of(const Json& status, const char* name) {
  const Json stops = member(member(status, "end_stops"), name);
  return {.mm = number_of(member(status, "position"), name),
          .trust = text_of(member(status, "trust"), name),
          .state = text_of(member(status, "axis_states"), name),
          .encoder = number_of(member(status, "encoders"), name),
          .min = whole_of(stops, "min"),
          .max = whole_of(stops, "max")};
}

std::vector<Pin> pins_of(const Json& status, const std::vector<OutputStatus>& outputs) {
  std::vector<Pin> pins;
  const Json all = member(status, "pins");
  for (const auto& [name, pin] : all.items()) {
    const Json value = pin.is_object() ? member(pin, "value") : pin;
    const int number = pin_number(name);
    if (value.is_null() || number < 0 || std::ranges::contains(outputs, number, &OutputStatus::pin)) continue;
    pins.push_back({number, brief(value)});
  }
  std::ranges::sort(pins, {}, &Pin::number);
  return pins;
}

struct LevelWord {
  std::string_view word;
  Level level;
};
// Of the log, and of messages that sequences send.
constexpr LevelWord level_words[] = {
    {"debug", Level::debug}, {"trace", Level::debug},     {"info", Level::info},     {"success", Level::info},
    {"busy", Level::info},   {"fun", Level::info},        {"warn", Level::warn},     {"warning", Level::warn},
    {"error", Level::error}, {"assertion", Level::error}, {"critical", Level::error}};

/// What repeats for ever and hides what a person looks for.
constexpr std::string_view routine_operations[] = {"SYS.KEEP_ALIVE", "PROC.LIST"};

std::string fields_text(const Json& fields) {
  std::string text;
  if (!fields.is_object()) return text;
  for (const auto& [name, value] : fields.items())
    text += std::format(" {}={}", printable(name), value.is_string() ? brief(value) : json_line(value));
  return printable(text);
}

}  // namespace

Machine Machine::of(const Json& status) {
  Machine machine;
  for (std::size_t i = 0; i < axis_names.size(); ++i) machine.axes[i] = axis_of(status, axis_names[i]);
  machine.outputs = outputs_of(member(status, "outputs"));
  machine.pins = pins_of(status, machine.outputs);
  machine.locked = is_true(status, "locked");
  machine.busy = is_true(status, "busy");
  const Json firmware = member(status, "firmware");
  machine.firmware_state = text_of(firmware, "state");
  machine.firmware_reason = text_of(firmware, "reason");
  machine.board = text_of(firmware, "board");
  machine.version = text_of(firmware, "version");
  machine.port = text_of(firmware, "port");
  return machine;
}

Level level_of(std::string_view word) {
  const auto row = std::ranges::find(level_words, word, &LevelWord::word);
  return row != std::end(level_words) ? row->level : Level::info;
}

std::string_view name_of(Level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

std::string_view name_of(Tap tap) {
  constexpr std::string_view names[] = {"vm", "hal", "wire"};
  return names[static_cast<std::size_t>(tap)];
}

void Model::machine_changed(const Json& status) {
  if (!status.is_object()) return;
  machine = Machine::of(status);
  machine_known = true;
}

void Model::processes_listed(const Json& list) {
  processes.clear();
  processes_beyond = 0;
  if (!list.is_array()) return;
  for (const auto& document : list) processes.push_back(ProcessStatus::of(document));
  std::ranges::stable_sort(processes, [](const ProcessStatus& a, const ProcessStatus& b) {
    if (a.ended() != b.ended()) return b.ended();
    return a.ended() ? a.id > b.id : a.id < b.id;
  });
  if (processes.size() <= most_processes) return;
  processes_beyond = processes.size() - most_processes;
  processes.resize(most_processes);
}

void Model::process_changed(const Json& stat) {
  if (!stat.is_object()) return;
  auto changed = ProcessStatus::of(stat);
  const auto found = std::ranges::find(processes, changed.id, &ProcessStatus::id);
  if (found != processes.end()) *found = std::move(changed);
}

void Model::log_arrived(const Json& entry) {
  if (!entry.is_object()) return;
  LogEntry made{.time = whole_of(entry, "time").value_or(0),
                .word = text_of(entry, "type"),
                .source = text_of(entry, "source"),
                .text = text_of(entry, "message")};
  if (made.word.empty()) made.word = text_of(entry, "level");
  made.level = level_of(made.word);
  if (made.text.empty()) made.text = brief(entry);
  if (const auto dropped = integer_of(entry, "dropped"); dropped > 0)
    made.text += std::format(" ({} entries before this one were lost)", dropped);
  log.add(std::move(made));
}

void Model::frame_arrived(Tap tap, const Json& entry) {
  if (!entry.is_object()) return;
  const std::string operation = text_of(entry, "operation");
  const bool out = text_of(entry, "direction") == "out";
  RawEntry made{.time = whole_of(entry, "time").value_or(0),
                .tap = tap,
                .outward = out,
                .routine = std::ranges::contains(routine_operations, operation)};
  made.text = std::format("{}#{} {}", text_of(entry, "client").empty() ? "" : text_of(entry, "client") + ' ',
                          integer_of(entry, "channel"), operation);
  if (out) {
    const auto status = static_cast<std::uint16_t>(integer_of(entry, "status"));
    const auto value = integer_of(entry, "value");
    made.text += std::format(": {}", protocol::name(static_cast<protocol::Status>(status)));
    if (value != 0) made.text += std::format(", value {}", value);
  } else {
    made.text += fields_text(member(entry, "fields"));
  }
  raw.add(std::move(made));
}

void Model::serial_arrived(const Json& entry) {
  if (!entry.is_object()) return;
  raw.add({.time = whole_of(entry, "time").value_or(0),
           .tap = Tap::wire,
           .outward = text_of(entry, "direction") == "sent",
           .text = text_of(entry, "text")});
}

void Model::say(std::int64_t now_ms, Level level, std::string_view text) {
  log.add({.time = now_ms, .level = level, .text = printable(text), .own = true});
}

}  // namespace celeriac::console::tui
