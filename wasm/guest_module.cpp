// Modules: parsed once, linked once; and the border over which their instances call the host.

#include <algorithm>
#include <array>
#include <format>
#include <fstream>
#include <iterator>
#include <optional>

#include "wasm/engine_thread_state.hpp"
#include "wasm/guest_contexts.hpp"

namespace celeriac::wasm {
namespace {

using protocol::Status;

/// Ends the engine's run of an instance. The code is any that the engine does not use itself.
WasmEdge_Result end_call(GuestInstance::Contexts& instance, GuestFault::Kind kind) noexcept {
  instance.ending = kind;
  return WasmEdge_ResultGen(WasmEdge_ErrCategory_UserLevelError, 1);
}

WasmEdge_ValType engine_type(NumberType type) {
  switch (type) {
    case NumberType::i32:
      return WasmEdge_ValTypeGenI32();
    case NumberType::i64:
      return WasmEdge_ValTypeGenI64();
    case NumberType::f32:
      return WasmEdge_ValTypeGenF32();
    case NumberType::f64:
      break;
  }
  return WasmEdge_ValTypeGenF64();
}

wasmedge::FunctionType engine_type(const Signature& signature) {
  std::array<WasmEdge_ValType, max_host_values> parameters, results;
  std::ranges::transform(signature.parameters, parameters.begin(), [](auto t) { return engine_type(t); });
  std::ranges::transform(signature.results, results.begin(), [](auto t) { return engine_type(t); });
  return wasmedge::FunctionType(
      WasmEdge_FunctionTypeCreate(parameters.data(), static_cast<std::uint32_t>(signature.parameters.size()),
                                  results.data(), static_cast<std::uint32_t>(signature.results.size())));
}

/// Around a call of the host: others may run meanwhile, of this engine too.
class EngineSide {
 public:
  explicit EngineSide(GuestInstance::Contexts& instance) : instance_(instance) {
    if (instance.module->engine->execution == Execution::ahead_of_time) thread_.emplace();
  }
  void come_back() const noexcept {
    if (thread_) thread_->put_back();
    instance_.enter();
  }

