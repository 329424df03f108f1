#pragma once
// CeleryScript for tests, in few words.

#include <nlohmann/json.hpp>
#include <string>

namespace celeriac::vm::testing {

inline nlohmann::json node(const char* kind, nlohmann::json args = nlohmann::json::object()) {
  return {{"kind", kind}, {"args", std::move(args)}};
}
/// Analog: one operation. A digital write is read back.
inline nlohmann::json write_pin(int pin, int value = 1) {
  return node("write_pin", {{"pin_number", pin}, {"pin_value", value}, {"pin_mode", 1}});
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

inline nlohmann::json lua(std::string code) {
  return node("lua", {{"lua", std::move(code)}});
}
inline nlohmann::json numeric(double number) {
  return node("numeric", {{"number", number}});
}
inline nlohmann::json identifier(std::string label) {
  return node("identifier", {{"label", std::move(label)}});
}
inline nlohmann::json coordinate(double x, double y, double z) {
  return node("coordinate", {{"x", x}, {"y", y}, {"z", z}});
}
inline nlohmann::json group(int id) {
  return node("point_group", {{"point_group_id", id}});
}
inline nlohmann::json application(std::string label, nlohmann::json value) {
  return node("parameter_application", {{"label", std::move(label)}, {"data_value", std::move(value)}});
}
inline nlohmann::json parameter(std::string label, nlohmann::json value) {
  return node("parameter_declaration", {{"label", std::move(label)}, {"default_value", std::move(value)}});
}
inline nlohmann::json constant(std::string label, nlohmann::json value) {
  return node("variable_declaration", {{"label", std::move(label)}, {"data_value", std::move(value)}});
}
/// An execute with variables.
inline nlohmann::json execute_with(int sequence_id, nlohmann::json applications) {
  nlohmann::json made = execute(sequence_id);
  made["body"] = std::move(applications);
  return made;
}
/// Goes to the place that an operand gives, on all axes.
inline nlohmann::json move_to(const nlohmann::json& operand) {
  nlohmann::json made = node("move");
  for (const char* axis : {"x", "y", "z"})
    made["body"].push_back(node("axis_overwrite", {{"axis", axis}, {"axis_operand", operand}}));
  return made;
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
/// The same with variables.
inline nlohmann::json sequence_with(nlohmann::json locals, nlohmann::json body, int id = 0) {
  nlohmann::json document = sequence(std::move(body), id);
  document["args"]["locals"]["body"] = std::move(locals);
  return document;
}

}  // namespace celeriac::vm::testing
