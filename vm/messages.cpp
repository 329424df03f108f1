#include "vm/messages.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <format>
#include <nlohmann/json.hpp>
#include <optional>

#include "celeryscript/grammar.hpp"

namespace celeriac::vm {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// Walks a template: `literal(text)` and `named(name)` in their order.
template <class Literal, class Named>
void walk(std::string_view text, Literal literal, Named named) {
  while (true) {
    const auto open = text.find("{{");
    if (open == std::string_view::npos) return literal(text);
    const auto first = text.find_first_not_of(' ', open + 2);
    std::size_t last = first;
    while (last < text.size() && is_name_character(text[last])) ++last;
    const auto close = last < text.size() ? text.find_first_not_of(' ', last) : std::string_view::npos;
    if (first != std::string_view::npos && last > first && close != std::string_view::npos &&
        text.substr(close, 2) == "}}") {
      literal(text.substr(0, open));
      named(text.substr(first, last - first));
      text.remove_prefix(close + 2);
    } else {
      literal(text.substr(0, open + 1));  // the second brace may open a name: "{{{ x }}"
      text.remove_prefix(open + 1);
    }
  }
}

bool is_axis(std::string_view name) {
  return name == "x" || name == "y" || name == "z";
}

/// "pin8" → "pins.8"; nullopt for any other name.
std::optional<std::string> pin_register(std::string_view name) {
  constexpr std::string_view pin = "pin";
  if (!name.starts_with(pin) || name.size() == pin.size() || name.size() > pin.size() + 2)
    return std::nullopt;
  const auto digits = name.substr(pin.size());
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return "pins." + std::string(digits);
}

std::string shown(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  return value.is_number() ? format_number(value.get<double>()) : std::string();
}

std::string format_time(std::int64_t microseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::microseconds> time{std::chrono::microseconds(microseconds)};
  return std::format("{:%F %T}Z", time);
}

}  // namespace

std::string format_number(double number) {
  if (!std::isfinite(number)) return {};
  if (std::trunc(number) == number) return std::format("{:.0f}", number == 0 ? 0.0 : number);
  return std::format("{:.1f}", number);
}

std::vector<std::string> registers_of(std::string_view text) {
  std::vector<std::string> names;
  std::size_t pins = 0;
  walk(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        auto pin = pin_register(name);
        if (!pin && !is_axis(name)) return;
        std::string needed = pin ? std::move(*pin) : "position";
        if (std::ranges::find(names, needed) != names.end()) return;
        if (needed != "position" && ++pins > max_message_pins) return;
        names.push_back(std::move(needed));
      });
  return names;
}

std::string render(std::string_view text, const std::map<std::string, nlohmann::json>& registers,
                   std::int64_t microseconds) {
  const auto value_of = [&](const std::string& name) {
    const auto found = registers.find(name);
    return found != registers.end() ? found->second : nlohmann::json();
  };
  std::string made;
  walk(
      text, [&](std::string_view literal) { made += literal; },
      [&](std::string_view name) {
        if (name == "CURRENT_TIME") {
          made += format_time(microseconds);
        } else if (is_axis(name)) {
          const auto position = value_of("position");
          if (position.is_object()) made += shown(position.value(std::string(name), nlohmann::json()));
        } else if (const auto pin = pin_register(name)) {
          made += shown(value_of(*pin));
        }
      });
  return made;
}

protocol::Result<void> check_message_type(std::string_view type) {
  const auto all = celeryscript::enumerations();
  const auto found = std::ranges::find(all, std::string_view("ALLOWED_MESSAGE_TYPES"),
                                       [](const auto* enumeration) { return enumeration->name; });
  if (std::ranges::find((*found)->words, type) != (*found)->words.end()) return {};
  std::string legal;
  for (const auto word : (*found)->words) legal += std::format("{}{}", legal.empty() ? "" : ", ", word);
  return protocol::fail(protocol::Status::malformed,
                        std::format("\"{}\" is no type of message. The types are {}.", type, legal));
}

}  // namespace celeriac::vm
