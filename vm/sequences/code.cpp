#include "vm/sequences/code.hpp"

#include <charconv>
#include <format>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler.hpp"
#include "celeryscript/diagnostic.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Operation;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Operations that the step loop carries out itself.
constexpr std::pair<std::string_view, CallKind> own_calls[] = {
    {"SYS.WAIT", CallKind::wait},
    {"SYS.SLEEP", CallKind::wait},
    {"SYS.EXIT", CallKind::exit},
    {"REGISTER.READ", CallKind::read_register},
};

std::optional<Call> call_of(const wasm::Import& import) {
  const auto target = celeryscript::find_import(import);
  if (!target || import.parameters.size() > Asked::most) return std::nullopt;
  // The payload of a call of the host is never made; any operation does for it.
  if (target->operation == nullptr)
    return Call{CallKind::host, nullptr, target->call, PayloadMaker("SYS.EMERGENCY_LOCK"_op)};
  CallKind kind = CallKind::operation;
  for (const auto& [long_name, own] : own_calls)
    if (target->operation->long_name == long_name) kind = own;
  return Call{kind, target->operation, {}, PayloadMaker(*target->operation)};
}

}  // namespace

Result<std::shared_ptr<Code>> Code::make(std::string source) {
  const celeryscript::Parsed parsed = celeryscript::read(std::move(source));
  if (!parsed.diagnostics.clean()) return std::unexpected(celeryscript::to_error(parsed.diagnostics));
  auto program = celeryscript::compile(parsed.document);
  if (!program) return std::unexpected(std::move(program.error()));
  return of_program(std::move(*program));
}

Result<std::shared_ptr<Code>> Code::of_program(celeryscript::Program program) {
  std::shared_ptr<Code> code(new Code);
  code->program_ = std::move(program);
  code->name_ = std::make_shared<const std::string>(code->program_.name);
  auto instance =
      wasm::Instance::create(code->engine_, code->program_.module,
                             {.call = &Code::note, .context = code.get(), .offers = &celeryscript::offers});
  if (!instance) return std::unexpected(std::move(instance.error()));
  code->instance_ = std::move(*instance);
  if (auto linked = code->link(); !linked) return std::unexpected(std::move(linked.error()));
  code->program_.module = {};  // the engine has its own copy
  return code;
}

Result<void> Code::link() {
  if (instance_->steps() != program_.steps.size())
    return fail(Status::internal, "The compiled module and its step map have different lengths.");
  for (const wasm::Import& import : instance_->imports()) {
    auto call = call_of(import);
    if (!call) {
      return fail(Status::unknown_operation,
                  std::format("The compiled sequence asks for {}.{}, which this VM does not have.",
                              import.space, import.name));
    }
    calls_.push_back(std::move(*call));
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    inputs_[i] = instance_->find_global(celeryscript::input_globals[i]);
  for (std::uint32_t i = 0; i < program_.variables; ++i) {
    const auto found = instance_->find_global(std::format("v{}", i));
    if (!found) return fail(Status::internal, std::format("The compiled module has no variable v{}.", i));
    variables_.push_back(*found);
  }
  return {};
}

void Code::note(void* context, wasm::ImportIndex import, std::span<const wasm::Value> arguments) noexcept {
  Asked& asked = static_cast<Code*>(context)->asked_;
  ++asked.calls;
  asked.import = static_cast<std::uint32_t>(import);
  asked.count = static_cast<std::uint32_t>(std::min(arguments.size(), Asked::most));
  std::copy_n(arguments.begin(), asked.count, asked.arguments.begin());
}

void Code::set_inputs(double value, double x, double y, double z) noexcept {
  const std::array values{value, x, y, z};
  for (std::size_t i = 0; i < values.size(); ++i)
    if (inputs_[i]) instance_->set_global(*inputs_[i], values[i]);
}

std::uint32_t Code::body_step(celeryscript::StepIndex step) const {
  if (step < 0 || static_cast<std::size_t>(step) >= program_.steps.size()) return 0;
  constexpr std::string_view body = "/body/";
  const std::string_view pointer = node_of(step).pointer;
  if (!pointer.starts_with(body)) return 0;
  std::uint32_t place = 0;
  std::from_chars(pointer.data() + body.size(), pointer.data() + pointer.size(), place);
  return place + 1;
}

}  // namespace celeriac::vm
