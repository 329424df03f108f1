#include "wasm/reader.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>

namespace celeriac::wasm {
namespace {

constexpr std::uint8_t preamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr std::uint8_t function_kind = 0, global_kind = 3, function_type = 0x60, mutable_global = 1;

/// What the sections say before they are put together.
struct Reading {
  ModuleView module;
  std::vector<std::uint32_t> step_types;
  std::uint32_t exported_steps = 0;
};

ValueType value_type(Cursor& in) {
  const auto type = static_cast<ValueType>(in.byte());
  if (type != ValueType::i32 && type != ValueType::f64) in.fail("a value type is neither i32 nor f64");
  return type;
}

std::vector<ValueType> value_types(Cursor& in) {
  const std::uint32_t count = in.count();
  if (count > max_parameters) in.fail("a function has too many parameters");
  std::vector<ValueType> types;
  types.reserve(in.ok() ? count : 0);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) types.push_back(value_type(in));
  return types;
}

void read_types(Cursor& in, Reading& reading) {
  const std::uint32_t count = in.count(3);
  if (count > max_types) in.fail("there are too many types");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    if (in.byte() != function_type) in.fail("a type is not a function's");
    auto parameters = value_types(in);
    auto results = value_types(in);
    reading.module.types.push_back({std::move(parameters), std::move(results)});
  }
}

void read_imports(Cursor& in, Reading& reading) {
  const std::uint32_t count = in.count(4);
  if (count > max_imports) in.fail("there are too many imports");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    ModuleView::ImportedFunction import{};
    import.space = in.text();
    import.name = in.text();
    if (in.byte() != function_kind) in.fail("an import is not a function");
    import.type = in.unsigned32();
    if (import.type >= reading.module.types.size()) {
      in.fail("an import's type does not exist");
    } else if (!reading.module.types[import.type].results.empty()) {
      in.fail("an import returns something");
    }
    reading.module.imports.push_back(import);
  }
}

void read_functions(Cursor& in, Reading& reading) {
  static const FunctionType step{{}, {ValueType::i32}};
  const std::uint32_t count = in.count();
  if (count > max_steps) in.fail("there are too many functions");
  reading.step_types.reserve(in.ok() ? count : 0);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t type = in.unsigned32();
    const bool exists = type < reading.module.types.size();
    const bool known = !reading.step_types.empty() && reading.step_types.back() == type;
    if (!exists || (!known && reading.module.types[type] != step))
      in.fail("a function is not of type () -> i32");
    reading.step_types.push_back(type);
  }
}

void read_globals(Cursor& in, Reading& reading) {
  const std::uint32_t count = in.count(4);
  if (count > max_globals) in.fail("there are too many globals");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    if (value_type(in) != ValueType::f64 || in.byte() != mutable_global)
      in.fail("a global is not a mutable f64");
    const Instruction initial = next_instruction(in);
    const Instruction end = next_instruction(in);
    if (!in.ok()) return;
    if (initial.row->opcode != Opcode::f64_const || end.row->opcode != Opcode::end) {
      in.fail("a global does not start as a constant");
    }
    reading.module.globals.push_back({initial.f64, {}});
  }
}

void read_exports(Cursor& in, Reading& reading) {
  const std::uint32_t count = in.count(3);
  std::uint32_t& step = reading.exported_steps;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text();
    const std::uint8_t kind = in.byte();
    const std::uint32_t index = in.unsigned32();
    if (kind == function_kind) {
      char digits[16];
      const std::string_view number(digits, std::to_chars(digits, std::end(digits), step).ptr);
      if (name != number || index != reading.module.imports.size() + step) {
        in.fail("the functions are not exported in their order");
      }
      ++step;
    } else if (kind == global_kind && index < reading.module.globals.size() &&
               reading.module.globals[index].name.empty() && !name.empty()) {
      reading.module.globals[index].name = name;
    } else {
      in.fail("an export is not a function and not a global of its own");
    }
  }
}

/// One function's instructions: known ones, blocks closed, nothing behind the last `end`.
void check_code(Cursor code, const ModuleView& module, Cursor& in) {
  bool open_else[max_block_depth] = {};  // whether the `if` at that depth may still have its `else`
  std::size_t depth = 0;
  for (;;) {
    const Instruction instruction = next_instruction(code);
    if (!code.ok()) return in.fail(code.fault());
    switch (instruction.row->opcode) {
      case Opcode::if_:
        if (depth == max_block_depth) return in.fail("blocks are nested too deep");
        open_else[depth++] = true;
        break;
      case Opcode::else_:
        if (depth == 0 || !open_else[depth - 1]) return in.fail("an `else` has no `if`");
        open_else[depth - 1] = false;
        break;
      case Opcode::end:
        if (depth > 0) {
          --depth;
          break;
        }
        return code.at_end() ? void() : in.fail("instructions follow the end of a function");
      case Opcode::call:
        if (instruction.index >= module.imports.size())
          return in.fail("a call goes to something that is not an import");
        break;
      case Opcode::global_get:
      case Opcode::global_set:
        if (instruction.index >= module.globals.size()) return in.fail("a global does not exist");
        break;
      default:
        break;
    }
  }
}

