// The code section: every function body is walked once, so that nothing in it refers to what is not there.

#include <algorithm>
#include <format>

#include "wasm/foreign/instruction.hpp"
#include "wasm/foreign/sections.hpp"

namespace celeriac::wasm::foreign {

void SectionReader::code(Cursor& in) {
  const std::uint32_t number = in.count(3);
  if (number != function_types_.size()) return refuse(in, "its functions and their code differ in number");
  module_.bodies.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) body(in, i);
}

void SectionReader::body(Cursor& in, std::uint32_t index) {
  const auto function = static_cast<std::uint32_t>(module_.imports.size()) + index;
  const std::uint32_t size = in.unsigned32();
  if (size > limits_.body_bytes) {
    return refuse(in, std::format("function {} has {} bytes of code, and the limit is {}", function, size,
                                  limits_.body_bytes));
  }
  Cursor part = in.part(size);
  if (!in.ok()) return;
  Body made{.type = function_types_[index], .local_groups = part.count(2)};
  const std::size_t begin = part.offset();
  std::uint64_t locals = 0;
  for (std::uint32_t i = 0; i < made.local_groups && part.ok(); ++i) {
    locals += part.unsigned32();
    value_type(part);
  }
  const std::size_t parameters = module_.types[made.type].parameters.size();
  if (part.ok() && locals + parameters > limits_.locals) {
    return refuse(in, std::format("function {} has {} parameters and locals, and the limit is {}", function,
                                  locals + parameters, limits_.locals));
  }
  made.local_count = static_cast<std::uint32_t>(locals);
  made.offset = part.offset();
  made.locals = module_.bytes.subspan(begin, part.ok() ? made.offset - begin : 0);
  made.code = part.take(part.remaining());
  if (!part.ok()) return refuse(in, std::format("function {}: {}", function, part.fault()));
  instructions(Cursor(made.code, made.offset), made, function);
  if (!complaint_.empty()) return in.fail("");
  module_.bodies.push_back(made);
}

const char* SectionReader::fault_of(const Instruction& instruction, const Body& body) const noexcept {
  const auto past = [&](std::size_t there) { return instruction.index >= there; };
  switch (instruction.row->immediate) {
    case Immediate::block:
      return instruction.block.type && *instruction.block.type >= module_.types.size()
                 ? "a block's type does not exist"
                 : nullptr;
    case Immediate::label:
    case Immediate::label_table:
      return past(open_ifs_.size() + 1) ? "a branch leaves more blocks than there are" : nullptr;
    case Immediate::function:
      return past(module_.imports.size() + function_types_.size())
                 ? "it refers to a function that does not exist"
                 : nullptr;
    case Immediate::type_and_table:
      if (instruction.second >= module_.tables.size()) return "it calls through a table that does not exist";
      return past(module_.types.size()) ? "an indirect call's type does not exist" : nullptr;
    case Immediate::local:
      return past(module_.types[body.type].parameters.size() + body.local_count)
                 ? "it refers to a local that does not exist"
                 : nullptr;
    case Immediate::global:
      return past(module_.globals.size()) ? "it refers to a global that does not exist" : nullptr;
    case Immediate::table_table:
      if (instruction.second >= module_.tables.size()) return "it refers to a table that does not exist";
      [[fallthrough]];
    case Immediate::table:
      return past(module_.tables.size()) ? "it refers to a table that does not exist" : nullptr;
    case Immediate::element_and_table:
      if (instruction.second >= module_.tables.size()) return "it refers to a table that does not exist";
      [[fallthrough]];
    case Immediate::element:
      return past(module_.element_segments) ? "it refers to an element segment that does not exist" : nullptr;
    case Immediate::data_and_memory:
      if (!module_.memory) return "it uses a memory, and there is none";
      [[fallthrough]];
    case Immediate::data:
      return past(announced_data_.value_or(0)) ? "it refers to a data segment that is not announced"
                                               : nullptr;
    case Immediate::memory_access:
    case Immediate::memory_access_and_lane:
    case Immediate::memory:
    case Immediate::memory_memory:
      return module_.memory ? nullptr : "it uses a memory, and there is none";
    case Immediate::none:
    case Immediate::value_types:
    case Immediate::reference_type:
    case Immediate::i32:
    case Immediate::i64:
    case Immediate::f32:
    case Immediate::f64:
    case Immediate::v128:
    case Immediate::lane:
      break;
  }
  return nullptr;
}

void SectionReader::instructions(Cursor code, const Body& body, std::uint32_t function) {
  open_ifs_.clear();
  std::size_t begin = code.offset();
  const auto complain = [&](const char* phrase) {
    complaint_ = std::format("function {}: {}", function, phrase);
    offset_ = begin;
  };
  for (;;) {
    begin = code.offset();
    const Instruction instruction = next_instruction(code);
    if (!code.ok()) return complain(code.fault());
    if (const char* phrase = fault_of(instruction, body)) return complain(phrase);
    switch (instruction.opcode()) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
        if (open_ifs_.size() == limits_.nesting) {
          return complain(
              std::format("blocks are nested deeper than the limit, {}", limits_.nesting).c_str());
        }
        open_ifs_.push_back(instruction.opcode() == Opcode::if_);
        break;
      case Opcode::else_:
        if (open_ifs_.empty() || !open_ifs_.back()) return complain("an `else` has no `if`");
        open_ifs_.back() = false;
        break;
      case Opcode::end:
        if (open_ifs_.empty()) {
          return code.at_end() ? void() : complain("instructions follow the end of the function");
        }
        open_ifs_.pop_back();
        break;
      default:
        break;
    }
  }
}

}  // namespace celeriac::wasm::foreign
