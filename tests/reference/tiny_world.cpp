#include "tests/reference/tiny_world.hpp"

#include <algorithm>
#include <charconv>
#include <format>

namespace celeriac::reference {
namespace {

using protocol::Result;
using protocol::Status;

constexpr std::int64_t all_axes = 3;

/// 100.0 and 100 are the same, and so are -0 and 0.
std::string shown(const Json& value) {
  if (value.is_number()) return std::format("{}", value.get<double>() + 0.0);
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, item] : value.items())
    text += (text.empty() ? "" : ", ") + (value.is_object() ? key + ": " : "") + shown(item);
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

/// The fields in the table's order, with the fallback where an optional one is absent.
std::string shown(const protocol::Operation& operation, const Json& fields) {
  std::string text;
  for (const auto& field : operation.fields) {
    const std::string name(field.name);
    const Json value = fields.contains(name)                         ? fields.at(name)
                       : field.type == protocol::FieldType::text     ? Json("")
                       : field.type == protocol::FieldType::texts    ? Json::array()
                       : field.type == protocol::FieldType::document ? Json::object()
                                                                     : Json(field.fallback);
    // A number where the table wants a text is the text of the number.
    const bool spelt = field.type == protocol::FieldType::text && value.is_number();
    text += std::format("{}{}: {}", text.empty() ? "" : ", ", name,
                        spelt ? Json(shown(value)).dump() : shown(value));
  }
  return text;
}

/// The value that a word of the little language stands for; discarded if it is none.
Json value_of(std::string_view word) {
  return Json::parse(word, nullptr, false);
}

}  // namespace

void TinyWorld::write(std::string_view what, const std::string& details) {
  lines.push_back(std::format("{} ms: {} {{{}}}", elapsed_ms, what, details));
}

Result<double> TinyWorld::operate(std::string_view operation, const Json& fields) {
  return operate(*protocol::find_operation(operation), fields);
}

Result<double> TinyWorld::operate(const protocol::Operation& operation, const Json& fields) {
  if (operation.long_name == "SYS.WAIT") {  // nobody hears of it but the clock
    elapsed_ms += fields.at("milliseconds").get<double>();
    return 0;
  }
  write(operation.long_name, shown(operation, fields));
  if (operations_++ == fails_at_)
    return protocol::fail(Status::hardware_fault, "The machine has had enough.");
  take_effect(operation, fields);
  if (operation.long_name == "SYS.READ_PIN") {
    // A pin that nobody has written reads its number, or whether that is odd.
    const int pin = fields.at("pin").get<int>();
    const bool analog = fields.at("mode").get<double>() != 0;
    const auto known = pins.try_emplace(pin, analog ? pin : pin % 2).first->second;
    return known;
  }
  return 0;
}

void TinyWorld::take_effect(const protocol::Operation& operation, const Json& fields) {
  const auto name = operation.long_name;
  const auto each_axis = [&](auto act) {
    const auto axis = fields.at("axis").get<std::int64_t>();
    for (std::size_t i = 0; i < position.size(); ++i)
      if (axis == all_axes || axis == static_cast<std::int64_t>(i)) act(i);
  };
  constexpr const char* axes[] = {"x", "y", "z"};
  if (name == "SYS.MOVE_ABSOLUTE") {
    for (std::size_t i = 0; i < position.size(); ++i) position[i] = fields.at(axes[i]).get<double>();
  } else if (name == "SYS.MOVE_RELATIVE") {
    for (std::size_t i = 0; i < position.size(); ++i) position[i] += fields.at(axes[i]).get<double>();
  } else if (name == "SYS.HOME" || name == "SYS.FIND_HOME" || name == "SYS.ZERO") {
    each_axis([&](std::size_t i) { position[i] = 0; });
  } else if (name == "SYS.WRITE_PIN") {
    pins[fields.at("pin").get<int>()] = fields.at("value").get<double>();
  } else if (name == "SYS.TOGGLE_PIN") {
    auto& value = pins[fields.at("pin").get<int>()];
    value = value == 0 ? 1 : 0;
  } else if (name == "SYS.EMERGENCY_LOCK") {
    locked = true;
  } else if (name == "SYS.EMERGENCY_UNLOCK") {
    locked = false;
  }
}

Result<ScriptValues> TinyWorld::lua(const std::string& code) {
  write("LUA", Json(code).dump());
  if (code.starts_with("error")) return protocol::fail(Status::failed, "[string \"lua\"]:1: " + code);
  constexpr std::string_view returns = "return ";
  if (!code.starts_with(returns)) return ScriptValues{};
  const Json values = value_of("[" + code.substr(returns.size()) + "]");
  if (!values.is_array()) return ScriptValues{1, true};  // what nobody here can work out holds
  return ScriptValues{values.size(), values.empty() ? Json() : values.front()};
}

Result<double> TinyWorld::update(const Json& resource, const Json& properties) {
  write("UPDATE", shown(resource) + " " + shown(properties));
  // What it does to the account is the business of the services; here it only has to be asked for.
  return 0;
}

Result<double> TinyWorld::script(const std::string& label, const Json& environment) {
  write("SCRIPT", shown(label) + " " + shown(environment));
  return 0;
}

void TinyWorld::pin_was_read(int pin, int mode, double value) {
  write("PIN WAS READ", std::format("pin: {}, mode: {}, value: {}", pin, mode, value));
}

void TinyWorld::log(const std::string& type, const std::string& message) {
  write("LOG", std::format("{}: {}", type, message));
}

}  // namespace celeriac::reference
