// Moves. A `move` collects its items into a target for each axis, and goes there in legs:
//
//     [LUA of operands and speeds, in the body's order]
//     [read position]                  only if the target needs it
//     [EVALUATE, RANDOM, SOIL_HEIGHT]  one for each operand that is not a constant, x and y before z
//     LEG          where the next leg goes, by safe_z, axis_order, or what the device is set to
//     move         and keep the number of the leg that follows
//     again?       back to LEG, or on
//
// Operands that are not constants wait in variables, and so does the position, so that sums can be made in
// any micro-step. An unknown position is NaN and stays NaN in all sums: the host sees it and refuses the move
// for that reason. The number of the leg is only set when a leg has been gone, so that a move that has to
// wait for its turn begins anew with the first.

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <vector>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"
#include "celeryscript/compiler_values.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace protocol::literals;
using protocol::Result;

constexpr std::size_t axis_count = 3;
constexpr std::string_view axis_names[axis_count] = {"x", "y", "z"};
constexpr Input axis_inputs[axis_count] = {Input::x, Input::y, Input::z};
constexpr std::size_t z_axis = 2;
constexpr double full_speed = 100;  // percent, where nothing else is said
constexpr std::string_view safe_z_order = "safe_z";
// v0 is the leg that a move is on, 0 outside of one, v1 the leg that follows: no step uses them for anything
// else.
constexpr std::uint32_t own_variables = 2;

/// A number of a sum: a constant or a variable.
struct Term {
  double constant = 0;
  std::optional<wasm::GlobalIndex> variable = {};

  void append(wasm::Code& code) const {
    if (variable) {
      code.global_get(*variable);
    } else {
      code.f64_const(constant);
    }
  }
};

/// Where an axis goes: a sum. Without terms it stays where it is.
using Target = std::vector<Term>;

void append_sum(wasm::Code& code, const Target& target) {
  target.front().append(code);
  for (std::size_t i = 1; i < target.size(); ++i) {
    target[i].append(code);
    code.f64_add();
  }
}

void add(Target& target, Term term) {
  if (!term.variable && !target.empty() && !target.back().variable && target.size() == 1) {
    target.back().constant += term.constant;
  } else {
    target.push_back(term);
  }
}

/// What a move's items become while they are read.
class MoveWriter {
 public:
  MoveWriter(Lowering& lowering, const Node& node) : steps_(lowering.steps), node_(node) {
    operands_before_ = steps_.tables().operands.size();
  }

  Result<void> write() {
    if (auto sorted = sort_items(); !sorted) return sorted;
    if (auto scripts = run_scripts(); !scripts) return scripts;
    if (needs_position()) read_position();
    for (const Node* item : ordered_) {
      if (auto applied = apply(*item); !applied) return applied;
    }
    for (std::size_t axis = 0; axis < axis_count; ++axis) {
      if (target_[axis].empty()) target_[axis].push_back(here(axis));
    }
    write_legs();
    return {};
  }

 private:
  using Apply = Result<void> (MoveWriter::*)(const Node&, std::size_t axis);
  struct ItemRow {
    std::string_view kind;
    Apply apply;
  };
  static const ItemRow item_rows[3];
  using Evaluate = Result<std::optional<Term>> (MoveWriter::*)(const Node& item, const Node& operand,
                                                               std::size_t axis);
  struct OperandRow {
    std::string_view kind;
    Evaluate evaluate;
  };
  static const OperandRow operand_rows[3];

  wasm::GlobalIndex fresh() { return steps_.variable(variables_++); }
  Term here(std::size_t axis) const { return {.variable = start_[axis]}; }

  static Result<std::size_t> axis_of(const Node& item) {
    const auto name = word(item, "axis");
    if (!name) return std::unexpected(name.error());
    const auto* found = std::ranges::find(axis_names, *name);
    if (found != std::end(axis_names)) return static_cast<std::size_t>(found - std::begin(axis_names));
    return refuse_argument(item, "axis",
                           "Not permitted: an item of a move acts on one axis, `x`, `y` or `z`.");
  }

