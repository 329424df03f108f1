#include "hal/gpio/lines_file.hpp"

#include <algorithm>
#include <format>
#include <fstream>
#include <iterator>
#include <map>
#include <ranges>
#include <set>

#include "protocol/words.hpp"

namespace celeriac::hal::gpio {

using protocol::Json;
using protocol::Result;
using protocol::shown;
using protocol::Status;

namespace {

/// Bytes of a chip's or line's name; the kernel keeps 31.
constexpr std::size_t max_place = 64;

/// What a field must be, if it is not; "" if it is.
using Verdict = std::string;

template <class Enum, std::size_t count>
Verdict take_word(Enum& to, const Json& value, const std::array<std::string_view, count>& words) {
  const auto found =
      value.is_string() ? std::ranges::find(words, value.get_ref<const std::string&>()) : words.end();
  if (found == words.end()) return "must be one of " + protocol::joined(words);
  to = static_cast<Enum>(found - words.begin());
  return {};
}

Verdict take_level(bool& to, const Json& value) {
  if (!value.is_number_integer() || (value != 0 && value != 1)) return "must be 0 or 1";
  to = value == 1;
  return {};
}

Verdict take_place(std::string& to, const Json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty() ||
      value.get_ref<const std::string&>().size() > max_place)
    return std::format("must be a name of 1 to {} bytes", max_place);
  to = value.get<std::string>();
  return {};
}

struct Field {
  std::string_view name;
  std::optional<Direction> only;  ///< of lines of this direction
  Verdict (*take)(LineSpec& spec, const Json& value);
};

constexpr std::optional<Direction> any = std::nullopt;
constexpr Field fields[] = {
    {"chip", any, [](LineSpec& spec, const Json& value) { return take_place(spec.chip, value); }},
    {"line", any,
     [](LineSpec& spec, const Json& value) -> Verdict {
       if (value.is_number_unsigned()) {
         spec.line = value.dump();
         return {};
       }
       auto verdict = take_place(spec.line, value);
       return verdict.empty() ? verdict : "must be the line's name, or its number on the chip";
     }},
    {"direction", any,
     [](LineSpec& spec, const Json& value) { return take_word(spec.direction, value, direction_words); }},
    {"role", any, [](LineSpec& spec, const Json& value) { return take_word(spec.role, value, role_words); }},
    {"active", any,
     [](LineSpec& spec, const Json& value) { return take_word(spec.active_high, value, active_words); }},
    {"bias", Direction::input,
     [](LineSpec& spec, const Json& value) { return take_word(spec.bias, value, bias_words); }},
    {"debounce_ms", Direction::input,
     [](LineSpec& spec, const Json& value) -> Verdict {
       if (!value.is_number_unsigned() || value > longest_debounce.count())
         return std::format("must be a whole number from 0 to {}", longest_debounce.count());
       spec.debounce = std::chrono::milliseconds(value.get<int>());
       return {};
     }},
    {"edge", Direction::input,
     [](LineSpec& spec, const Json& value) { return take_word(spec.edge, value, edge_words); }},
    {"initial", Direction::output,
     [](LineSpec& spec, const Json& value) { return take_level(spec.initial, value); }},
    {"safe", Direction::output,
     [](LineSpec& spec, const Json& value) { return take_level(spec.safe, value); }},
    {"on_stop", Direction::output,
     [](LineSpec& spec, const Json& value) { return take_word(spec.on_stop, value, on_stop_words); }},
};

/// Object keys that stand twice: the second would silently win.
class Duplicates {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start) {
      keys_.resize(std::max(keys_.size(), level + 2));
      keys_[level + 1].clear();
    } else if (event == Json::parse_event_t::key && level < keys_.size() &&
               !keys_[level].insert(parsed.get<std::string>()).second) {
      found.insert(parsed.get<std::string>());
    }
    return true;
  }
  std::set<std::string> found;

 private:
  std::vector<std::set<std::string>> keys_;
};

bool is_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= max_line_name && lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

class Reader {
 public:
  void read(std::string_view text) {
    Duplicates duplicates;
    const auto json = [&] {
      try {
        return Json::parse(text, std::ref(duplicates));
      } catch (const Json::parse_error& error) {
        fault(std::format("This is not JSON: {}.", where(text, error.byte)));
        return Json(nullptr);
      }
    }();
    for (const auto& key : duplicates.found) fault(std::format("\"{}\" stands there twice.", shown(key)));
    if (!made.faults.empty()) return;
    const auto lines = json.is_object() ? json.find("lines") : json.end();
    if (!json.is_object() || lines == json.end() || !lines->is_object())
      return fault(R"(The file must be an object with the field "lines": {"lines": {"lights": {…}}}.)");
    for (const auto& [key, value] : json.items())
      if (key != "lines")
        fault(std::format("\"{}\" is no field of the file: it has \"lines\" alone.", shown(key)));
    if (lines->size() > max_lines)
      return fault(std::format("{} lines are too many: {} at most.", lines->size(), max_lines));
    for (const auto& [name, value] : lines->items()) line(name, value);
    whole();
  }

  LinesFile made;

 private:
  void fault(std::string sentence) { made.faults.push_back(std::move(sentence)); }
  void fault(const std::string& line, std::string_view field, std::string_view what) {
    fault(std::format("Line \"{}\", field \"{}\": {}.", shown(line), shown(field), what));
  }

  static std::string where(std::string_view text, std::size_t byte) {
    const auto before = text.substr(0, std::min(byte, text.size()));
    const auto row = std::ranges::count(before, '\n') + 1;
    return std::format("something is wrong in row {}, before \"{}\"", row,
                       shown(text.substr(std::min(byte > 0 ? byte - 1 : 0, text.size())), 20));
  }

