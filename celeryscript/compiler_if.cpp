// `_if`: read the left side, compare, run one of two sequences or none.
//
//     read the register   the position, or the pin's last value
//     compare             goes to one of the notes
//     note                "branching" or "continuing execution", for the log
//     [_then: execute]    goes on behind the _if
//     note
//     [_else: execute]    goes on behind the _if
//
// What is not known is NaN. FarmBot's devices order unknown behind every number: `is` and `<` are then false,
// `not` and
// `>` true. Comparisons with NaN give just that, if `>` is written as "not less or equal".

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>
#include <tuple>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {
namespace {

/// What stands on the left of a comparison: a register or a named pin, where its value arrives, and its name
/// in the log.
struct LeftSide {
  std::string reg;
  Handle pin = no_handle;  ///< instead of a register
  Input input = Input::value;
  std::string shown;
};

protocol::Result<LeftSide> left_side(StepWriter& steps, const Node& node) {
  const Argument* argument = node.find("lhs");
  if (argument != nullptr && argument->misfit == Misfit::none) {
    if (const auto* named = std::get_if<const Node*>(&argument->value); named != nullptr) {
      const auto pin = pin_name(steps, **named);
      if (!pin) return std::unexpected(pin.error());
      const PinName& name = steps.tables().pins[static_cast<std::size_t>(*pin)];
      return LeftSide{.reg = {}, .pin = *pin, .shown = std::format("{} {}", name.type, name.id)};
    }
  }
  const auto written = word(node, "lhs");
  if (!written) return std::unexpected(written.error());
  struct AxisRow {
    std::string_view word;
    Input input;
    std::string_view shown;
  };
  constexpr AxisRow axes[] = {{"x", Input::x, "current X position"},
                              {"y", Input::y, "current Y position"},
                              {"z", Input::z, "current z position"}};
  const auto* axis = std::ranges::find(axes, *written, &AxisRow::word);
  if (axis != std::end(axes))
    return LeftSide{.reg = "position", .input = axis->input, .shown = std::string(axis->shown)};

  constexpr std::string_view prefix = "pin";
  if (written->starts_with(prefix)) {
    const std::string_view digits = written->substr(prefix.size());
    unsigned pin = 0;
    const auto [rest, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), pin);
    if (failure == std::errc() && rest == digits.data() + digits.size()) {
      return LeftSide{.reg = std::format("pins.{}", pin), .shown = std::format("Pin {} value", pin)};
    }
  }
  return refuse_argument(
      node, "lhs",
      std::format("`{}` cannot be compared: the left side is x, y, z or pin0 to pin69.", *written));
}

/// Appends "left op right", an i32; the left side is in a global.
using AppendComparison = void (*)(wasm::Code&, wasm::GlobalIndex left, double right);

struct OperatorRow {
  std::string_view word;
  bool compares;  // with the right side
  std::string_view shown;
  AppendComparison append;
};
constexpr OperatorRow operators[] = {
    {"<", true, "is less than",
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_lt();
     }},
    {">", true, "is greater than",
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_le().i32_eqz();
     }},
    {"is", true, "is",
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_eq();
     }},
    {"is_undefined", false, "is unknown",
     [](wasm::Code& code, wasm::GlobalIndex left, double) {
       code.global_get(left).global_get(left).f64_ne();
     }},
    {"not", true, "is not",
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_ne();
     }},
};

}  // namespace

protocol::Result<const Node*> branch(const Node& node, std::string_view argument) {
  const auto held = child(node, argument);
  if (!held) return std::unexpected(held.error());
  if ((*held)->word == "nothing") return nullptr;
  if ((*held)->word == "execute") return *held;
  return refuse_kind(**held);
}

protocol::Result<void> write_branch(Lowering& lowering, const Node* execute, std::string_view argument,
                                    StepIndex after) {
  if (execute == nullptr) return {};
  const std::size_t length = lowering.pointer.size();
  lowering.pointer.append("/args/").append(argument);
  lowering.steps.begin_node(execute->word, lowering.pointer);
  lowering.pointer.resize(length);
  return lower_execute(lowering, *execute, after);
}

protocol::Result<void> lower_if(Lowering& lowering, const Node& node) {
  StepWriter& steps = lowering.steps;
  const auto left = left_side(steps, node);
  if (!left) return std::unexpected(left.error());
  const auto op = word(node, "op");
  if (!op) return std::unexpected(op.error());
  const auto* row = std::ranges::find(operators, *op, &OperatorRow::word);
  if (row == std::end(operators)) {
    return refuse_argument(node, "op",
                           std::format("`{}` is no comparison: it is <, >, is, not or is_undefined.", *op));
  }
  const auto right = row->compares ? number(node, "rhs") : protocol::Result<double>(0);
  if (!right) return std::unexpected(right.error());
  const auto then = branch(node, "_then"), otherwise = branch(node, "_else");
  if (!then) return std::unexpected(then.error());
  if (!otherwise) return std::unexpected(otherwise.error());

  if (left->pin != no_handle) {
    steps.open().i32_const(left->pin).call(steps.import(HostCall::pin_value));
    steps.close();
  } else {
    steps.read_register(left->reg);
  }
  row->append(steps.open(StepWriter::Inputs::read), StepWriter::input(left->input), *right);
  // A note, and the execute where there is one.
  const StepIndex then_step = steps.next();
  const StepIndex else_step = then_step + (*then != nullptr ? 2 : 1);
  const StepIndex after = else_step + (*otherwise != nullptr ? 2 : 1);
  steps.close(then_step, else_step);

  const std::string compared = row->compares ? std::format("{} {} {:g}", left->shown, row->shown, *right)
                                             : std::format("{} {}", left->shown, row->shown);
  for (const auto& [execute, argument, follows] :
       {std::tuple{*then, "_then", *then == nullptr ? after : then_step + 1},
        std::tuple{*otherwise, "_else", *otherwise == nullptr ? after : else_step + 1}}) {
    steps.open()
        .i32_const(steps.text(std::format("Evaluated IF statement: {}; {}", compared,
                                          execute != nullptr ? "branching" : "continuing execution")))
        .call(steps.import(HostCall::note));
    steps.close(follows);
    auto written = write_branch(lowering, execute, argument, after);
    if (!written) return written;
  }
  return {};
}

}  // namespace celeriac::celeryscript