  // Items for x and y first, then those for z, each in the body's order: operands for z see the final x and
  // y.
  Result<void> sort_items() {
    std::vector<const Node*> z_items;
    for (const Node* item : node_.body) {
      if (item->word == "safe_z") {
        order_ = safe_z_order;
        continue;
      }
      if (item->word == "axis_order") {
        const auto grouping = word(*item, "grouping"), route = word(*item, "route");
        if (!grouping) return std::unexpected(grouping.error());
        if (!route) return std::unexpected(route.error());
        if (order_ != safe_z_order) order_ = std::format("{};{}", *grouping, *route);
        continue;
      }
      const auto axis = axis_of(*item);
      if (!axis) return std::unexpected(axis.error());
      (*axis == z_axis ? z_items : ordered_).push_back(item);
    }
    ordered_.insert(ordered_.end(), z_items.begin(), z_items.end());
    return {};
  }

  /// The operand or speed of an item, if it is Lua.
  static Result<const Node*> script_of(const Node& item) {
    const auto held = child(item, item.word == "speed_overwrite" ? "speed_setting" : "axis_operand");
    if (!held) return std::unexpected(held.error());
    return (*held)->word == "lua" ? *held : nullptr;
  }

  Result<void> run_scripts() {
    for (const Node* item : node_.body) {
      if (item->word == "safe_z" || item->word == "axis_order") continue;
      const auto script = script_of(*item);
      if (!script) return std::unexpected(script.error());
      if (*script == nullptr) continue;
      const auto code = word(**script, "lua");
      if (!code) return std::unexpected(code.error());
      steps_.open()
          .i32_const(steps_.add(&Tables::scripts, std::string(*code)))
          .i32_const(static_cast<std::int32_t>(LuaUse::number))
          .call(steps_.import(HostCall::lua));
      steps_.close();
      scripts_.emplace_back(item, keep(Input::value));
    }
    return {};
  }

  /// A micro-step that keeps what the call before it found.
  wasm::GlobalIndex keep(Input input) {
    const wasm::GlobalIndex variable = fresh();
    steps_.open(StepWriter::Inputs::read).global_get(StepWriter::input(input)).global_set(variable);
    steps_.close();
    return variable;
  }

  [[nodiscard]] bool needs_position() const {
    std::array<bool, axis_count> set{};
    for (const Node* item : ordered_) {
      const auto axis = axis_of(*item);
      if (item->word == "speed_overwrite") continue;
      const auto operand = child(*item, "axis_operand");
      if (!operand || (*operand)->word == "special_value") return true;
      if (item->word == "axis_overwrite") set[*axis] = true;
    }
    return !std::ranges::all_of(set, std::identity());
  }

  void read_position() {
    steps_.read_register("position");
    wasm::Code& code = steps_.open(StepWriter::Inputs::read);
    for (std::size_t axis = 0; axis < axis_count; ++axis) {
      start_[axis] = fresh();
      code.global_get(StepWriter::input(axis_inputs[axis])).global_set(*start_[axis]);
    }
    steps_.close();
  }

  Result<void> apply(const Node& item) {
    const auto* row = std::ranges::find(item_rows, item.word, &ItemRow::kind);
    if (row == std::end(item_rows)) return refuse_kind(item);
    return (this->*row->apply)(item, *axis_of(item));
  }

  Result<void> apply_speed(const Node& item, std::size_t axis) {
    const auto setting = child(item, "speed_setting");
    if (!setting) return std::unexpected(setting.error());
    const auto script = std::ranges::find(scripts_, &item, &std::pair<const Node*, wasm::GlobalIndex>::first);
    if (script != scripts_.end()) {
      speed_[axis] = {.variable = script->second};
      return {};
    }
    if ((*setting)->word != "numeric") return refuse_kind(**setting);
    const auto percent = number(**setting, "number");
    if (!percent) return std::unexpected(percent.error());
    speed_[axis] = {.constant = *percent};
    return {};
  }

  Result<void> apply_overwrite(const Node& item, std::size_t axis) {
    const auto term = operand(item, axis);
    if (!term) return std::unexpected(term.error());
    if (*term) target_[axis] = {**term};
    return {};
  }

  Result<void> apply_addition(const Node& item, std::size_t axis) {
    const auto term = operand(item, axis);
    if (!term) return std::unexpected(term.error());
    if (!*term) return {};
    if (sets_) {  // the height of the soil replaces what is there
      target_[axis] = {**term};
      return {};
    }
    if (target_[axis].empty()) target_[axis].push_back(here(axis));
    add(target_[axis], **term);
    return {};
  }