 private:
  GuestInstance::Contexts& instance_;
  std::optional<EngineThreadState> thread_;
};

WasmEdge_Result enter_host(void* data, const WasmEdge_CallingFrameContext*, const WasmEdge_Value* arguments,
                           WasmEdge_Value* results) noexcept {
  const auto& to = *static_cast<const GuestModule::Contexts::Trampoline*>(data);
  GuestInstance::Contexts& instance = *to.engine->current;
  std::array<std::uint64_t, max_host_values> in, out;
  for (std::uint32_t i = 0; i < to.arguments; ++i) in[i] = static_cast<std::uint64_t>(arguments[i].Value);
  std::fill_n(out.begin(), to.results.size(), 0);
  const EngineSide side(instance);
  const auto outcome = to.call(instance.host.context, to.function, std::span(in).first(to.arguments),
                               std::span(out).first(to.results.size()));
  side.come_back();
  if (outcome == HostOutcome::stop) return end_call(instance, GuestFault::Kind::stopped);
  for (std::size_t i = 0; i < to.results.size(); ++i) {
    const bool narrow = to.results[i] == NumberType::i32 || to.results[i] == NumberType::f32;
    results[i].Value = narrow ? static_cast<std::uint32_t>(out[i]) : out[i];
    results[i].Type = engine_type(to.results[i]);
  }
  return WasmEdge_Result_Success;
}

WasmEdge_Result enter_refuel(void* data, const WasmEdge_CallingFrameContext*, const WasmEdge_Value*,
                             WasmEdge_Value*) noexcept {
  GuestInstance::Contexts& instance = *static_cast<GuestEngine::Contexts*>(data)->current;
  const EngineSide side(instance);
  const auto outcome =
      instance.host.refuel == nullptr ? HostOutcome::go_on : instance.host.refuel(instance.host.context);
  side.come_back();
  if (outcome == HostOutcome::stop) return end_call(instance, GuestFault::Kind::stopped);
  instance.refuel();
  return WasmEdge_Result_Success;
}

WasmEdge_Result enter_too_deep(void* data, const WasmEdge_CallingFrameContext*, const WasmEdge_Value*,
                               WasmEdge_Value*) noexcept {
  return end_call(*static_cast<GuestEngine::Contexts*>(data)->current, GuestFault::Kind::too_deep);
}

WasmEdge_Result enter_grow(void* data, const WasmEdge_CallingFrameContext*, const WasmEdge_Value* arguments,
                           WasmEdge_Value* results) noexcept {
  GuestInstance::Contexts& instance = *static_cast<GuestEngine::Contexts*>(data)->current;
  const auto before = instance.pages();
  const bool grown = instance.grow(static_cast<std::uint32_t>(arguments[0].Value));
  results[0] = WasmEdge_ValueGenI32(grown ? static_cast<std::int32_t>(before) : -1);
  return WasmEdge_Result_Success;
}

/// What the instrumentation imports.
struct OwnFunction {
  std::string_view field;
  Signature type;
  WasmEdge_HostFunc_t function;
};
std::array<OwnFunction, 3> own_functions() {
  return {{{foreign::refuel_field, {}, enter_refuel},
           {foreign::too_deep_field, {}, enter_too_deep},
           {foreign::grow_field, {{NumberType::i32}, {NumberType::i32}}, enter_grow}}};
}

/// The module with its native code. Only the section of native code may come from the file: the rest is ours.
protocol::Result<std::vector<std::uint8_t>> compiled_bytes(const std::filesystem::path& path,
                                                           std::span<const std::uint8_t> module) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return protocol::fail(Status::not_found,
                          std::format("There is no compiled module at {}.", path.string()));
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() <= module.size() || !std::ranges::equal(std::span(bytes).first(module.size()), module)) {
    return protocol::fail(Status::invalid_code,
                          std::format("What is at {} was not compiled from this module.", path.string()));
  }
  return bytes;
}

}  // namespace

std::unexpected<protocol::Error> refused(Status status, const char* doing, WasmEdge_Result result) {
  return protocol::fail(
      status, std::format("The WebAssembly engine {}: {}.", doing, WasmEdge_ResultGetMessage(result)));
}

