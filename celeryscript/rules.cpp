#include "celeryscript/rules.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript {
namespace {

constexpr double slowest_percent = 1;
constexpr double fastest_percent = 100;
// Limits of the web app for what an account stores; devices have none.
constexpr double longest_stored_wait_ms = 180'000;
constexpr std::ptrdiff_t longest_stored_message = 300;  // in characters
// A message goes in one frame of 64 KiB, with the positions and pins that its template asks for.
constexpr std::size_t longest_message_bytes = 16'384;

std::optional<double> number(const Node& node, std::string_view argument) {
  const Argument* found = node.find(argument);
  if (found == nullptr || found->misfit != Misfit::none) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&found->value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&found->value)) return *real;
  return std::nullopt;
}

std::string_view word(const Node& node, std::string_view argument) {
  const Argument* found = node.find(argument);
  if (found == nullptr) return {};
  const auto* text = std::get_if<std::string>(&found->value);
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

const Node* child(const Node& node, std::string_view argument, std::string_view kind) {
  const Argument* found = node.find(argument);
  if (found == nullptr) return nullptr;
  const auto* held = std::get_if<const Node*>(&found->value);
  return held != nullptr && (*held)->word == kind ? *held : nullptr;
}

bool box_led(const Node& pin) {
  return word(pin, "pin_type").starts_with("BoxLed");
}

/// A broken rule: where, and what to say.
struct Finding {
  const Node* node = nullptr;
  std::string_view argument;
  std::string_view code;
  std::string_view message;
  Severity severity = Severity::error;
};

using Rule = std::optional<Finding> (*)(const Node&);

std::optional<Finding> write_pin(const Node& node) {
  const Node* pin = child(node, "pin_number", "named_pin");
  if (pin != nullptr && word(*pin, "pin_type") == "Sensor") {
    return Finding{pin, "pin_type", "not_permitted", "cannot write Sensor value. Use a Peripheral."};
  }
  const std::optional<double> mode = number(node, "pin_mode");
  if (pin != nullptr && box_led(*pin) && mode == 1) {
    return Finding{&node, "pin_mode", "not_permitted",
                   word(*pin, "pin_type").ends_with('3')
                       ? "cannot write Boxled3 in analog mode. Analog modes are not supported for Box LEDs."
                       : "cannot write Boxled4 in analog mode. Analog modes are not supported for Box LEDs."};
  }
  const std::optional<double> value = number(node, "pin_value");
  if (mode == 0 && value && *value != 0 && *value != 1) {
    return Finding{&node, "pin_value", "out_of_range",
                   "A digital pin is written with 0 (off) or 1 (on); other values need pin_mode 1 (analog)."};
  }
  return std::nullopt;
}

std::optional<Finding> toggle_pin(const Node& node) {
  const Node* pin = child(node, "pin_number", "named_pin");
  if (pin == nullptr || !box_led(*pin)) return std::nullopt;
  return Finding{pin, "pin_type", "not_permitted", "Cannot toggle box LEDs."};
}

std::optional<Finding> plain_pin(const Node& node) {
  if (child(node, "pin_number", "named_pin") == nullptr) return std::nullopt;
  return Finding{&node, "pin_number", "not_permitted",
                 "This step takes the number of a pin: the device has no way to do it with a named pin."};
}

std::optional<Finding> named_pin(const Node& node) {
  if (box_led(node) || number(node, "pin_id") != 0) return std::nullopt;
  return Finding{&node, "pin_id", "out_of_range",
                 "You must select a peripheral or a sensor: there is none with id 0."};
}

std::optional<Finding> execute(const Node& node) {
  if (number(node, "sequence_id") != 0) return std::nullopt;
  return Finding{&node, "sequence_id", "out_of_range",
                 "You must select a Sequence in the Execute step. There is none with id 0."};
}

/// Items of `move` act on one axis.
std::optional<Finding> one_axis(const Node& node) {
  if (word(node, "axis") != "all") return std::nullopt;
  return Finding{&node, "axis", "not_permitted",
                 "Not permitted: an item of a move acts on one axis. Write one item for each of x, y and z."};
}

std::optional<Finding> speed_overwrite(const Node& node) {
  if (std::optional<Finding> all = one_axis(node)) return all;
  const Node* setting = child(node, "speed_setting", "numeric");
  if (setting == nullptr) return std::nullopt;
  const std::optional<double> percent = number(*setting, "number");
  if (!percent || (*percent >= slowest_percent && *percent <= fastest_percent)) return std::nullopt;
  return Finding{setting, "number", "out_of_range", "A speed is a percentage from 1 to 100."};
}

std::optional<Finding> wait(const Node& node) {
  const std::optional<double> milliseconds = number(node, "milliseconds");
  if (!milliseconds || *milliseconds <= longest_stored_wait_ms) return std::nullopt;
  return Finding{&node, "milliseconds", "not_storable",
                 "A single wait node cannot exceed 3 minutes in an account; it runs here.",
                 Severity::warning};
}

std::optional<Finding> send_message(const Node& node) {
  const Argument* message = node.find("message");
  if (message == nullptr || !std::holds_alternative<std::string>(message->value)) return std::nullopt;
  const std::string_view text = std::get<std::string>(message->value);
  if (text.size() > longest_message_bytes) {
    return Finding{&node, "message", "out_of_range", "This message is longer than 16,384 bytes."};
  }
  const auto characters = std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
  if (characters >= 1 && characters <= longest_stored_message) return std::nullopt;
  return Finding{&node, "message", "not_storable",
                 "Messages must be between 1 and 300 characters in an account; this one runs here.",
                 Severity::warning};
}

struct Entry {
  std::string_view kind;
  Rule rule;
};
constexpr std::array rules = {
    Entry{"axis_addition", one_axis},    Entry{"axis_overwrite", one_axis},
    Entry{"execute", execute},           Entry{"named_pin", named_pin},
    Entry{"send_message", send_message}, Entry{"set_pin_io_mode", plain_pin},
    Entry{"set_servo_angle", plain_pin}, Entry{"speed_overwrite", speed_overwrite},
    Entry{"toggle_pin", toggle_pin},     Entry{"wait", wait},
    Entry{"write_pin", write_pin},
};
static_assert(std::ranges::is_sorted(rules, {}, &Entry::kind));

struct NothingText {
  std::string_view kind;
  std::string_view text;
};
constexpr std::array nothing_texts = {
    NothingText{"execute", "You must select a Sequence in the Execute step."},
    NothingText{"move_absolute", "You must select a Location in the Move To step."},
    NothingText{"parameter_application", "You must select a Location for the Location Variable."},
    NothingText{"parameter_declaration", "You must select a Default Value for the Location Variable."},
    NothingText{"read_pin", "You must select a Sensor in the Read Sensor step."},
    NothingText{"toggle_pin", "You must select a Peripheral in the Toggle Peripheral step."},
    NothingText{"variable_declaration", "You must select a Location for the Location Variable."},
    NothingText{"write_pin", "You must select a Peripheral in the Control Peripheral step."},
};

}  // namespace

void check_rules(const Document& document, const Node& node, Diagnostics& diagnostics) {
  const auto entry = std::ranges::lower_bound(rules, node.word, {}, &Entry::kind);
  if (entry == rules.end() || entry->kind != node.word) return;
  const std::optional<Finding> finding = entry->rule(node);
  if (!finding) return;
  const Argument& argument = *finding->node->find(finding->argument);
  if (diagnostics.mentions(argument.span)) return;
  if (finding->severity == Severity::error && !diagnostics.room()) return;
  std::string pointer = finding->node->pointer() + "/args/";
  append_pointer_step(pointer, argument.name);
  diagnostics.add(document.source, {.code = finding->code,
                                    .severity = finding->severity,
                                    .message = std::string(finding->message),
                                    .pointer = std::move(pointer),
                                    .span = argument.span});
}

std::string_view text_for_nothing(std::string_view kind) noexcept {
  const auto found = std::ranges::find(nothing_texts, kind, &NothingText::kind);
  return found == nothing_texts.end() ? std::string_view{} : found->text;
}

}  // namespace celeriac::celeryscript
