// Kinds that are one operation with the node's own arguments, as a table.

#include <algorithm>
#include <array>
#include <format>
#include <span>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {
namespace {

using protocol::Field;
using protocol::FieldType;

/// A field of the operation, the argument of the node that fills it, and, where the two spell their choices
/// differently, the words.
struct Source {
  std::string_view field;
  std::string_view argument;
  std::span<const std::pair<std::string_view, std::string_view>> words = {};  // the node's, the operation's
};

constexpr std::pair<std::string_view, std::string_view> package_words[] = {{"arduino_firmware", "firmware"},
                                                                           {"farmbot_os", "os"}};

constexpr Source axis[] = {{"axis", "axis"}};
constexpr Source axis_speed[] = {{"axis", "axis"}, {"speed", "speed"}};
constexpr Source distance[] = {{"x", "x"},           {"y", "y"},           {"z", "z"},
                               {"x_speed", "speed"}, {"y_speed", "speed"}, {"z_speed", "speed"}};
constexpr Source package[] = {{"package", "package", package_words}};
constexpr Source board[] = {{"board", "package"}};
constexpr Source servo[] = {{"pin", "pin_number"}, {"angle", "pin_value"}};
constexpr Source io_mode[] = {{"pin", "pin_number"}, {"io_mode", "pin_io_mode"}};
constexpr Source milliseconds[] = {{"milliseconds", "milliseconds"}};

}  // namespace

struct OperationKind {
  std::string_view kind;
  std::string_view operation;
  std::span<const Source> sources = {};
};

namespace {

// Sorted by kind.
constexpr OperationKind operation_kinds[] = {
    {"calibrate", "SYS.CALIBRATE", axis},
    {"check_updates", "SYS.CHECK_UPDATES"},
    {"emergency_lock", "SYS.EMERGENCY_LOCK"},
    {"emergency_unlock", "SYS.EMERGENCY_UNLOCK"},
    {"factory_reset", "SYS.FACTORY_RESET", package},
    {"find_home", "SYS.FIND_HOME", axis_speed},
    {"flash_firmware", "SYS.FLASH_FIRMWARE", board},
    {"home", "SYS.HOME", axis_speed},
    {"move_relative", "SYS.MOVE_RELATIVE", distance},
    {"power_off", "SYS.POWER_OFF"},
    {"read_status", "SYS.READ_STATUS"},
    {"reboot", "SYS.REBOOT", package},
    {"set_pin_io_mode", "SYS.SET_PIN_IO_MODE", io_mode},
    {"set_servo_angle", "SYS.SET_SERVO_ANGLE", servo},
    {"sync", "SYS.SYNC"},
    {"wait", "SYS.WAIT", milliseconds},
    {"zero", "SYS.ZERO", axis},
};
static_assert(std::ranges::is_sorted(operation_kinds, {}, &OperationKind::kind));

/// The rows' operations, looked up once.
const protocol::Operation& operation_of(const OperationKind& kind) {
  static const auto found = [] {
    std::array<const protocol::Operation*, std::size(operation_kinds)> rows{};
    std::ranges::transform(operation_kinds, rows.begin(), [](const OperationKind& row) {
      return &protocol::literals::operator""_op(row.operation.data(), row.operation.size());
    });
    return rows;
  }();
  return *found[static_cast<std::size_t>(&kind - operation_kinds)];
}

/// A choice written as a number or as a word.
protocol::Result<std::int32_t> choice(const Node& node, const Source& source, const Field& field) {
  const Argument* argument = node.find(source.argument);
  if (argument == nullptr || !std::holds_alternative<std::string>(argument->value))
    return whole(node, source.argument);
  std::string_view written = std::get<std::string>(argument->value);
  if (!source.words.empty()) {
    const auto translated =
        std::ranges::find(source.words, written, [](const auto& pair) { return pair.first; });
    written = translated == source.words.end() ? std::string_view() : translated->second;
  }
  const auto found = std::ranges::find(field.choices, written, &protocol::Choice::name);
  if (found != field.choices.end()) return static_cast<std::int32_t>(found->number);
  std::string legal;
  for (const protocol::Choice& each : field.choices) {
    const auto back =
        std::ranges::find(source.words, each.name, [](const auto& pair) { return pair.second; });
    legal += std::format("{}`{}`", legal.empty() ? "" : ", ",
                         back == source.words.end() ? each.name : back->first);
  }
  return refuse_argument(
      node, source.argument,
      std::format("`{}` cannot be the `{}` of `{}`: it is one of {}.", std::get<std::string>(argument->value),
                  source.argument, node.word, legal));
}

/// Puts one argument of the import on the stack.
protocol::Result<void> append_field(wasm::Code& code, StepWriter& steps, const Node& node, const Field& field,
                                    std::span<const Source> sources) {
  const auto source = std::ranges::find(sources, field.name, &Source::field);
  const bool given = source != sources.end() && (field.required || node.find(source->argument) != nullptr);
  switch (field.type) {
    case FieldType::number:
    case FieldType::any: {
      const auto value = given ? number(node, source->argument) : protocol::Result<double>(field.fallback);
      if (!value) return std::unexpected(value.error());
      code.f64_const(*value);
      return {};
    }
    case FieldType::integer:
    case FieldType::boolean:
    case FieldType::choice: {
      const auto value = !given ? protocol::Result<std::int32_t>(static_cast<std::int32_t>(field.fallback))
                         : field.type == FieldType::choice ? choice(node, *source, field)
                                                           : whole(node, source->argument);
      if (!value) return std::unexpected(value.error());
      code.i32_const(*value);
      return {};
    }
    case FieldType::text: {
      const auto value = given ? word(node, source->argument) : protocol::Result<std::string_view>("");
      if (!value) return std::unexpected(value.error());
      code.i32_const(steps.text(*value));
      return {};
    }
    case FieldType::texts:
    case FieldType::bytes:
    case FieldType::document:
      break;
  }
  return refuse(node, std::format("`{}` cannot give the operation its `{}`.", node.word, field.name));
}

}  // namespace

const OperationKind* find_operation_kind(std::string_view kind) noexcept {
  const auto* found = std::ranges::lower_bound(operation_kinds, kind, {}, &OperationKind::kind);
  return found != std::end(operation_kinds) && found->kind == kind ? found : nullptr;
}

protocol::Result<void> lower_operation(Lowering& lowering, const Node& node, const OperationKind& kind) {
  const protocol::Operation& operation = operation_of(kind);
  wasm::Code& code = lowering.steps.open();
  for (const Field& field : operation.fields) {
    auto appended = append_field(code, lowering.steps, node, field, kind.sources);
    if (!appended) return appended;
  }
  code.call(lowering.steps.import(operation));
  lowering.steps.close();
  return {};
}

}  // namespace celeriac::celeryscript
