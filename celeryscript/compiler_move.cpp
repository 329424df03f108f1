// Moves. `move_absolute` is one operation. `move` collects its items into a target for each axis:
//
//   without safe_z   [read position]  move to the target        the position is read only if the target needs
//   it with safe_z      read config.safe_height
//                    read position    up:     here, here, safe height
//                    read position    across: target, target, here
//                    read position    down:   here, here, target
//
// "Here" is the position as it is before that leg; what the target takes from the position is what was read
// before the first leg, and waits in variables. An unknown position is NaN and stays NaN in all sums, so that
// the host sees it and refuses the move for that reason.

#include <array>
#include <optional>
#include <vector>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace protocol::literals;

constexpr std::size_t axis_count = 3;
constexpr std::string_view axis_names[axis_count] = {"x", "y", "z"};
constexpr std::size_t z_axis = 2;
constexpr double full_speed = 100;  // percent, where nothing else is said

wasm::GlobalIndex here(std::size_t axis) {
  constexpr Input inputs[axis_count] = {Input::x, Input::y, Input::z};
  return StepWriter::input(inputs[axis]);
}

/// Where an axis goes: a constant, or the position at the start and what is added to it, in this order.
struct AxisTarget {
  std::optional<double> constant;
  std::vector<double> additions;

  void set(double value) {
    constant = value;
    additions.clear();
  }
  void add(double value) {
    if (constant) {
      *constant += value;
    } else {
      additions.push_back(value);
    }
  }
  void append(wasm::Code& code, std::size_t axis) const {
    if (constant) {
      code.f64_const(*constant);
      return;
    }
    code.global_get(here(axis));
    for (const double addition : additions) code.f64_const(addition).f64_add();
  }
};

struct Move {
  std::array<AxisTarget, axis_count> target;
  std::array<double, axis_count> speed{full_speed, full_speed, full_speed};
  bool safe_z = false;

  [[nodiscard]] bool needs_position() const {
    return !(target[0].constant && target[1].constant && target[2].constant);
  }
};

/// A call of SYS.MOVE_ABSOLUTE: `place(axis)` puts one coordinate on the stack.
template <class Place>
void append_move(StepWriter& steps, wasm::Code& code, const std::array<double, axis_count>& speed,
                 Place place) {
  static const protocol::Operation& move = "SYS.MOVE_ABSOLUTE"_op;
  for (const protocol::Field& field : move.fields) {  // x, y, z, x_speed, y_speed, z_speed
    const auto axis = static_cast<std::size_t>(field.name.front() - 'x');
    if (field.name.size() == 1) {
      place(axis);
    } else {
      code.f64_const(speed[axis]);
    }
  }
  code.call(steps.import(move));
}

protocol::Result<std::size_t> axis_of(const Node& item) {
  const auto name = word(item, "axis");
  if (!name) return std::unexpected(name.error());
  for (std::size_t axis = 0; axis < axis_count; ++axis) {
    if (*name == axis_names[axis]) return axis;
  }
  return refuse_argument(item, "axis", "Not permitted: an item of a move acts on one axis, `x`, `y` or `z`.");
}

/// What an operand gives for an axis.
protocol::Result<double> operand(const Node& item, std::size_t axis) {
  const auto node = child(item, "axis_operand");
  if (!node) return std::unexpected(node.error());
  if ((*node)->word == "numeric") return number(**node, "number");
  if ((*node)->word == "coordinate") return number(**node, axis_names[axis]);
  return refuse_kind(**node);
}

using ApplyItem = protocol::Result<void> (*)(Move&, const Node&);

protocol::Result<void> apply_safe_z(Move& move, const Node&) {
  move.safe_z = true;
  return {};
}

protocol::Result<void> apply_speed(Move& move, const Node& item) {
  const auto axis = axis_of(item);
  if (!axis) return std::unexpected(axis.error());
  const auto setting = child(item, "speed_setting");
  if (!setting) return std::unexpected(setting.error());
  if ((*setting)->word != "numeric") return refuse_kind(**setting);
  const auto percent = number(**setting, "number");
  if (!percent) return std::unexpected(percent.error());
  move.speed[*axis] = *percent;
  return {};
}

template <void (AxisTarget::*change)(double)>
protocol::Result<void> apply_target(Move& move, const Node& item) {
  const auto axis = axis_of(item);
  if (!axis) return std::unexpected(axis.error());
  const auto value = operand(item, *axis);
  if (!value) return std::unexpected(value.error());
  (move.target[*axis].*change)(*value);
  return {};
}

