// `_if`: read the left side, compare, run one of two sequences or none.
//
//     read the register   the position, or the pin's last value
//     compare             goes to _then, to _else, or on
//     [_then: execute]    goes on behind the _if
//     [_else: execute]    goes on behind the _if
//
// What is not known is NaN. FarmBot's devices order unknown behind every number: `is` and `<` are then false,
// `not` and
// `>` true. Comparisons with NaN give just that, if `>` is written as "not less or equal".

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {
namespace {

/// What stands on the left of a comparison: a register, and where its value arrives.
struct LeftSide {
  std::string reg;
  Input input;
};

protocol::Result<LeftSide> left_side(const Node& node) {
  const auto written = word(node, "lhs");
  if (!written) return std::unexpected(written.error());
  constexpr std::pair<std::string_view, Input> axes[] = {{"x", Input::x}, {"y", Input::y}, {"z", Input::z}};
  const auto* axis = std::ranges::find(axes, *written, [](const auto& row) { return row.first; });
  if (axis != std::end(axes)) return LeftSide{"position", axis->second};

  constexpr std::string_view prefix = "pin";
  if (written->starts_with(prefix)) {
    const std::string_view digits = written->substr(prefix.size());
    unsigned pin = 0;
    const auto [rest, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), pin);
    if (failure == std::errc() && rest == digits.data() + digits.size()) {
      return LeftSide{std::format("pins.{}", pin), Input::value};
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
  AppendComparison append;
};
constexpr OperatorRow operators[] = {
    {"<", true,
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_lt();
     }},
    {">", true,
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_le().i32_eqz();
     }},
    {"is", true,
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_eq();
     }},
    {"is_undefined", false,
     [](wasm::Code& code, wasm::GlobalIndex left, double) {
       code.global_get(left).global_get(left).f64_ne();
     }},
    {"not", true,
     [](wasm::Code& code, wasm::GlobalIndex left, double right) {
       code.global_get(left).f64_const(right).f64_ne();
     }},
};

/// The `execute` of a branch; nullptr for `nothing`.
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

}  // namespace

protocol::Result<void> lower_if(Lowering& lowering, const Node& node) {
  const auto left = left_side(node);
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

  StepWriter& steps = lowering.steps;
  steps.read_register(left->reg);
  row->append(steps.open(StepWriter::Inputs::read), StepWriter::input(left->input), *right);
  const StepIndex then_step = steps.next(), else_step = then_step + (*then != nullptr ? 1 : 0);
  const StepIndex after = else_step + (*otherwise != nullptr ? 1 : 0);
  steps.close(*then != nullptr ? then_step : after, *otherwise != nullptr ? else_step : after);

  auto written = write_branch(lowering, *then, "_then", after);
  if (written) written = write_branch(lowering, *otherwise, "_else", after);
  return written;
}

}  // namespace celeriac::celeryscript
