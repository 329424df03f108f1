#include "wasm/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <string>

#include "wasm/reader.hpp"
#include "wasm/wasmedge_handles.hpp"

namespace celeriac::wasm {
namespace {

WasmEdge_ValType engine_type(ValueType type) {
  return type == ValueType::i32 ? WasmEdge_ValTypeGenI32() : WasmEdge_ValTypeGenF64();
}

std::unexpected<protocol::Error> refused(protocol::Status status, const char* doing, WasmEdge_Result result) {
  return protocol::fail(
      status, std::format("The WebAssembly engine {}: {}.", doing, WasmEdge_ResultGetMessage(result)));
}

/// One import as the engine calls it: where to go, and with how many arguments.
struct Trampoline {
  HostCall host;
  ImportIndex import{};
  std::uint32_t arguments = 0;
};

WasmEdge_Result enter_host(void* data, const WasmEdge_CallingFrameContext*, const WasmEdge_Value* arguments,
                           WasmEdge_Value*) noexcept {
  const auto& to = *static_cast<const Trampoline*>(data);
  std::array<Value, max_parameters> values;
  for (std::uint32_t i = 0; i < to.arguments; ++i) {
    // The engine keeps i32 in the low bits and f64 as its bit pattern, as Value does.
    values[i] = Value::of_bits(static_cast<std::uint64_t>(arguments[i].Value));
  }
  to.host.call(to.host.context, to.import, std::span(values).first(to.arguments));
  return WasmEdge_Result_Success;
}

}  // namespace

struct Engine::Contexts {
  wasmedge::Configure configure;
  wasmedge::Loader loader;
  wasmedge::Validator validator;
  wasmedge::Executor executor;
};

Engine::Engine() : contexts_(std::make_unique<Contexts>()) {
  WasmEdge_LogOff();  // every trap and every refused module would be printed
  contexts_->configure.reset(WasmEdge_ConfigureCreate());
  // A module that carries native code in a custom section must not have it run.
  WasmEdge_ConfigureSetForceInterpreter(contexts_->configure.get(), true);
  WasmEdge_ConfigureSetMaxMemoryPage(contexts_->configure.get(), 1);
  contexts_->loader.reset(WasmEdge_LoaderCreate(contexts_->configure.get()));
  contexts_->validator.reset(WasmEdge_ValidatorCreate(contexts_->configure.get()));
  contexts_->executor.reset(WasmEdge_ExecutorCreate(contexts_->configure.get(), nullptr));
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

/// Members go in reverse order: the instance before the modules it is linked to, those before the store.
struct Instance::Contexts {
  WasmEdge_ExecutorContext* executor = nullptr;
  std::vector<Import> imports;
  std::vector<Trampoline> trampolines;  // addresses are in the engine's hands
  std::vector<std::string> global_names;
  wasmedge::Store store;
  std::vector<wasmedge::ModuleInstance> host_modules;
  wasmedge::ModuleInstance instance;
  std::vector<const WasmEdge_FunctionInstanceContext*> steps;
  std::vector<WasmEdge_GlobalInstanceContext*> globals;

  protocol::Result<void> link(const ModuleView& module, HostCall host);
  void resolve(const ModuleView& module);
};

/// Makes one host module for each namespace, with the functions that the module asks for.
protocol::Result<void> Instance::Contexts::link(const ModuleView& module, HostCall host) {
  for (const auto& [space, name, type] : module.imports) {
    Import import{std::string(space), std::string(name), module.types[type].parameters};
    if (host.offers != nullptr && !host.offers(import)) {
      return protocol::fail(
          protocol::Status::unknown_operation,
          std::format("The module asks for {}.{}, which this host does not have with {} arguments "
                      "of these types.",
                      space, name, import.parameters.size()));
    }
    const auto same = [&](const Import& other) { return other.space == space && other.name == name; };
    if (std::ranges::any_of(imports, same)) {
      return protocol::fail(protocol::Status::invalid_code,
                            std::format("The module asks for {}.{} twice.", space, name));
    }
    imports.push_back(std::move(import));
  }
  trampolines.reserve(imports.size());
  for (const Import& import : imports) {
    trampolines.push_back({host, ImportIndex{static_cast<std::uint32_t>(trampolines.size())},
                           static_cast<std::uint32_t>(import.parameters.size())});
  }

  std::vector<std::string_view> spaces;
  for (const Import& import : imports) {
    if (std::ranges::find(spaces, import.space) == spaces.end()) spaces.push_back(import.space);
  }
  for (std::string_view space : spaces) {
    wasmedge::ModuleInstance made(WasmEdge_ModuleInstanceCreate(wasmedge::view(space)));
    for (std::size_t i = 0; i < imports.size(); ++i) {
      const auto& [of_space, name, parameters] = imports[i];
      if (of_space != space) continue;
      std::array<WasmEdge_ValType, max_parameters> types;
      std::ranges::transform(parameters, types.begin(), engine_type);
      const wasmedge::FunctionType type(WasmEdge_FunctionTypeCreate(
          types.data(), static_cast<std::uint32_t>(parameters.size()), nullptr, 0));
      WasmEdge_ModuleInstanceAddFunction(
          made.get(), wasmedge::view(name),
          WasmEdge_FunctionInstanceCreate(type.get(), enter_host, &trampolines[i], 0));
    }
    const auto result = WasmEdge_ExecutorRegisterImport(executor, store.get(), made.get());
    if (!WasmEdge_ResultOK(result))
      return refused(protocol::Status::internal, "cannot offer the host's functions", result);
    host_modules.push_back(std::move(made));
  }
  return {};
}

/// Looks every step and global up once: a call is then an index into a vector.
void Instance::Contexts::resolve(const ModuleView& module) {
  steps.reserve(module.steps.size());
  for (std::size_t step = 0; step < module.steps.size(); ++step) {
    char digits[16];
    const std::string_view name(digits, std::to_chars(digits, std::end(digits), step).ptr);
    steps.push_back(WasmEdge_ModuleInstanceFindFunction(instance.get(), wasmedge::view(name)));
  }
  globals.reserve(module.globals.size());
  for (const auto& [initial, name] : module.globals) {
    globals.push_back(WasmEdge_ModuleInstanceFindGlobal(instance.get(), wasmedge::view(name)));
    global_names.emplace_back(name);
  }
}

Instance::Instance(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
Instance::~Instance() = default;

protocol::Result<std::unique_ptr<Instance>> Instance::create(Engine& engine,
                                                             std::span<const std::uint8_t> module,
                                                             HostCall host) {
  const auto view = read_module(module);
  if (!view) return std::unexpected(view.error());

  const Engine::Contexts& with = *engine.contexts_;
  WasmEdge_ASTModuleContext* parsed = nullptr;
  auto result = WasmEdge_LoaderParseFromBytes(
      with.loader.get(), &parsed,
      WasmEdge_BytesWrap(module.data(), static_cast<std::uint32_t>(module.size())));
  const wasmedge::Ast ast(parsed);
  if (!WasmEdge_ResultOK(result))
    return refused(protocol::Status::invalid_code, "cannot read the module", result);
  result = WasmEdge_ValidatorValidate(with.validator.get(), ast.get());
  if (!WasmEdge_ResultOK(result))
    return refused(protocol::Status::invalid_code, "refuses the module", result);

  auto made = std::make_unique<Contexts>();
  made->executor = with.executor.get();
  made->store.reset(WasmEdge_StoreCreate());
  if (auto linked = made->link(*view, host); !linked) return std::unexpected(std::move(linked.error()));
  WasmEdge_ModuleInstanceContext* instance = nullptr;
  result = WasmEdge_ExecutorInstantiate(made->executor, &instance, made->store.get(), ast.get());
  made->instance.reset(instance);
  if (!WasmEdge_ResultOK(result)) {
    return refused(protocol::Status::out_of_resources, "cannot make an instance of the module", result);
  }
  made->resolve(*view);
  return std::unique_ptr<Instance>(new Instance(std::move(made)));
}

std::span<const Import> Instance::imports() const noexcept {
  return contexts_->imports;
}

std::size_t Instance::steps() const noexcept {
  return contexts_->steps.size();
}

protocol::Result<std::int32_t> Instance::call(std::int32_t step) {
  if (step < 0 || static_cast<std::size_t>(step) >= contexts_->steps.size()) {
    return protocol::fail(protocol::Status::internal, std::format("The sequence has no step {}: it has {}.",
                                                                  step, contexts_->steps.size()));
  }
  WasmEdge_Value returned;
  const auto result = WasmEdge_ExecutorInvoke(
      contexts_->executor, contexts_->steps[static_cast<std::size_t>(step)], nullptr, 0, &returned, 1);
  if (WasmEdge_ResultGetCode(result) != 0) {
    return refused(protocol::Status::internal, "stopped the step", result);
  }
  return static_cast<std::int32_t>(returned.Value);
}

std::optional<GlobalIndex> Instance::find_global(std::string_view name) const noexcept {
  const auto found = std::ranges::find(contexts_->global_names, name);
  if (found == contexts_->global_names.end()) return std::nullopt;
  return GlobalIndex{static_cast<std::uint32_t>(found - contexts_->global_names.begin())};
}

void Instance::set_global(GlobalIndex global, double value) noexcept {
  WasmEdge_GlobalInstanceSetValue(contexts_->globals[static_cast<std::size_t>(global)],
                                  WasmEdge_ValueGenF64(value));
}

double Instance::global(GlobalIndex global) const noexcept {
  return WasmEdge_ValueGetF64(
      WasmEdge_GlobalInstanceGetValue(contexts_->globals[static_cast<std::size_t>(global)]));
}

}  // namespace celeriac::wasm