struct ItemRow {
  std::string_view kind;
  ApplyItem apply;
};
constexpr ItemRow item_rows[] = {{"axis_addition", apply_target<&AxisTarget::add>},
                                 {"axis_overwrite", apply_target<&AxisTarget::set>},
                                 {"safe_z", apply_safe_z},
                                 {"speed_overwrite", apply_speed}};

/// The items in their order. (z after x and y only matters to operands that look at the x and y reached so
/// far.)
protocol::Result<Move> collect(const Node& node) {
  Move move;
  for (const Node* item : node.body) {
    const auto* row = std::ranges::find(item_rows, item->word, &ItemRow::kind);
    if (row == std::end(item_rows)) return refuse_kind(*item);
    auto applied = row->apply(move, *item);
    if (!applied) return std::unexpected(std::move(applied.error()));
  }
  return move;
}

void write_plain(StepWriter& steps, const Move& move) {
  const bool reads = move.needs_position();
  if (reads) steps.read_register("position");
  wasm::Code& code = steps.open(reads ? StepWriter::Inputs::read : StepWriter::Inputs::unread);
  append_move(steps, code, move.speed, [&](std::size_t axis) { move.target[axis].append(code, axis); });
  steps.close();
}

void write_safe(StepWriter& steps, const Move& move) {
  // Variables: the safe height first, then whatever the target takes from the position.
  std::uint32_t used = 0;
  const wasm::GlobalIndex safe_height = steps.variable(used++);
  std::array<std::optional<wasm::GlobalIndex>, axis_count> kept;
  for (std::size_t axis = 0; axis < axis_count; ++axis) {
    if (!move.target[axis].constant) kept[axis] = steps.variable(used++);
  }
  static const protocol::Operation& read = "REGISTER.READ"_op;

  steps.read_register("config.safe_height");
  wasm::Code& keep_height = steps.open(StepWriter::Inputs::read);
  const wasm::GlobalIndex value = StepWriter::input(Input::value);
  keep_height.global_get(value).f64_const(0).global_get(value).global_get(value).f64_eq().select();  // NaN: 0
  keep_height.global_set(safe_height).i32_const(steps.text("position")).call(steps.import(read));
  steps.close();

  wasm::Code& up = steps.open(StepWriter::Inputs::read);
  for (std::size_t axis = 0; axis < axis_count; ++axis) {
    if (!kept[axis]) continue;
    move.target[axis].append(up, axis);
    up.global_set(*kept[axis]);
  }
  append_move(steps, up, move.speed,
              [&](std::size_t axis) { up.global_get(axis == z_axis ? safe_height : here(axis)); });
  steps.close();

  // Across takes x and y from the target and z from here; down the other way round.
  for (const bool down : {false, true}) {
    steps.read_register("position");
    wasm::Code& leg = steps.open(StepWriter::Inputs::read);
    append_move(steps, leg, move.speed, [&](std::size_t axis) {
      if ((axis == z_axis) != down) {
        leg.global_get(here(axis));
      } else if (kept[axis]) {
        leg.global_get(*kept[axis]);
      } else {
        leg.f64_const(*move.target[axis].constant);
      }
    });
    steps.close();
  }
}

/// A coordinate, the one kind of location that needs no looking up.
protocol::Result<std::array<double, axis_count>> coordinate(const Node& node, std::string_view argument) {
  const auto held = child(node, argument);
  if (!held) return std::unexpected(held.error());
  if ((*held)->word != "coordinate") return refuse_kind(**held);
  std::array<double, axis_count> place{};
  for (std::size_t axis = 0; axis < axis_count; ++axis) {
    const auto value = number(**held, axis_names[axis]);
    if (!value) return std::unexpected(value.error());
    place[axis] = *value;
  }
  return place;
}

}  // namespace

protocol::Result<void> lower_move(Lowering& lowering, const Node& node) {
  const auto move = collect(node);
  if (!move) return std::unexpected(move.error());
  (move->safe_z ? write_safe : write_plain)(lowering.steps, *move);
  return {};
}

protocol::Result<void> lower_move_absolute(Lowering& lowering, const Node& node) {
  const auto location = coordinate(node, "location");
  if (!location) return std::unexpected(location.error());
  const auto offset = coordinate(node, "offset");
  if (!offset) return std::unexpected(offset.error());
  const auto speed = number(node, "speed");
  if (!speed) return std::unexpected(speed.error());
  wasm::Code& code = lowering.steps.open();
  append_move(lowering.steps, code, {*speed, *speed, *speed},
              [&](std::size_t axis) { code.f64_const((*location)[axis] + (*offset)[axis]); });
  lowering.steps.close();
  return {};
}

}  // namespace celeriac::celeryscript