  void line(const std::string& name, const Json& value) {
    if (!is_name(name))
      return fault(std::format(
          "\"{}\" is no name for a line: it is of small letters, digits and _, begins with a letter and has "
          "{} bytes at most.",
          shown(name), max_line_name));
    if (!value.is_object()) return fault(std::format("Line \"{}\" must be an object: {{…}}.", name));
    LineSpec spec{.name = name};
    const auto faults_before = made.faults.size();
    for (const auto& [key, content] : value.items()) {
      const auto field = std::ranges::find(fields, key, &Field::name);
      if (field == std::end(fields)) {
        const auto close = protocol::closest(key, fields | std::views::transform(&Field::name));
        fault(name, key,
              close.empty() ? std::string("there is no such field")
                            : std::format("there is no such field; did you mean \"{}\"?", close));
      } else if (const auto verdict = field->take(spec, content); !verdict.empty()) {
        fault(name, key, std::format("{}, and is {}", verdict, shown(content.dump())));
      }
    }
    for (const char* const required : {"line", "direction"})
      if (!value.contains(required)) fault(name, required, "is missing");
    if (made.faults.size() != faults_before) return;
    for (const auto& field : fields)
      if (field.only && *field.only != spec.direction && value.contains(field.name))
        fault(name, field.name, std::format("an {} has none", word_of(direction_words, spec.direction)));
    complete(spec, value);
    if (made.faults.size() == faults_before) made.lines.push_back(std::move(spec));
  }

  /// What follows from what is there, and what cannot go together.
  void complete(LineSpec& spec, const Json& value) {
    const bool input = spec.direction == Direction::input;
    if (input && !value.contains("role")) spec.role = Role::binding;
    if (input && spec.role == Role::status) fault(spec.name, "role", "a status light is an output");
    if (input && spec.role == Role::board_reset)
      fault(spec.name, "role", "what resets the board is an output");
    if (spec.role == Role::board_reset && (spec.initial || spec.safe))
      fault(spec.name, spec.initial ? "initial" : "safe", "would hold the board in reset");
    if (!input && (spec.role == Role::stop || spec.role == Role::binding))
      fault(spec.name, "role", std::format("{} is for inputs", word_of(role_words, spec.role)));
    if (spec.chip.empty() && std::ranges::all_of(spec.line, [](char c) { return c >= '0' && c <= '9'; }))
      fault(spec.name, "chip", "is missing: a line by its number is one of a chip");
    if (spec.on_stop == OnStop::safe && !value.contains("safe"))
      fault(spec.name, "safe", "is missing: on_stop says that the line goes there");
    if (!input) return;
    // A stop button is biased toward the level that stops, so that a broken wire stops; any other input
    // toward rest.
    const bool stops = spec.role == Role::stop;
    if (!value.contains("bias")) spec.bias = spec.active_high == stops ? Bias::pull_up : Bias::pull_down;
    // The first edge of a stop button is enough, however it bounces.
    if (!value.contains("debounce_ms")) spec.debounce = stops ? std::chrono::milliseconds(0) : usual_debounce;
    if (stops && !spec.broken_wire_is_active())
      made.remarks.push_back(std::format(
          "Line \"{}\": a broken wire does not stop the machine, since bias is {} and active is {}. Safer is "
          "a button that opens its circuit when it is pressed, with bias {}.",
          spec.name, word_of(bias_words, spec.bias), active_words[spec.active_high ? 1 : 0],
          spec.active_high ? "pull-up" : "pull-down"));
  }

  /// What only all lines together can have wrong.
  void whole() {
    std::map<std::pair<std::string, std::string>, std::string> places;
    const LineSpec *stop = nullptr, *reset = nullptr;
    for (const auto& spec : made.lines) {
      const auto [before, is_new] = places.try_emplace({spec.chip, spec.line}, spec.name);
      if (!is_new)
        fault(spec.name, "line", std::format("{} is line \"{}\" already", spec.place(), before->second));
      if (spec.role == Role::board_reset) {
        if (reset != nullptr)
          fault(spec.name, "role", std::format("\"{}\" resets the board already", reset->name));
        reset = &spec;
      }
      if (spec.role != Role::stop) continue;
      if (stop != nullptr)
        fault(spec.name, "role",
              std::format("\"{}\" is the stop button already; several are wired in series to one line",
                          stop->name));
      stop = &spec;
    }
  }
};

}  // namespace

LinesFile parse_lines(std::string_view text) {
  Reader reader;
  reader.read(text);
  return std::move(reader.made);
}

Result<LinesFile> read_lines(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error)
    return protocol::fail(error == std::errc::no_such_file_or_directory ? Status::not_found : Status::failed,
                          std::format("{} cannot be read: {}.", path.string(), error.message()));
  if (size > max_lines_file)
    return protocol::fail(Status::failed,
                          std::format("{} has {} bytes: {} at most.", path.string(), size, max_lines_file));
  std::ifstream file(path, std::ios::binary);
  if (!file) return protocol::fail(Status::failed, std::format("{} cannot be read.", path.string()));
  return parse_lines(std::string(std::istreambuf_iterator<char>(file), {}));
}

Result<std::vector<LineSpec>> load_lines(const std::filesystem::path& path) {
  auto read = read_lines(path);
  if (!read) return std::unexpected(std::move(read.error()));
  if (read->faults.empty()) return std::move(read->lines);
  std::string message = std::format("{} cannot be used.", path.string());
  for (const auto& sentence : read->faults) message += ' ' + sentence;
  return protocol::fail(Status::malformed, std::move(message));
}

}  // namespace celeriac::hal::gpio
