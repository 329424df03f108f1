#pragma once
// CeleryScript for tests, in few words.

#include <nlohmann/json.hpp>
#include <string>

namespace celeriac::vm::testing {

inline nlohmann::json node(const char* kind, nlohmann::json args = nlohmann::json::object()) {
  return {{"kind", kind}, {"args", std::move(args)}};
}
inline nlohmann::json write_pin(int pin, int value = 1) {
  return node("write_pin", {{"pin_number", pin}, {"pin_value", value}, {"pin_mode", 0}});
}
inline nlohmann::json move_relative(double x) {
  return node("move_relative", {{"x", x}, {"y", 0}, {"z", 0}, {"speed", 100}});
}
inline nlohmann::json wait(int milliseconds) {
  return node("wait", {{"milliseconds", milliseconds}});
}
inline nlohmann::json execute(int sequence_id) {
  return node("execute", {{"sequence_id", sequence_id}});
}
inline nlohmann::json nothing() {
  return node("nothing");
}
inline nlohmann::json message(std::string text, std::string type = "info") {
  return node("send_message", {{"message", std::move(text)}, {"message_type", std::move(type)}});
}
inline nlohmann::json add_x(double distance) {
  return {
      {"kind", "move"},
      {"args", nlohmann::json::object()},
      {"body",
       {node("axis_addition", {{"axis", "x"}, {"axis_operand", node("numeric", {{"number", distance}})}})}}};
}
inline nlohmann::json if_pin(int pin, const char* op, int rhs, nlohmann::json then,
                             nlohmann::json otherwise = nothing()) {
  return node("_if", {{"lhs", "pin" + std::to_string(pin)},
                      {"op", op},
                      {"rhs", rhs},
                      {"_then", std::move(then)},
                      {"_else", std::move(otherwise)}});
}

/// A sequence with this body; `id` 0: without a resource id.
inline nlohmann::json sequence(nlohmann::json body, int id = 0, std::string name = "test") {
  nlohmann::json document{{"kind", "sequence"},
                          {"name", std::move(name)},
                          {"args",
                           {{"version", 20180209},
                            {"locals", {{"kind", "scope_declaration"}, {"args", nlohmann::json::object()}}}}},
                          {"body", std::move(body)}};
  if (id != 0) document["id"] = id;
  return document;
}

}  // namespace celeriac::vm::testing
