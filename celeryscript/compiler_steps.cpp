#include "celeryscript/compiler_steps.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>
#include <limits>

#include "celeryscript/imports.hpp"

namespace celeriac::celeryscript {

using namespace protocol::literals;

void StepWriter::begin_node(std::string_view kind, std::string_view pointer) {
  nodes_.push_back({std::string(pointer), std::string(kind)});
  node_begins_ = true;
}

wasm::Code& StepWriter::open(Inputs inputs) {
  steps_.push_back({.node = static_cast<std::uint32_t>(nodes_.size() - 1),
                    .begins_node = node_begins_,
                    .reads_inputs = inputs == Inputs::read});
  node_begins_ = false;
  written_.push_back({.begin = static_cast<std::uint32_t>(code_.size()), .end = 0, .exit = {}});
  return code_;
}

void StepWriter::end_step(Exit exit) {
  written_.back().end = static_cast<std::uint32_t>(code_.size());
  written_.back().exit = exit;
}

void StepWriter::read_register(std::string_view name) {
  static const protocol::Operation& read = "REGISTER.READ"_op;
  open().i32_const(text(name)).call(import(read));
  close();
}

wasm::ImportIndex StepWriter::import(const protocol::Operation& operation) {
  if (imports_.empty()) imports_.assign(protocol::operations().size(), not_imported);
  wasm::ImportIndex& index = imports_[protocol::index_of(operation)];
  if (index == not_imported) {
    const auto [space, name] = import_name(operation);
    index = module_.import_function(space, name, import_parameters(operation));
  }
  return index;
}

wasm::ImportIndex StepWriter::import(HostCall call) {
  if (host_imports_.empty()) host_imports_.assign(host_calls().size(), not_imported);
  wasm::ImportIndex& index = host_imports_[static_cast<std::size_t>(call)];
  if (index == not_imported) {
    const HostCallRow& row = row_of(call);
    index = module_.import_function(host_space, row.name, row.parameters);
  }
  return index;
}

Handle StepWriter::text(std::string_view text) {
  if (const auto found = handles_.find(text); found != handles_.end()) return found->second;
  const Handle handle = add(&Tables::texts, std::string(text));
  handles_.emplace(text, handle);
  return handle;
}

Handle StepWriter::add_operand(DataValue operand, std::size_t since) {
  const auto& all = tables_.operands;
  const auto found = std::find(all.begin() + static_cast<std::ptrdiff_t>(since), all.end(), operand);
  if (found != all.end()) return static_cast<Handle>(found - all.begin());
  return add(&Tables::operands, std::move(operand));
}

wasm::GlobalIndex StepWriter::variable(std::uint32_t number) {
  variables_ = std::max(variables_, number + 1);
  return wasm::GlobalIndex{static_cast<std::uint32_t>(std::size(input_globals)) + number};
}

void StepWriter::finish(Program& program, std::string_view module_name) && {
  for (const char* name : input_globals) module_.add_global(name, std::numeric_limits<double>::quiet_NaN());
  for (std::uint32_t i = 0; i < variables_; ++i) module_.add_global(std::format("v{}", i), 0);

  const auto place = [count = next()](StepIndex step) { return step < count ? step : end; };
  std::string name;
  wasm::Code tail;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const Written& step = written_[i];
    char digits[16];
    name.assign(digits, std::to_chars(digits, std::end(digits), i).ptr);
    name += '.';
    name += nodes_[steps_[i].node].kind;
    tail.clear();
    const StepIndex then = place(step.exit.then), otherwise = place(step.exit.otherwise);
    if (then != otherwise) {
      tail.if_(wasm::ValueType::i32).i32_const(then).else_().i32_const(otherwise).end();
    } else {
      if (step.exit.condition) tail.drop();
      tail.i32_const(then);
    }
    module_.add_step(name, code_.bytes().subspan(step.begin, step.end - step.begin), tail.bytes());
  }
  module_.add_custom_section(wasm::steps_section, wasm::encode_step_map(nodes_, steps_));
  module_.add_custom_section(wasm::texts_section, wasm::encode_texts(tables_.texts));

  program.module = std::move(module_).finish(module_name);
  program.steps = std::move(steps_);
  program.nodes = std::move(nodes_);
  program.tables = std::move(tables_);
  program.variables = variables_;
}

}  // namespace celeriac::celeryscript
