#include "vm/step_log.hpp"

#include <algorithm>
#include <format>
#include <vector>

#include "vm/messages.hpp"

namespace celeriac::vm {

using namespace std::string_view_literals;
using protocol::Json;
using protocol::Operation;

namespace {

std::string number(const Json& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found != fields.end() && found->is_number() ? format_number(found->get<double>()) : "?";
}

std::string place(const Json& fields) {
  return std::format("({}, {}, {})", number(fields, "x"), number(fields, "y"), number(fields, "z"));
}

/// "all axes", "the X axis".
std::string axes(const Json& fields) {
  constexpr std::string_view names[] = {"the X axis", "the Y axis", "the Z axis"};
  const auto axis = fields.value("axis", 3);
  return std::string(axis >= 0 && axis < 3 ? names[axis] : "all axes");
}

bool all(const Json& fields) {
  return fields.value("axis", 3) == 3;
}

bool of_firmware(const Json& fields) {
  return fields.value("package", 0) == 0;
}

struct Row {
  std::string_view operation;
  std::string (*text)(const Json& fields);
  bool forced = true;
  std::string_view type = "info";
  int verbosity = 2;
  std::string_view (*type_of)(const Json& fields) = nullptr;  ///< where it is not always the same
};
constexpr Row rows[] = {
    {"SYS.CALIBRATE",
     [](const Json& fields) {
       return std::format("{} of {}", all(fields) ? "Finding length" : "Determining length", axes(fields));
     }},
    {"SYS.EMERGENCY_LOCK", [](const Json&) { return std::string("E-stopped"); }, true, "error", 1},
    {"SYS.EMERGENCY_UNLOCK", [](const Json&) { return std::string("Unlocked"); }, true, "success", 1},
    {"SYS.FACTORY_RESET",
     [](const Json& fields) {
       return std::string(of_firmware(fields) ? "Arduino Firmware going down for factory reset!"
                                              : "Soft resetting...");
     },
     true, "busy", 1, [](const Json& fields) { return of_firmware(fields) ? "warn"sv : "busy"sv; }},
    {"SYS.FIND_HOME", [](const Json& fields) { return "Finding home on " + axes(fields); }},
    {"SYS.HOME", [](const Json& fields) { return "Going to home on " + axes(fields); }},
    {"SYS.MOVE_ABSOLUTE", [](const Json& fields) { return "Moving to " + place(fields); }},
    {"SYS.MOVE_RELATIVE", [](const Json& fields) { return "Moving relative by " + place(fields); }},
    {"SYS.POWER_OFF", [](const Json&) { return std::string("Shutting down..."); }, true, "busy", 1},
    {"SYS.REBOOT", [](const Json&) { return std::string("Rebooting..."); }, true, "busy", 1},
    {"SYS.SET_PIN_IO_MODE",
     [](const Json& fields) {
       constexpr std::string_view modes[] = {"input", "output", "input_pullup"};
       const auto mode = static_cast<std::size_t>(fields.value("io_mode", 0));
       return std::format("Setting pin mode: {}: {}", number(fields, "pin"),
                          mode < std::size(modes) ? modes[mode] : "?");
     },
     false},
    {"SYS.SET_SERVO_ANGLE",
     [](const Json& fields) {
       return std::format("Writing servo: {}: {}", number(fields, "pin"), number(fields, "angle"));
     },
     false},
    {"SYS.TAKE_PHOTO", [](const Json&) { return std::string("Taking photo"); }},
    {"SYS.WAIT",
     [](const Json& fields) {
       return std::format("Waiting for {} milliseconds", number(fields, "milliseconds"));
     },
     false},
    {"SYS.WRITE_LED",
     [](const Json& fields) {
       return std::format("Turning Boxled{} {}", number(fields, "led"),
                          fields.value("value", 0) != 0 ? "ON" : "OFF");
     }},
    {"SYS.ZERO", [](const Json& fields) { return "Setting home for " + axes(fields); }},
};

/// Rows by place in the operation table.
const Row* row_of(const Operation& operation) noexcept {
  static const auto by_index = [] {
    std::vector<const Row*> made(protocol::operations().size());
    for (const Row& row : rows)
      if (const Operation* found = protocol::find_operation(row.operation))
        made[protocol::index_of(*found)] = &row;
    return made;
  }();
  return by_index[protocol::index_of(operation)];
}

}  // namespace

bool has_line(const Operation& operation) noexcept {
  return row_of(operation) != nullptr;
}

std::optional<StepLine> line_of(const Operation& operation, const Json& fields) {
  const Row* row = row_of(operation);
  if (row == nullptr) return std::nullopt;
  return StepLine{.text = row->text(fields),
                  .forced = row->forced,
                  .type = row->type_of != nullptr ? row->type_of(fields) : row->type,
                  .verbosity = row->verbosity};
}

}  // namespace celeriac::vm
