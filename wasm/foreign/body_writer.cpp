#include "wasm/foreign/body_writer.hpp"

#include "wasm/foreign/instruction.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::uint8_t empty_block = 0x40;
/// Bytes of a range that a unit of fuel pays for, as a shift: 16.
constexpr std::int64_t range_shift = 4;

void put(Bytes& out, Opcode opcode) {
  out.push_back(static_cast<std::uint8_t>(opcode));
}
void put(Bytes& out, Opcode opcode, std::uint32_t index) {
  put(out, opcode);
  append_unsigned(out, index);
}
void put_constant(Bytes& out, Opcode opcode, std::int64_t value) {
  put(out, opcode);
  append_signed(out, value);
}
void append_bytes(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

TypeTable::TypeTable(const ForeignModule& module) : next_(static_cast<std::uint32_t>(module.types.size())) {
  for (std::uint32_t i = 0; i < next_; ++i) {
    known_.try_emplace({module.types[i].parameters, module.types[i].results}, i);
  }
}

std::uint32_t TypeTable::index(const FunctionType& type) {
  const auto [place, is_new] = known_.try_emplace({type.parameters, type.results}, next_);
  if (is_new) {
    added_.push_back(type);
    ++next_;
  }
  return place->second;
}

BodyWriter::BodyWriter(const ForeignModule& module, const HostIndices& host, TypeTable& types)
    : module_(module), host_(host), types_(types) {
  Bytes& check = refuel_when_empty_;
  put(check, Opcode::global_get, host.fuel);
  put_constant(check, Opcode::i64_const, 0);
  put(check, Opcode::i64_lt_s);
  put(check, Opcode::if_);
  check.push_back(empty_block);
  put(check, Opcode::call, host.refuel);
  put(check, Opcode::end);
}

void BodyWriter::append(Bytes& out, const Body& body, const FunctionCost& cost) {
  out_.clear();
  append_locals(body, cost);
  if (cost.depth != 0) enter(cost.depth, module_.types[body.type].results);
  if (cost.entry != 0) append_fuel(cost.entry);
  append_code(body, cost);
  if (cost.depth != 0) leave(cost.depth);
  append_unsigned(out, static_cast<std::uint32_t>(out_.size()));
  append_bytes(out, out_);
}

void BodyWriter::append_locals(const Body& body, const FunctionCost& cost) {
  append_unsigned(out_, body.local_groups + (cost.has_ranges ? 1 : 0));
  append_bytes(out_, body.locals);
  if (!cost.has_ranges) return;
  append_unsigned(out_, 1);
  out_.push_back(std::to_underlying(ValueType::i32));
}

void BodyWriter::append_fuel(std::uint32_t cost) {
  put(out_, Opcode::global_get, host_.fuel);
  put_constant(out_, Opcode::i64_const, cost);
  put(out_, Opcode::i64_sub);
  put(out_, Opcode::global_set, host_.fuel);
  append_bytes(out_, refuel_when_empty_);
}

void BodyWriter::append_range_fuel(std::uint32_t length_local) {
  put(out_, Opcode::local_set, length_local);
  put(out_, Opcode::global_get, host_.fuel);
  put(out_, Opcode::local_get, length_local);
  put(out_, Opcode::i64_extend_i32_u);
  put_constant(out_, Opcode::i64_const, range_shift);
  put(out_, Opcode::i64_shr_u);
  put(out_, Opcode::i64_sub);
  put(out_, Opcode::global_set, host_.fuel);
  append_bytes(out_, refuel_when_empty_);
  put(out_, Opcode::local_get, length_local);
}

/// Counts, and opens a block around the body: its label has the number that the function's label had, so that
/// branches stay as they are.
void BodyWriter::enter(std::uint32_t depth, const std::vector<ValueType>& results) {
  put(out_, Opcode::global_get, host_.depth);
  put_constant(out_, Opcode::i32_const, depth);
  put(out_, Opcode::i32_add);
  put(out_, Opcode::global_set, host_.depth);
  put(out_, Opcode::global_get, host_.depth);
  put_constant(out_, Opcode::i32_const, static_cast<std::int32_t>(host_.depth_limit));
  put(out_, Opcode::i32_gt_u);
  put(out_, Opcode::if_);
  out_.push_back(empty_block);
  put(out_, Opcode::call, host_.too_deep);
  put(out_, Opcode::unreachable);
  put(out_, Opcode::end);
  put(out_, Opcode::block);
  if (results.empty()) {
    out_.push_back(empty_block);
  } else if (results.size() == 1) {
    out_.push_back(std::to_underlying(results.front()));
  } else {
    append_signed(out_, types_.index({.parameters = {}, .results = results}));
  }
}

/// Behind the block's `end`, which was the function's.
void BodyWriter::leave(std::uint32_t depth) {
  put(out_, Opcode::global_get, host_.depth);
  put_constant(out_, Opcode::i32_const, depth);
  put(out_, Opcode::i32_sub);
  put(out_, Opcode::global_set, host_.depth);
  put(out_, Opcode::end);
}

void BodyWriter::append_code(const Body& body, const FunctionCost& cost) {
  const auto imports = static_cast<std::uint32_t>(module_.imports.size());
  const auto length_local =
      static_cast<std::uint32_t>(module_.types[body.type].parameters.size()) + body.local_count;
  std::uint32_t nesting = 0;
  std::size_t copied = 0, loop = 0;
  const auto copy_to = [&](std::size_t end) {
    append_bytes(out_, body.code.subspan(copied, end - copied));
    copied = end;
  };
  for (Cursor code(body.code); !code.at_end();) {
    const std::size_t begin = code.offset();
    const Instruction instruction = next_instruction(code);
    switch (const Opcode opcode = instruction.opcode()) {
      case Opcode::loop:
        ++nesting;
        copy_to(code.offset());
        append_fuel(cost.loops[loop++]);
        break;
      case Opcode::block:
      case Opcode::if_:
        ++nesting;
        break;
      case Opcode::end:
        --nesting;
        break;
      case Opcode::call:
      case Opcode::ref_func:
        if (instruction.index < imports) break;
        copy_to(begin);
        put(out_, opcode, instruction.index + host_.added_imports);
        copied = code.offset();
        break;
      case Opcode::return_:
        if (cost.depth == 0) break;
        copy_to(begin);
        put(out_, Opcode::br, nesting);
        copied = code.offset();
        break;
      case Opcode::memory_size:
      case Opcode::memory_grow:
        if (!host_.grow) break;
        copy_to(begin);
        if (opcode == Opcode::memory_size) put_constant(out_, Opcode::i32_const, 0);
        put(out_, Opcode::call, *host_.grow);
        copied = code.offset();
        break;
      default:
        if (!works_on_range(opcode)) break;
        copy_to(begin);
        append_range_fuel(length_local);
        break;
    }
  }
  copy_to(body.code.size());
}

}  // namespace celeriac::wasm::foreign
