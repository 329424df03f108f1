#include "test_abi.hpp"

#include "protocol/payload.hpp"

namespace celeriac::testing {
namespace {

using namespace guest;
using namespace protocol::literals;
using enum wasm::NumberType;

protocol::Reply receive(Guest& guest) {
  return guest.ask("MESSAGE.RECEIVE"_op, protocol::encode_id(guest.identity().process));
}

const HostFunction functions[] = {
    {"test",
     "ask",
     {{}, {i32}},
     [](Personality&, Guest& guest, std::span<const Slot>, std::span<Slot> results) {
       results[0] = receive(guest).status;
     }},
    {"test",
     "tell",
     {{}, {}},
     [](Personality&, Guest& guest, std::span<const Slot>, std::span<Slot>) {
       guest.tell("MESSAGE.SEND"_op,
                  protocol::encode_id(guest.identity().process) + protocol::to_bson({{"to", "x"}}));
     }},
    {"test",
     "sleep",
     {{i32}, {}},
     [](Personality&, Guest& guest, std::span<const Slot> arguments, std::span<Slot>) {
       guest.sleep(std::chrono::milliseconds(arguments[0]));
     }},
    {"test",
     "say",
     {{i32, i32, i32}, {}},
     [](Personality&, Guest& guest, std::span<const Slot> arguments, std::span<Slot>) {
       const auto memory = guest.memory();
       if (arguments[0] + arguments[1] > memory.size()) throw Trap{"say: it points outside the memory."};
       const auto bytes = memory.subspan(arguments[0], arguments[1]);
       guest.write_line(arguments[2] != 0, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
     }},
    {"test",
     "exit",
     {{i32}, {}},
     [](Personality&, Guest&, std::span<const Slot> arguments, std::span<Slot>) {
       throw Ended{static_cast<int>(arguments[0])};
     }},
    {"test",
     "restored",
     {{}, {i32}},
     [](Personality&, Guest& guest, std::span<const Slot>, std::span<Slot> results) {
       results[0] = guest.identity().restored ? 1 : 0;
     }},
};

class TestPersonality : public Personality {
 public:
  [[nodiscard]] std::span<const HostFunction> functions() const override { return testing::functions; }

  void run(Guest& guest) override {
    if (!guest.exports("step")) {
      guest.call("run", {});
      return;
    }
    for (std::uint64_t request = 1;; ++request) {
      if (!receive(guest).ok()) return;
      guest.call("step", {});
      std::vector<std::string> outbox(request, protocol::encode_id(guest.identity().process) + "envelope");
      guest.commit(std::move(outbox), request);
    }
  }
};

}  // namespace

protocol::Result<std::unique_ptr<Personality>> test_personality_for(const ModuleShape&,
                                                                    std::string_view hint) {
  if (hint == "none") return protocol::fail(protocol::Status::invalid_code, "There is no ABI named none.");
  return std::make_unique<TestPersonality>();
}

}  // namespace celeriac::testing
