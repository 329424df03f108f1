#include "wasm/foreign/cost.hpp"

#include <algorithm>

#include "wasm/foreign/instruction.hpp"

namespace celeriac::wasm::foreign {
namespace {

/// No instruction is longer, but for tables of branches, which small functions have none of either.
constexpr std::size_t small_bytes = 12 * small_instructions;

bool writes_table(Opcode opcode) noexcept {
  constexpr Opcode writing[] = {Opcode::table_set, Opcode::table_init, Opcode::table_copy, Opcode::table_grow,
                                Opcode::table_fill};
  return (opcode == Opcode::table_set || opcode >= Opcode::table_init) &&
         std::ranges::contains(writing, opcode);
}

/// Instructions of a small function; 0: it is not one.
std::uint32_t small_cost(const Body& body) {
  if (body.code.size() > small_bytes || body.local_count > small_instructions) return 0;
  std::uint32_t instructions = 0;
  for (Cursor code(body.code); !code.at_end(); ++instructions) {
    const Opcode opcode = next_instruction(code).opcode();
    const bool far = opcode == Opcode::call || opcode == Opcode::call_indirect || opcode == Opcode::loop;
    if (far || works_on_range(opcode) || writes_table(opcode)) return 0;
  }
  return instructions <= small_instructions ? instructions : 0;
}

/// Walks one body and adds up.
class Account {
 public:
  Account(const ForeignModule& module, const Body& body, std::span<const std::uint32_t> small)
      : module_(module), body_(body), small_(small) {}

  FunctionCost total() {
    const FunctionType& type = module_.types[body_.type];
    // The function is the outermost block; its frame stays when its `end` is taken away.
    frames_.push_back({.base = 0, .results = count(type.results), .payer = outside});
    for (Cursor code(body_.code); !code.at_end();) take(next_instruction(code));
    const std::size_t values =
        type.parameters.size() + body_.local_count + static_cast<std::size_t>(highest_);
    if (calls_ || values > uncounted_values) {
      cost_.depth = 1 + static_cast<std::uint32_t>(values / values_of_a_unit);
    }
    cost_.entry += body_.local_count / locals_of_a_unit;
    return std::move(cost_);
  }

 private:
  static constexpr std::size_t outside = SIZE_MAX;
  struct Frame {
    std::int64_t base;  ///< height below the parameters
    std::int64_t parameters = 0;
    std::int64_t results = 0;
    std::size_t payer;  ///< the loop whose fuel pays for what is inside; `outside`: the function's entry
  };

  static std::int64_t count(const std::vector<ValueType>& types) noexcept {
    return static_cast<std::int64_t>(types.size());
  }

  void pay(std::uint32_t fuel) {
    const std::size_t payer = frames_.back().payer;
    (payer == outside ? cost_.entry : cost_.loops[payer]) += fuel;
  }

  void open(const Instruction& instruction) {
    Frame frame{.base = height_, .payer = frames_.back().payer};
    if (instruction.block.type) {
      const FunctionType& type = module_.types[*instruction.block.type];
      frame.parameters = count(type.parameters);
      frame.results = count(type.results);
    } else {
      frame.results = instruction.block.result ? 1 : 0;
    }
    frame.base -= frame.parameters;
    if (instruction.opcode() == Opcode::loop) {
      frame.payer = cost_.loops.size();
      cost_.loops.push_back(1);
    }
    frames_.push_back(frame);
  }

  void call(const FunctionType& type, std::uint32_t fuel) {
    calls_ = true;
    height_ += count(type.results) - count(type.parameters);
    pay(fuel);
  }

  void take(const Instruction& instruction) {
    const Opcode opcode = instruction.opcode();
    pay(1);
    height_ += instruction.row->effect;
    switch (opcode) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
        open(instruction);
        break;
      case Opcode::else_:
        height_ = frames_.back().base + frames_.back().parameters;
        break;
      case Opcode::end:
        height_ = frames_.back().base + frames_.back().results;
        if (frames_.size() > 1) frames_.pop_back();
        break;
      case Opcode::br:
      case Opcode::br_table:
      case Opcode::return_:
      case Opcode::unreachable:
        height_ = frames_.back().base;  // what follows is never reached
        break;
      case Opcode::call: {
        const bool imported = instruction.index < module_.imports.size();
        call(module_.type_of(instruction.index),
             imported ? far_call_cost : small_[instruction.index - module_.imports.size()]);
        break;
      }
      case Opcode::call_indirect:
        call(module_.types[instruction.index], far_call_cost);
        break;
      default:
        cost_.has_ranges |= works_on_range(opcode);
        cost_.writes_tables |= writes_table(opcode);
        cost_.drops_segments |= opcode == Opcode::data_drop || opcode == Opcode::elem_drop;
        break;
    }
    highest_ = std::max(highest_, height_);
  }

  const ForeignModule& module_;
  const Body& body_;
  std::span<const std::uint32_t> small_;
  std::vector<Frame> frames_;
  std::int64_t height_ = 0, highest_ = 0;
  bool calls_ = false;
  FunctionCost cost_;
};

}  // namespace

bool works_on_range(Opcode opcode) noexcept {
  constexpr Opcode ranges[] = {Opcode::memory_init, Opcode::memory_copy, Opcode::memory_fill,
                               Opcode::table_init,  Opcode::table_copy,  Opcode::table_fill};
  return opcode >= Opcode::memory_init && std::ranges::contains(ranges, opcode);
}

std::vector<FunctionCost> costs_of(const ForeignModule& module) {
  std::vector<std::uint32_t> small;
  small.reserve(module.bodies.size());
  for (const Body& body : module.bodies) small.push_back(small_cost(body));
  std::vector<FunctionCost> costs;
  costs.reserve(module.bodies.size());
  for (std::size_t i = 0; i < module.bodies.size(); ++i) {
    costs.push_back(Account(module, module.bodies[i], small).total());
    if (small[i] != 0) costs.back().entry = 0;
  }
  return costs;
}

}  // namespace celeriac::wasm::foreign
