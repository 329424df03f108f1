// Pins, by number or by name.
//
//     [PIN]           the number behind a name
//     write or read   with that number
//     [read back]     after a digital write, as FarmBot's devices do
//     PIN_WAS_READ    for the log, and for the readings of sensors
//
// What stands on no pin of the board, a LED of the box, is written by an operation of its own.

#include <format>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace protocol::literals;
using protocol::Result;

constexpr std::string_view box_led = "BoxLed";
constexpr std::int32_t digital = 0;
// Where the number behind a name waits; moves have the first two variables.
constexpr std::uint32_t pin_variable = 2;

/// The pin that a step works on: a number, or a name whose number is a variable after look_up().
struct Pin {
  std::int32_t number = 0;
  Handle name = no_handle;

  [[nodiscard]] bool named() const { return name != no_handle; }
};

/// The named_pin in an argument; nullptr if it holds anything else.
const Node* named_pin(const Node& node, std::string_view argument) {
  const Argument* found = node.find(argument);
  if (found == nullptr || found->misfit != Misfit::none) return nullptr;
  const auto* held = std::get_if<const Node*>(&found->value);
  return held != nullptr && *held != nullptr && (*held)->word == "named_pin" ? *held : nullptr;
}

/// The LED's number if the pin is one of the box's.
std::optional<std::int32_t> led(const Node& node) {
  const Node* pin = named_pin(node, "pin_number");
  if (pin == nullptr) return std::nullopt;
  const auto type = word(*pin, "pin_type");
  if (!type || !type->starts_with(box_led)) return std::nullopt;
  return (*type)[box_led.size()] - '0';
}

Result<Pin> pin(StepWriter& steps, const Node& node) {
  if (const Node* named = named_pin(node, "pin_number")) {
    const auto handle = pin_name(steps, *named);
    if (!handle) return std::unexpected(handle.error());
    return Pin{.name = *handle};
  }
  const auto number = whole(node, "pin_number");
  if (!number) return std::unexpected(number.error());
  return Pin{.number = *number};
}

/// Writes the micro-steps of work on one pin.
class PinWriter {
 public:
  PinWriter(StepWriter& steps, Pin pin) : steps_(steps), pin_(pin) {
    if (!pin_.named()) return;
    steps_.open().i32_const(pin_.name).call(steps_.import(HostCall::pin));
    steps_.close();
    steps_.open(StepWriter::Inputs::read)
        .global_get(StepWriter::input(Input::value))
        .global_set(steps_.variable(pin_variable));
    steps_.close();
  }

  /// An operation whose fields are `pin`, and what `values` holds for the others, in order.
  void operation(const protocol::Operation& operation, std::initializer_list<double> values) {
    wasm::Code& code = steps_.open();
    const auto* value = values.begin();
    for (const protocol::Field& field : operation.fields) {
      const bool is_pin = field.name == "pin";
      const bool real = field.type == protocol::FieldType::number || field.type == protocol::FieldType::any;
      if (is_pin && pin_.named()) {
        code.global_get(steps_.variable(pin_variable)).i32_trunc_f64();
      } else if (real) {
        code.f64_const(is_pin ? pin_.number : *value++);
      } else {
        code.i32_const(is_pin ? pin_.number : static_cast<std::int32_t>(*value++));
      }
    }
    code.call(steps_.import(operation));
    steps_.close();
  }

  void read(std::int32_t mode) {
    operation("SYS.READ_PIN"_op, {static_cast<double>(mode)});
    wasm::Code& code = steps_.open(StepWriter::Inputs::read);
    if (pin_.named()) {
      code.global_get(steps_.variable(pin_variable));
    } else {
      code.f64_const(pin_.number);
    }
    code.i32_const(mode).global_get(StepWriter::input(Input::value));
    code.call(steps_.import(HostCall::pin_was_read));
    steps_.close();
  }

 private:
  StepWriter& steps_;
  Pin pin_;
};

void write(PinWriter& pin, double value, std::int32_t mode) {
  pin.operation("SYS.WRITE_PIN"_op, {value, static_cast<double>(mode)});
  if (mode == digital) pin.read(digital);
}

Result<Pin> peripheral(StepWriter& steps, const Node& node) {
  const auto id = whole(node, "peripheral_id");
  if (!id) return std::unexpected(id.error());
  return Pin{.name = steps.add(&Tables::pins, PinName{.type = "Peripheral", .id = *id})};
}

}  // namespace

Result<Handle> pin_name(StepWriter& steps, const Node& named_pin) {
  const auto type = word(named_pin, "pin_type");
  if (!type) return std::unexpected(type.error());
  const auto id = whole(named_pin, "pin_id");
  if (!id) return std::unexpected(id.error());
  if (*type != "Peripheral" && *type != "Sensor") {
    return refuse(named_pin,
                  type->starts_with(box_led)
                      ? std::format("unknown pin kind: {} of id: {}. A LED of the box has no value "
                                    "that can be compared.",
                                    *type, *id)
                      : std::format("unknown pin kind: {} of id: {}", *type, *id));
  }
  return steps.add(&Tables::pins, PinName{.type = std::string(*type), .id = *id});
}

Result<void> lower_read_pin(Lowering& lowering, const Node& node) {
  StepWriter& steps = lowering.steps;
  if (led(node)) {  // always 1, and nothing to ask: a micro-step that shows in a debugger
    steps.open();
    steps.close();
    return {};
  }
  const auto read = pin(steps, node);
  if (!read) return std::unexpected(read.error());
  const auto mode = whole(node, "pin_mode");
  if (!mode) return std::unexpected(mode.error());
  PinWriter(steps, *read).read(*mode);
  return {};
}

Result<void> lower_write_pin(Lowering& lowering, const Node& node) {
  StepWriter& steps = lowering.steps;
  const auto value = number(node, "pin_value");
  if (!value) return std::unexpected(value.error());
  const auto mode = whole(node, "pin_mode");
  if (!mode) return std::unexpected(mode.error());
  if (const auto number = led(node)) {
    static const protocol::Operation& write_led = "SYS.WRITE_LED"_op;
    steps.open()
        .i32_const(*number)
        .i32_const(static_cast<std::int32_t>(*value))
        .call(steps.import(write_led));
    steps.close();
    return {};
  }
  const auto written = pin(steps, node);
  if (!written) return std::unexpected(written.error());
  PinWriter writer(steps, *written);
  write(writer, *value, *mode);
  return {};
}

Result<void> lower_toggle_pin(Lowering& lowering, const Node& node) {
  const auto toggled = pin(lowering.steps, node);
  if (!toggled) return std::unexpected(toggled.error());
  PinWriter writer(lowering.steps, *toggled);
  writer.operation("SYS.TOGGLE_PIN"_op, {});
  writer.read(digital);
  return {};
}

Result<void> lower_read_peripheral(Lowering& lowering, const Node& node) {
  const auto read = peripheral(lowering.steps, node);
  if (!read) return std::unexpected(read.error());
  const auto mode = whole(node, "pin_mode");
  if (!mode) return std::unexpected(mode.error());
  PinWriter(lowering.steps, *read).read(*mode);
  return {};
}

Result<void> lower_write_peripheral(Lowering& lowering, const Node& node) {
  const auto written = peripheral(lowering.steps, node);
  if (!written) return std::unexpected(written.error());
  const auto value = number(node, "pin_value");
  if (!value) return std::unexpected(value.error());
  const auto mode = whole(node, "pin_mode");
  if (!mode) return std::unexpected(mode.error());
  PinWriter writer(lowering.steps, *written);
  write(writer, *value, *mode);
  return {};
}

}  // namespace celeriac::celeryscript