  /// What an operand is worth for an axis; nullopt: the item has no effect.
  Result<std::optional<Term>> operand(const Node& item, std::size_t axis) {
    sets_ = false;
    const auto node = child(item, "axis_operand");
    if (!node) return std::unexpected(node.error());
    const auto* row = std::ranges::find(operand_rows, (*node)->word, &OperandRow::kind);
    return (this->*(row != std::end(operand_rows) ? row->evaluate : &MoveWriter::value))(item, **node, axis);
  }

  /// A data value: a constant, or what the host says of it.
  Result<std::optional<Term>> value(const Node&, const Node& node, std::size_t axis) {
    auto read = data_value(node);
    if (!read) return std::unexpected(std::move(read.error()));
    if (const auto* number = std::get_if<double>(&*read)) return Term{.constant = *number};
    if (const auto* place = std::get_if<Coordinate>(&*read)) {
      const double parts[axis_count] = {place->x, place->y, place->z};
      return Term{.constant = parts[axis]};
    }
    const Handle handle = steps_.add_operand(std::move(*read), operands_before_);
    const auto known = std::ranges::find(places_, handle, &Place::operand);
    if (known != places_.end()) return Term{.variable = known->axes[axis]};
    steps_.open()
        .i32_const(handle)
        .i32_const(static_cast<std::int32_t>(OperandUse::operand))
        .call(steps_.import(HostCall::evaluate));
    steps_.close();
    Place place{.operand = handle, .axes = {}};
    wasm::Code& code = steps_.open(StepWriter::Inputs::read);
    for (std::size_t each = 0; each < axis_count; ++each) {
      place.axes[each] = fresh();
      code.global_get(StepWriter::input(axis_inputs[each])).global_set(place.axes[each]);
    }
    steps_.close();
    places_.push_back(place);
    return Term{.variable = place.axes[axis]};
  }

  Result<std::optional<Term>> random(const Node&, const Node& node, std::size_t) {
    const auto variance = number(node, "variance");
    if (!variance) return std::unexpected(variance.error());
    steps_.open().f64_const(*variance).call(steps_.import(HostCall::random));
    steps_.close();
    return Term{.variable = keep(Input::value)};
  }

  Result<std::optional<Term>> script(const Node& item, const Node&, std::size_t) {
    return Term{
        .variable =
            std::ranges::find(scripts_, &item, &std::pair<const Node*, wasm::GlobalIndex>::first)->second};
  }

  Result<std::optional<Term>> special(const Node&, const Node& node, std::size_t axis) {
    const auto label = word(node, "label");
    if (!label) return std::unexpected(label.error());
    if (*label == "current_location") return here(axis);
    if (*label == "safe_height") {
      steps_.read_register("config.safe_height");
      const wasm::GlobalIndex height = fresh();
      const wasm::GlobalIndex found = StepWriter::input(Input::value);
      steps_
          .open(StepWriter::Inputs::read)  // NaN, unset: 0
          .global_get(found)
          .f64_const(0)
          .global_get(found)
          .global_get(found)
          .f64_eq()
          .select()
          .global_set(height);
      steps_.close();
      return Term{.variable = height};
    }
    if (*label == "soil_height") {
      if (axis != z_axis) return std::nullopt;
      sets_ = true;
      wasm::Code& code = steps_.open();
      for (const std::size_t each : {std::size_t{0}, std::size_t{1}}) {
        append_sum(code, target_[each].empty() ? Target{here(each)} : target_[each]);
      }
      code.call(steps_.import(HostCall::soil_height));
      steps_.close();
      return Term{.variable = keep(Input::value)};
    }
    return refuse_argument(node, "label",
                           std::format("`{}` is no special value: it is current_location, safe_height or "
                                       "soil_height.",
                                       *label));
  }

