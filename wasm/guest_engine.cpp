#include "wasm/guest_engine.hpp"

#include <array>
#include <bit>
#include <format>
#include <stdexcept>
#include <utility>

#include "wasm/guest_contexts.hpp"

namespace celeriac::wasm {

using protocol::Status;

WasmEdge_Value engine_value(NumberType type, std::uint64_t bits) {
  switch (type) {
    case NumberType::i32:
      return WasmEdge_ValueGenI32(static_cast<std::int32_t>(bits));
    case NumberType::i64:
      return WasmEdge_ValueGenI64(static_cast<std::int64_t>(bits));
    case NumberType::f32:
      return WasmEdge_ValueGenF32(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case NumberType::f64:
      break;
  }
  return WasmEdge_ValueGenF64(std::bit_cast<double>(bits));
}

GuestEngine::GuestEngine(Execution execution) : contexts_(std::make_unique<Contexts>()) {
  if (execution == Execution::ahead_of_time && !EngineThreadState::is_known())
    throw std::runtime_error("this WebAssembly engine's thread-local state is not where it was expected");
  WasmEdge_LogOff();  // every trap and every refused module would be printed
  contexts_->execution = execution;
  contexts_->configure.reset(WasmEdge_ConfigureCreate());
  auto* const configure = contexts_->configure.get();
  WasmEdge_ConfigureSetForceInterpreter(configure, execution == Execution::interpreted);
  contexts_->loader.reset(WasmEdge_LoaderCreate(configure));
  contexts_->validator.reset(WasmEdge_ValidatorCreate(configure));
  contexts_->executor.reset(WasmEdge_ExecutorCreate(configure, nullptr));
}
GuestEngine::~GuestEngine() = default;

GuestInstance::GuestInstance(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}

GuestInstance::~GuestInstance() {
  auto*& current = contexts_->module->engine->current;
  if (current == contexts_.get()) current = nullptr;
}

protocol::Result<std::unique_ptr<GuestInstance>> GuestInstance::create(std::shared_ptr<GuestModule> module,
                                                                       GuestHost host, Start start) {
  GuestModule::Contexts& of = *module->contexts_;
  if (!of.linked) return protocol::fail(Status::wrong_state, "The module is not linked.");
  auto made = std::make_unique<Contexts>();
  made->module = &of;
  made->keeps_module = std::move(module);
  made->host = host;
  if (auto lodged = made->lodge(); !lodged) return std::unexpected(std::move(lodged.error()));
  made->fuel_granted = static_cast<std::uint64_t>(of.limits.fuel_slice);
  std::unique_ptr<GuestInstance> instance(new GuestInstance(std::move(made)));
  const auto* const function = instance->contexts_->room->start;
  if (start == Start::skip || function == nullptr) return instance;
  const auto started = instance->contexts_->call(function, {}, {});
  if (started) return instance;
  const auto& [kind, message] = started.error();
  return protocol::fail(kind == GuestFault::Kind::stopped ? Status::cancelled : Status::invalid_code,
                        std::format("The start function of the module ended: {}.", message));
}

std::expected<std::vector<std::uint64_t>, GuestFault> GuestInstance::call(
    ExportIndex function, std::span<const std::uint64_t> arguments) {
  const auto index = static_cast<std::size_t>(function);
  return contexts_->call(contexts_->room->functions.at(index), contexts_->module->code.exports[index].type,
                         arguments);
}

std::expected<std::vector<std::uint64_t>, GuestFault> GuestInstance::call(
    std::string_view function, std::span<const std::uint64_t> arguments) {
  const auto found = contexts_->keeps_module->find_export(function);
  if (!found) {
    return std::unexpected(
        GuestFault{GuestFault::Kind::trap, std::format("there is no function {}", function)});
  }
  return call(*found, arguments);
}

std::expected<std::vector<std::uint64_t>, GuestFault> GuestInstance::Contexts::call(
    const WasmEdge_FunctionInstanceContext* function, const Signature& type,
    std::span<const std::uint64_t> arguments) {
  if (arguments.size() != type.parameters.size()) {
    return std::unexpected(
        GuestFault{GuestFault::Kind::trap,
                   std::format("a function {} is called with {} arguments", text(type), arguments.size())});
  }
  std::array<WasmEdge_Value, max_host_values> in, out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    in[i] = engine_value(type.parameters[i], arguments[i]);
  }
  GuestEngine::Contexts& engine = *module->engine;
  enter();
  const auto depth = room->depth_now();
  // Entered as from outside, even inside a host function: that one's state is put back when it returns.
  if (engine.execution == Execution::ahead_of_time) engine.at_rest.put_back();
  const auto result = WasmEdge_ExecutorInvoke(engine.executor.get(), function, in.data(),
                                              static_cast<std::uint32_t>(arguments.size()), out.data(),
                                              static_cast<std::uint32_t>(type.results.size()));
  const auto code = WasmEdge_ResultGetCode(result);
  if (code != 0) {
    room->set_depth(depth);  // a guest that is thrown out of its functions leaves it as it was inside them
    const auto ended = std::exchange(ending, std::nullopt);
    if (!ended) return std::unexpected(GuestFault{GuestFault::Kind::trap, WasmEdge_ResultGetMessage(result)});
    return std::unexpected(GuestFault{*ended, *ended == GuestFault::Kind::too_deep
                                                  ? "too many calls inside each other"
                                                  : "stopped by its host"});
  }
  std::vector<std::uint64_t> returned(type.results.size());
  for (std::size_t i = 0; i < returned.size(); ++i) returned[i] = static_cast<std::uint64_t>(out[i].Value);
  return returned;
}

std::span<std::uint8_t> GuestInstance::memory() noexcept {
  const std::size_t bytes = contexts_->pages() * foreign::wasm_page_bytes;
  if (bytes == 0) return {};
  contexts_->settle();
  return {reinterpret_cast<std::uint8_t*>(contexts_->room->window()), bytes};
}

std::vector<std::uint64_t> GuestInstance::globals() const {
  contexts_->settle();
  std::vector<std::uint64_t> made;
  for (const auto* global : contexts_->room->globals) {
    made.push_back(static_cast<std::uint64_t>(WasmEdge_GlobalInstanceGetValue(global).Value));
  }
  return made;
}

bool GuestInstance::restore(std::uint32_t pages, std::span<const std::uint64_t> globals) {
  const GuestCode& code = contexts_->module->code;
  if (!code.snapshot_obstacle.empty() || globals.size() != code.globals.size()) return false;
  const auto now = contexts_->pages();
  if (pages < now || !contexts_->grow(pages - now)) return false;
  contexts_->settle();
  for (std::size_t i = 0; i < globals.size(); ++i) {
    // The numbers of the types are the binary format's in both.
    const auto type = static_cast<NumberType>(code.globals[i].type);
    WasmEdge_GlobalInstanceSetValue(contexts_->room->globals[i], engine_value(type, globals[i]));
  }
  return true;
}

std::uint64_t GuestInstance::fuel_used() const noexcept {
  return contexts_->fuel_granted - static_cast<std::uint64_t>(contexts_->fuel_left());
}

void GuestInstance::Contexts::refuel() noexcept {
  const auto slice = module->limits.fuel_slice;
  fuel_granted += static_cast<std::uint64_t>(slice - room->fuel_left());
  room->set_fuel(slice);
}

}  // namespace celeriac::wasm
