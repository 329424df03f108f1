// The byte encoder and the engine seam.

#include <benchmark/benchmark.h>

#include "bench/wasm/modules.hpp"
#include "wasm/engine.hpp"
#include "wasm/reader.hpp"
#include "wasm/wat.hpp"

using namespace celeriac;

namespace {

wasm::HostCall counting(std::uint64_t& calls) {
  return {.call =
              [](void* context, wasm::ImportIndex, std::span<const wasm::Value> arguments) noexcept {
                *static_cast<std::uint64_t*>(context) += arguments.size();
              },
          .context = &calls};
}

void encode(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bench::module_of(static_cast<int>(state.range(0))));
}
BENCHMARK(encode)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void read(benchmark::State& state) {
  const auto module = bench::module_of(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(wasm::read_module(module));
}
BENCHMARK(read)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void text_form(benchmark::State& state) {
  const auto module = bench::module_of(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(wasm::to_wat(module));
}
BENCHMARK(text_form)->Arg(1000)->Unit(benchmark::kMicrosecond);

/// Check, parse, validate, instantiate, resolve every step; and the end of it all.
void instantiate(benchmark::State& state) {
  const auto module = bench::module_of(static_cast<int>(state.range(0)));
  wasm::Engine engine;
  std::uint64_t calls = 0;
  for (auto _ : state) {
    auto instance = wasm::Instance::create(engine, module, counting(calls));
    benchmark::DoNotOptimize(instance);
  }
}
BENCHMARK(instantiate)->Arg(1)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

/// One step; argument 0: with a host call of six doubles, 1: without.
void step(benchmark::State& state) {
  wasm::Engine engine;
  std::uint64_t calls = 0;
  auto instance = wasm::Instance::create(engine, bench::module_of(100), counting(calls));
  const auto index = static_cast<std::int32_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize((*instance)->call(index));
}
BENCHMARK(step)->Arg(0)->Arg(1)->ArgName("without_call");

void run_thousand_steps(benchmark::State& state) {
  wasm::Engine engine;
  std::uint64_t calls = 0;
  auto instance = wasm::Instance::create(engine, bench::module_of(1000), counting(calls));
  for (auto _ : state) {
    for (std::int32_t at = 0; at >= 0;) at = *(*instance)->call(at);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(run_thousand_steps)->Unit(benchmark::kMicrosecond);

void set_global(benchmark::State& state) {
  wasm::Engine engine;
  std::uint64_t calls = 0;
  auto instance = wasm::Instance::create(engine, bench::module_of(1), counting(calls));
  double value = 0;
  for (auto _ : state) (*instance)->set_global(wasm::GlobalIndex{1}, value += 1);
}
BENCHMARK(set_global);

void get_global(benchmark::State& state) {
  wasm::Engine engine;
  std::uint64_t calls = 0;
  auto instance = wasm::Instance::create(engine, bench::module_of(1), counting(calls));
  for (auto _ : state) benchmark::DoNotOptimize((*instance)->global(wasm::GlobalIndex{1}));
}
BENCHMARK(get_global);

}  // namespace
