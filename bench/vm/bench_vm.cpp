// What a step, a process and a compilation cost inside the VM, without sockets.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "tests/vm/sequences.hpp"
#include "vm/sequences/step_loop.hpp"

namespace {

using namespace celeriac;
using namespace celeriac::vm;
using nlohmann::json;

/// A world that answers every operation from inside the call.
class AnsweringWorld final : public World {
 public:
  StepLoop loop{*this};

  std::uint64_t operate(const protocol::Operation&, std::string_view payload, Ticket ticket) override {
    benchmark::DoNotOptimize(payload.data());
    loop.answered(ticket, 0.0);
    return 0;
  }
  std::uint64_t read_register(const std::string&, Ticket ticket) override {
    loop.register_read(ticket, json(1));
    return 0;
  }
  void abort(std::uint64_t) override {}
  void abandon(std::uint64_t) override {}
  std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t, Ticket) override { return sequence; }
  [[nodiscard]] const Assets& assets() const override { return garden; }
  std::uint64_t random() override { return 1; }
  std::uint64_t run_lua(const Process&, const std::string&, Ticket ticket) override {
    loop.script_done(ticket, LuaResult{});
    return 0;
  }
  void pause(std::uint64_t) override {}
  void resume(std::uint64_t) override {}
  std::uint64_t run_script(const Process&, const celeryscript::ScriptCall&, Ticket ticket) override {
    loop.answered(ticket, 0.0);
    return 0;
  }
  std::uint64_t update(const Process&, const celeryscript::DataValue&, const celeryscript::ResourceUpdate&,
                       Ticket ticket) override {
    loop.answered(ticket, 0.0);
    return 0;
  }
  void pin_was_read(const Process&, int, int, double) override {}
  void log(const Process&, json) override {}
  [[nodiscard]] bool logs_every_step() const override { return false; }
  void entered(const Process&) override {}
  void completed(const Process&) override {}
  void motion_granted(const Process&) override {}
  void wake() override { awake = true; }
  void set_alarm(Time) override {}
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::int64_t wall_clock() const override { return 1; }
  void changed(Process&) override {}
  void failed(const Process&) override {}
  void began(const Process&) override {}
  void ended(const Process&) override {}

  void settle() {
    while (std::exchange(awake, false)) loop.turn();
  }
  void start_and_run() {
    const auto id = loop.start(sequence);
    (void)loop.run(*id);
    settle();
  }

  Assets garden;
  Sequence sequence;
  bool awake = false;
};

std::string source_of(const json& step, std::int64_t count) {
  auto body = json::array();
  for (std::int64_t i = 0; i < count; ++i) body.push_back(step);
  return vm::testing::sequence(body, 1).dump();
}

Sequence compiled(const json& step, std::int64_t count) {
  return {CodeId{1}, Code::make(source_of(step, count)).value()};
}

/// Resident memory in bytes.
double resident() {
  std::ifstream in("/proc/self/statm");
  double size = 0, pages = 0;
  in >> size >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

constexpr std::int64_t steps = 1000;

void a_step_answered_in_process(benchmark::State& state) {
  AnsweringWorld world;
  world.sequence = compiled(vm::testing::write_pin(8), steps);
  for (auto _ : state) world.start_and_run();
  state.SetItemsProcessed(state.iterations() * steps);
  state.counters["per_step"] = benchmark::Counter(static_cast<double>(state.iterations() * steps),
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(a_step_answered_in_process);

void nothing(benchmark::State& state) {
  AnsweringWorld world;
  world.sequence = compiled(vm::testing::nothing(), steps);
  for (auto _ : state) world.start_and_run();
  state.counters["per_step"] = benchmark::Counter(static_cast<double>(state.iterations() * steps),
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(nothing);

void start_run_end_of_an_empty_sequence(benchmark::State& state) {
  AnsweringWorld world;
  world.sequence = compiled(vm::testing::nothing(), 0);
  for (auto _ : state) world.start_and_run();
}
BENCHMARK(start_run_end_of_an_empty_sequence);

void waiting_processes(benchmark::State& state) {
  const auto count = state.range(0);
  for (auto _ : state) {
    AnsweringWorld world;
    world.sequence = compiled(vm::testing::wait(60'000), 1);
    ::malloc_trim(0);
    const auto heap = ::mallinfo2();
    const double before = resident();
    for (std::int64_t i = 0; i < count; ++i) world.start_and_run();
    const auto heap_after = ::mallinfo2();
    state.counters["resident_bytes_each"] = (resident() - before) / static_cast<double>(count);
    state.counters["heap_bytes_each"] =
        static_cast<double>(heap_after.uordblks + heap_after.hblkhd - heap.uordblks - heap.hblkhd) /
        static_cast<double>(count);
  }
}
BENCHMARK(waiting_processes)->Arg(60'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void compile_and_instantiate(benchmark::State& state) {
  const auto source = source_of(vm::testing::write_pin(8), state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Code::make(source));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(compile_and_instantiate)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10'000)
    ->Unit(benchmark::kMicrosecond)
    ->Complexity();

}  // namespace

BENCHMARK_MAIN();