  void write_legs() {
    static const protocol::Operation& move = "SYS.MOVE_ABSOLUTE"_op;
    const wasm::GlobalIndex leg = steps_.variable(0), following = steps_.variable(1);
    const StepIndex first = steps_.next();
    wasm::Code& ask = steps_.open();
    for (const Target& target : target_) append_sum(ask, target);
    ask.global_get(leg).i32_const(order_.empty() ? no_handle : steps_.text(order_));
    ask.call(steps_.import(HostCall::leg));
    steps_.close();

    wasm::Code& go = steps_.open(StepWriter::Inputs::read);
    go.global_get(StepWriter::input(Input::value)).global_set(following);
    for (const protocol::Field& field : move.fields) {  // x, y, z, x_speed, y_speed, z_speed
      const auto axis = static_cast<std::size_t>(field.name.front() - 'x');
      if (field.name.size() == 1) {
        go.global_get(StepWriter::input(axis_inputs[axis]));
      } else {
        speed_[axis].append(go);
      }
    }
    go.call(steps_.import(move));
    steps_.close();

    wasm::Code& again = steps_.open();
    again.global_get(following).global_set(leg).global_get(leg).f64_const(0).f64_ne();
    steps_.close(first, steps_.next());
  }

  struct Place {
    Handle operand;
    std::array<wasm::GlobalIndex, axis_count> axes;
  };

  StepWriter& steps_;
  const Node& node_;
  std::vector<const Node*> ordered_;  // items that act on an axis
  std::string order_;                 // "": as the device is set
  std::array<Target, axis_count> target_;
  std::array<Term, axis_count> speed_{Term{full_speed}, Term{full_speed}, Term{full_speed}};
  std::array<std::optional<wasm::GlobalIndex>, axis_count> start_;
  std::vector<std::pair<const Node*, wasm::GlobalIndex>> scripts_;  // what the Lua of an item returned
  std::vector<Place> places_;
  std::size_t operands_before_ = 0;
  std::uint32_t variables_ = own_variables;
  bool sets_ = false;  // the operand replaces, even in an addition
};

const MoveWriter::ItemRow MoveWriter::item_rows[] = {{"axis_addition", &MoveWriter::apply_addition},
                                                     {"axis_overwrite", &MoveWriter::apply_overwrite},
                                                     {"speed_overwrite", &MoveWriter::apply_speed}};
const MoveWriter::OperandRow MoveWriter::operand_rows[] = {
    {"lua", &MoveWriter::script}, {"random", &MoveWriter::random}, {"special_value", &MoveWriter::special}};

}  // namespace

Result<void> lower_move(Lowering& lowering, const Node& node) {
  return MoveWriter(lowering, node).write();
}

// One move, whatever the device's order of axes is: the location is found, the offset added.
Result<void> lower_move_absolute(Lowering& lowering, const Node& node) {
  static const protocol::Operation& move = "SYS.MOVE_ABSOLUTE"_op;
  const auto location = child(node, "location"), offset = child(node, "offset");
  if (!location) return std::unexpected(location.error());
  if (!offset) return std::unexpected(offset.error());
  auto place = data_value(**location), added = data_value(**offset);
  if (!place) return std::unexpected(std::move(place.error()));
  if (!added) return std::unexpected(std::move(added.error()));
  const auto* shift = std::get_if<Coordinate>(&*added);
  if (shift == nullptr)
    return refuse(**offset, "Unexpected location or offset: an offset is a `coordinate`.");
  const auto speed = number(node, "speed");
  if (!speed) return std::unexpected(speed.error());

  StepWriter& steps = lowering.steps;
  const auto* fixed = std::get_if<Coordinate>(&*place);
  if (fixed == nullptr) {
    steps.open()
        .i32_const(steps.add(&Tables::operands, *place))
        .i32_const(static_cast<std::int32_t>(OperandUse::location))
        .call(steps.import(HostCall::evaluate));
    steps.close();
  }
  const double shifts[axis_count] = {shift->x, shift->y, shift->z};
  wasm::Code& code = steps.open(fixed == nullptr ? StepWriter::Inputs::read : StepWriter::Inputs::unread);
  for (const protocol::Field& field : move.fields) {
    const auto axis = static_cast<std::size_t>(field.name.front() - 'x');
    if (field.name.size() != 1) {
      code.f64_const(*speed);
    } else if (fixed != nullptr) {
      const double parts[axis_count] = {fixed->x, fixed->y, fixed->z};
      code.f64_const(parts[axis] + shifts[axis]);
    } else {
      code.global_get(StepWriter::input(axis_inputs[axis])).f64_const(shifts[axis]).f64_add();
    }
  }
  code.call(steps.import(move));
  steps.close();
  return {};
}

}  // namespace celeriac::celeryscript
