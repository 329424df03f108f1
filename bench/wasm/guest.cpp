// Foreign modules at the engine seam: calls, spawning, memory, and computing beside native code.

#include <benchmark/benchmark.h>

#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "bench/wasm/guests/compute.h"
#include "guest/fiber.hpp"
#include "wasm/guest_compiler.hpp"
#include "wasm/guest_engine.hpp"

using namespace celeriac;
using wasm::GuestInstance;
using wasm::GuestModule;
using wasm::HostOutcome;

namespace {

template <class T>
T value_of(protocol::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

std::vector<std::uint8_t> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

HostOutcome answer(void*, const void*, std::span<const std::uint64_t>,
                   std::span<std::uint64_t> results) noexcept {
  if (!results.empty()) results[0] = 1;
  return HostOutcome::go_on;
}

/// Sleeps until its fiber is killed.
HostOutcome sleep(void*, const void*, std::span<const std::uint64_t>,
                  std::span<std::uint64_t> results) noexcept {
  try {
    guest::Fiber::suspend();
  } catch (const guest::Killed&) {
    return HostOutcome::stop;
  }
  results[0] = 1;
  return HostOutcome::go_on;
}

using Call = decltype(&answer);

/// An engine and a linked module of it.
struct Loaded {
  wasm::GuestEngine engine;
  std::shared_ptr<GuestModule> module;

  Loaded(const char* path, wasm::Execution execution, Call call = answer) : engine(execution) {
    const auto bytes = read_file(path);
    std::filesystem::path compiled;
    if (execution == wasm::Execution::ahead_of_time)
      compiled = value_of(wasm::compile_ahead_of_time(bytes, {}, std::filesystem::temp_directory_path()));
    module = value_of(GuestModule::load(engine, bytes, {}, compiled));
    if (!compiled.empty()) std::filesystem::remove(compiled);
    std::vector<wasm::GuestImport> offered;
    for (const auto& import : module->imports())
      offered.push_back({import.module, import.name, import.type, call, nullptr});
    if (const auto linked = module->link(offered); !linked) throw std::runtime_error(linked.error().message);
  }
  std::unique_ptr<GuestInstance> instance() { return value_of(GuestInstance::create(module, {})); }
};

void run(GuestInstance& instance, std::string_view function, std::span<const std::uint64_t> arguments = {}) {
  auto result = instance.call(function, arguments);
  if (!result) throw std::runtime_error(result.error().message);
  benchmark::DoNotOptimize(*result);
}

wasm::Execution execution(const benchmark::State& state) {
  return state.range(0) == 0 ? wasm::Execution::interpreted : wasm::Execution::ahead_of_time;
}

void call(benchmark::State& state) {
  Loaded loaded(BENCH_COMPUTE_WASM, execution(state));
  const auto instance = loaded.instance();
  const auto function = loaded.module->find_export("empty").value();
  const std::uint64_t arguments[] = {7};
  for (auto _ : state) benchmark::DoNotOptimize(instance->call(function, arguments));
}
BENCHMARK(call)->ArgName("native_code")->Arg(0)->Arg(1);

void host_call(benchmark::State& state) {
  Loaded loaded(BENCH_COMPUTE_WASM, execution(state));
  const auto instance = loaded.instance();
  const std::uint64_t arguments[] = {10'000};
  for (auto _ : state) run(*instance, "ask_many", arguments);
  state.counters["each"] =
      benchmark::Counter(1e4, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(host_call)->ArgName("native_code")->Arg(0)->Arg(1);

std::size_t stack_for(const benchmark::State& state) {
  return state.range(0) == 0 ? guest::Fiber::default_stack_bytes : wasm::ahead_of_time_stack_bytes;
}

/// A fiber with an instance of a guest with libc, in the middle of its call `function`, or at its end.
std::unique_ptr<guest::Fiber> begin(Loaded& loaded, std::size_t stack, std::string_view function) {
  auto fiber = std::make_unique<guest::Fiber>(
      [&loaded, function] {
        const auto instance = loaded.instance();
        const std::uint64_t number[] = {1};
        (void)instance->call(function, std::span(number).first(function == "serve" ? 1 : 0));
      },
      stack);
  fiber->resume();
  return fiber;
}

/// The whole life of a guest that does nothing, beside a hundred that sleep.
void spawn(benchmark::State& state) {
  Loaded loaded(BENCH_REALISTIC_WASM, execution(state), sleep);
  std::vector<std::unique_ptr<guest::Fiber>> asleep;
  for (int i = 0; i < 100; ++i) asleep.push_back(begin(loaded, stack_for(state), "serve"));
  for (auto _ : state) {
    auto fiber = begin(loaded, stack_for(state), "ready");
    benchmark::DoNotOptimize(fiber);
  }
}
BENCHMARK(spawn)->ArgName("native_code")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// The same with a room of its own, as the first instances of a module have.
void spawn_in_its_own_room(benchmark::State& state) {
  Loaded loaded(BENCH_REALISTIC_WASM, execution(state), sleep);
  for (auto _ : state) {
    auto fiber = begin(loaded, stack_for(state), "ready");
    benchmark::DoNotOptimize(fiber);
  }
}
BENCHMARK(spawn_in_its_own_room)->ArgName("native_code")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// Of this process alone.
double private_kilobytes() {
  std::ifstream lines("/proc/self/smaps_rollup");
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Private_Dirty:") || line.starts_with("Shared_Dirty:"))
      sum += std::stod(line.substr(14));
  }
  return sum;
}

/// A thousand guests with libc, each asleep on its fiber in the middle of a call.
void memory_of_an_instance(benchmark::State& state) {
  constexpr std::size_t count = 1'000;
  Loaded loaded(BENCH_REALISTIC_WASM, execution(state), sleep);
  for (auto _ : state) {
    std::vector<std::unique_ptr<guest::Fiber>> asleep;
    const double before = private_kilobytes();
    for (std::size_t i = 0; i < count; ++i) asleep.push_back(begin(loaded, stack_for(state), "serve"));
    state.counters["KB"] = (private_kilobytes() - before) / count;
  }
}
BENCHMARK(memory_of_an_instance)
    ->ArgName("native_code")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// Guests with libc that take turns: each time another one goes on, formats a text, asks its host and sleeps.
void take_turns(benchmark::State& state) {
  Loaded loaded(BENCH_REALISTIC_WASM, execution(state), sleep);
  std::vector<std::unique_ptr<guest::Fiber>> asleep;
  for (int i = 0; i < state.range(1); ++i) asleep.push_back(begin(loaded, stack_for(state), "serve"));
  std::size_t next = 0;
  for (auto _ : state) {
    asleep[next]->resume();
    next = (next + 1) % asleep.size();
  }
}
BENCHMARK(take_turns)
    ->ArgNames({"native_code", "guests"})
    ->ArgsProduct({{0, 1}, {4, 100}})
    ->Unit(benchmark::kMicrosecond);

std::vector<unsigned char> bytes(crc_bytes);
std::vector<float> picture(side* side), convolved(side* side);

void crc32_native(benchmark::State& state) {
  fill_bytes(bytes.data());
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes.data());
    benchmark::DoNotOptimize(crc32_of(bytes.data(), crc_bytes));
  }
}
BENCHMARK(crc32_native)->Unit(benchmark::kMillisecond);

void convolve_native(benchmark::State& state) {
  fill_picture(picture.data());
  for (auto _ : state) {
    benchmark::DoNotOptimize(picture.data());
    benchmark::DoNotOptimize(convolve(picture.data(), convolved.data()));
  }
}
BENCHMARK(convolve_native)->Unit(benchmark::kMillisecond);

void compute(benchmark::State& state, std::string_view function) {
  Loaded loaded(BENCH_COMPUTE_WASM, execution(state));
  const auto instance = loaded.instance();
  run(*instance, "fill");
  for (auto _ : state) run(*instance, function);
}
void crc32_guest(benchmark::State& state) {
  compute(state, "crc32");
}
BENCHMARK(crc32_guest)->ArgName("native_code")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
void convolve_guest(benchmark::State& state) {
  compute(state, "convolve");
}
BENCHMARK(convolve_guest)->ArgName("native_code")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void compile(benchmark::State& state) {
  const auto module = read_file(BENCH_REALISTIC_WASM);
  for (auto _ : state)
    std::filesystem::remove(
        value_of(wasm::compile_ahead_of_time(module, {}, std::filesystem::temp_directory_path())));
}
BENCHMARK(compile)->Unit(benchmark::kMillisecond)->Iterations(1);

void load(benchmark::State& state) {
  const auto module = read_file(BENCH_REALISTIC_WASM);
  wasm::GuestEngine engine;
  for (auto _ : state) benchmark::DoNotOptimize(value_of(GuestModule::load(engine, module)));
}
BENCHMARK(load)->Unit(benchmark::kMicrosecond);

void fiber_switch(benchmark::State& state) {
  guest::Fiber fiber([] {
    for (;;) guest::Fiber::suspend();
  });
  for (auto _ : state) fiber.resume();
}
BENCHMARK(fiber_switch);

}  // namespace
