// The compiler, and the whole way from text to an instance that runs.

#include <benchmark/benchmark.h>

#include <format>
#include <string>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler.hpp"
#include "celeryscript/imports.hpp"
#include "celeryscript/parser.hpp"
#include "wasm/engine.hpp"

using namespace celeriac;

namespace {

std::string sequence_of(std::int64_t steps) {
  std::string text =
      R"({"kind":"sequence","args":{"version":20180209,"locals":{"kind":"scope_declaration","args":{}}},"body":[)";
  for (std::int64_t i = 0; i < steps; ++i) {
    text += std::format(R"({}{{"kind":"write_pin","args":{{"pin_number":{},"pin_value":{},"pin_mode":0}}}})",
                        i == 0 ? "" : ",", i % 60, i % 2);
  }
  return text + "]}";
}

wasm::HostCall silent() {
  return {.call = [](void*, wasm::ImportIndex, std::span<const wasm::Value>) noexcept {},
          .offers = celeryscript::offers};
}

void compile(benchmark::State& state) {
  const auto parsed = celeryscript::parse(sequence_of(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(celeryscript::compile(parsed.document));
}
BENCHMARK(compile)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void compile_and_instantiate(benchmark::State& state) {
  const auto parsed = celeryscript::parse(sequence_of(state.range(0)));
  wasm::Engine engine;
  for (auto _ : state) {
    const auto program = celeryscript::compile(parsed.document);
    benchmark::DoNotOptimize(wasm::Instance::create(engine, program->module, silent()));
  }
}
BENCHMARK(compile_and_instantiate)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

void read_compile_and_instantiate(benchmark::State& state) {
  const std::string text = sequence_of(state.range(0));
  wasm::Engine engine;
  for (auto _ : state) {
    const auto parsed = celeryscript::read(text);
    const auto program = celeryscript::compile(parsed.document);
    benchmark::DoNotOptimize(wasm::Instance::create(engine, program->module, silent()));
  }
}
BENCHMARK(read_compile_and_instantiate)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