void read_code(Cursor& in, Reading& reading) {
  const std::uint32_t count = in.count(3);
  if (count != reading.step_types.size()) in.fail("functions and their code differ in number");
  reading.module.steps.reserve(in.ok() ? count : 0);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Cursor body = in.part(in.unsigned32());
    if (!in.ok()) return;
    if (body.unsigned32() != 0 || !body.ok()) return in.fail("a function has locals");
    const std::size_t origin = body.offset();
    const auto code = body.take(body.remaining());
    check_code(Cursor(code, origin), reading.module, in);
    reading.module.steps.push_back(code);
  }
}

struct SectionRow {
  std::uint8_t id;
  void (*read)(Cursor&, Reading&);
};
/// The sections that a module may have beside custom ones, in the order that the format demands.
constexpr SectionRow sections[] = {{1, read_types},   {2, read_imports}, {3, read_functions},
                                   {6, read_globals}, {7, read_exports}, {10, read_code}};

/// Reads one section; `next` is the first row that may come.
void read_section(Cursor& in, Reading& reading, std::size_t& next) {
  const std::uint8_t id = in.byte();
  Cursor section = in.part(in.unsigned32());
  if (!in.ok()) return;
  if (id == 0) {
    const std::string_view name = section.text();
    if (!section.ok()) return in.fail("a custom section has no name");
    reading.module.customs.push_back({name, section.take(section.remaining())});
    return;
  }
  const auto* row = std::ranges::find(sections, id, &SectionRow::id);
  if (row == std::end(sections)) return in.fail("there is a section that a sequence has no use for");
  const auto place = static_cast<std::size_t>(row - sections);
  if (place < next) return in.fail("the sections are out of order");
  next = place + 1;
  row->read(section, reading);
  if (!section.ok()) return in.fail(section.fault());
  if (!section.at_end()) in.fail("a section is longer than what it holds");
}

}  // namespace

Instruction next_instruction(Cursor& code) noexcept {
  Instruction instruction;
  instruction.row = find_instruction(code.byte());
  if (instruction.row == nullptr) {
    code.fail("there is an instruction that a sequence has no use for");
    return instruction;
  }
  switch (instruction.row->immediate) {
    case Immediate::none:
      break;
    case Immediate::result_type:
      instruction.result = value_type(code);
      break;
    case Immediate::function:
    case Immediate::global:
      instruction.index = code.unsigned32();
      break;
    case Immediate::i32:
      instruction.i32 = code.signed32();
      break;
    case Immediate::f64:
      instruction.f64 = code.f64();
      break;
  }
  return instruction;
}

std::span<const std::uint8_t> ModuleView::custom(std::string_view name) const noexcept {
  const auto found = std::ranges::find(customs, name, &CustomSection::name);
  return found == customs.end() ? std::span<const std::uint8_t>() : found->contents;
}

protocol::Result<ModuleView> read_module(std::span<const std::uint8_t> bytes) {
  const auto refuse = [](const char* phrase, std::size_t offset) {
    return protocol::fail(protocol::Status::invalid_code,
                          std::format("This is not a compiled sequence: {} (byte {}).", phrase, offset));
  };
  if (bytes.size() > max_module_bytes) return refuse("it is too large", max_module_bytes);
  if (bytes.size() < sizeof preamble || !std::ranges::equal(bytes.first(sizeof preamble), preamble)) {
    return refuse("it does not begin as a WebAssembly module does", 0);
  }
  Reading reading;
  Cursor in(bytes.subspan(sizeof preamble), sizeof preamble);
  std::size_t next = 0, begin = in.offset();
  while (in.ok() && !in.at_end()) {
    begin = in.offset();
    read_section(in, reading, next);
  }
  if (in.ok() && reading.module.steps.size() != reading.step_types.size()) in.fail("functions have no code");
  if (in.ok() && reading.module.steps.size() != reading.exported_steps) in.fail("a function is not exported");
  if (in.ok() && std::ranges::any_of(reading.module.globals, [](const auto& g) { return g.name.empty(); })) {
    in.fail("a global is not exported");
  }
  if (!in.ok()) return refuse(in.fault(), begin);
  return std::move(reading.module);
}

}  // namespace celeriac::wasm