GuestModule::GuestModule(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
GuestModule::~GuestModule() = default;

protocol::Result<std::shared_ptr<GuestModule>> GuestModule::load(GuestEngine& engine,
                                                                 std::span<const std::uint8_t> bytes,
                                                                 const GuestLimits& limits,
                                                                 const std::filesystem::path& compiled) {
  auto code = guest_code(bytes, limits);
  if (!code) return std::unexpected(std::move(code.error()));

  const GuestEngine::Contexts& with = *engine.contexts_;
  if (with.execution == Execution::ahead_of_time) {
    auto native = compiled_bytes(compiled, code->bytes);
    if (!native) return std::unexpected(std::move(native.error()));
    code->bytes = *std::move(native);
  }
  auto made = std::make_unique<Contexts>();
  WasmEdge_ASTModuleContext* parsed = nullptr;
  auto result = WasmEdge_LoaderParseFromBytes(
      with.loader.get(), &parsed,
      WasmEdge_BytesWrap(code->bytes.data(), static_cast<std::uint32_t>(code->bytes.size())));
  made->ast.reset(parsed);
  if (!WasmEdge_ResultOK(result)) return refused(Status::invalid_code, "cannot read the module", result);
  result = WasmEdge_ValidatorValidate(with.validator.get(), parsed);
  if (!WasmEdge_ResultOK(result)) return refused(Status::invalid_code, "refuses the module", result);

  code->bytes = {};
  made->engine = engine.contexts_.get();
  made->limits = limits;
  made->code = *std::move(code);
  made->store.reset(WasmEdge_StoreCreate());
  for (std::size_t i = 0; i < made->code.exports.size(); ++i) {
    made->exports_by_name.emplace(made->code.exports[i].name, ExportIndex{static_cast<std::uint32_t>(i)});
  }
  return std::shared_ptr<GuestModule>(new GuestModule(std::move(made)));
}

const std::vector<GuestModule::Function>& GuestModule::imports() const noexcept {
  return contexts_->code.imports;
}

const std::vector<GuestModule::Function>& GuestModule::exports() const noexcept {
  return contexts_->code.exports;
}

std::optional<ExportIndex> GuestModule::find_export(std::string_view name) const noexcept {
  const auto found = contexts_->exports_by_name.find(name);
  if (found == contexts_->exports_by_name.end()) return std::nullopt;
  return found->second;
}

const std::string& GuestModule::snapshot_obstacle() const noexcept {
  return contexts_->code.snapshot_obstacle;
}

std::string_view GuestModule::wit() const noexcept {
  return contexts_->code.wit;
}

protocol::Result<void> GuestModule::link(std::span<const GuestImport> offered) {
  Contexts& contexts = *contexts_;
  if (contexts.linked) return protocol::fail(Status::wrong_state, "The module is linked already.");
  contexts.trampolines.clear();
  for (const auto& [module, name, type] : contexts.code.imports) {
    const auto same = [&](const GuestImport& offer) { return offer.module == module && offer.field == name; };
    const auto found = std::ranges::find_if(offered, same);
    if (found == offered.end()) {
      return protocol::fail(
          Status::invalid_code,
          std::format("The module imports {}.{}, which this host does not have.", module, name));
    }
    if (found->type != type) {
      return protocol::fail(Status::invalid_code,
                            std::format("The module imports {}.{} as {}; this host has it as {}.", module,
                                        name, text(type), text(found->type)));
    }
    contexts.trampolines.push_back({contexts.engine, found->call, found->function,
                                    static_cast<std::uint32_t>(type.parameters.size()), type.results});
  }
  if (auto done = contexts.offer_functions(); !done) return done;
  contexts.linked = true;
  return {};
}

/// Makes a host module for each namespace of the imports, and ours.
protocol::Result<void> GuestModule::Contexts::offer_functions() {
  const auto module_of = [this](std::string_view name) -> WasmEdge_ModuleInstanceContext* {
    for (const auto& host : hosts) {
      const auto known = WasmEdge_ModuleInstanceGetModuleName(host.get());
      if (std::string_view(known.Buf, known.Length) == name) return host.get();
    }
    return hosts.emplace_back(WasmEdge_ModuleInstanceCreate(wasmedge::view(name))).get();
  };
  for (std::size_t i = 0; i < code.imports.size(); ++i) {
    const auto type = engine_type(code.imports[i].type);
    // A function that is imported twice is offered once.
    auto* const host = module_of(code.imports[i].module);
    const auto name = wasmedge::view(code.imports[i].name);
    if (WasmEdge_ModuleInstanceFindFunction(host, name) != nullptr) continue;
    WasmEdge_ModuleInstanceAddFunction(
        host, name, WasmEdge_FunctionInstanceCreate(type.get(), enter_host, &trampolines[i], 0));
  }
  for (const auto& [field, signature, function] : own_functions()) {
    const auto type = engine_type(signature);
    WasmEdge_ModuleInstanceAddFunction(module_of(foreign::host_module), wasmedge::view(field),
                                       WasmEdge_FunctionInstanceCreate(type.get(), function, engine, 0));
  }
  for (const auto& host : hosts) {
    const auto result = WasmEdge_ExecutorRegisterImport(engine->executor.get(), store.get(), host.get());
    if (!WasmEdge_ResultOK(result))
      return refused(Status::internal, "cannot offer the host's functions", result);
  }
  return {};
}

}  // namespace celeriac::wasm
