// What the canonical ABI costs at one call of a guest, without engine, wire and kernel: a guest whose
// allocator and answers cost nothing.

#include <benchmark/benchmark.h>

#include "tests/guest/abi/kinode_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;

namespace {

/// Answers with one item, keeps nothing.
class IdleGuest final : public FakeGuest {
 public:
  IdleGuest() { record_calls = false; }
  protocol::Reply ask(const protocol::Operation&, std::string) override { return {.value = 1, .data = item}; }
  void tell(const protocol::Operation&, std::string payload) override {
    benchmark::DoNotOptimize(payload.data());
  }
  std::string item;
};

void receive(benchmark::State& state) {
  IdleGuest guest;
  kinode::Process process;
  auto item = a_request();
  item.expects = 5'000;
  item.body.assign(static_cast<std::size_t>(state.range(0)), 'x');
  guest.item = encode(item);
  guest.bytes.resize(std::size_t{1024} * 1024);
  const auto& function = row(process, v0_7, "receive");
  const Slot arguments[] = {return_area};
  for (auto _ : state) {
    guest.next_free = 0x1000;
    function.call(process, guest, std::span(arguments), {});
  }
}
BENCHMARK(receive)->Arg(64)->Arg(4096);

void send(benchmark::State& state) {
  Kinode kinode;
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  kinode.write(types::sent,
               kinode.arena.record({kinode.address("our", "other"), kinode.request({.body = body}),
                                    kinode.arena.some(Value::text("context")), Arena::none()}),
               parameters);
  IdleGuest guest;
  guest.bytes = kinode.guest.bytes;
  const auto& function = row(kinode.process, v0_7, "send-request");
  const Slot arguments[] = {parameters};
  for (auto _ : state) function.call(kinode.process, guest, std::span(arguments), {});
}
BENCHMARK(send)->Arg(64)->Arg(4096);

void respond(benchmark::State& state) {
  IdleGuest guest;
  kinode::Process process;
  const auto& function = row(process, v0_7, "send-response");
  const auto body = guest.put("a short body");
  const Slot arguments[] = {0, body, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (auto _ : state) function.call(process, guest, std::span(arguments), {});
}
BENCHMARK(respond);

void personality(benchmark::State& state) {
  const kinode::Process process;
  ModuleShape module;
  for (const auto& function : process.functions())
    if (function.module == v0_7) module.imports.push_back({function.module, function.field, function.type});
  module.exports = {{"", "cabi_realloc", {std::vector(4, FakeGuest::i32), {FakeGuest::i32}}},
                    {"", "init", {{FakeGuest::i32, FakeGuest::i32}, {}}}};
  for (auto _ : state) benchmark::DoNotOptimize(personality_for(module, ""));
}
BENCHMARK(personality);

}  // namespace
