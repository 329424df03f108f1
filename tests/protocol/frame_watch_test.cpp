#include "protocol/frame_watch.hpp"

#include <catch2/catch_test_macros.hpp>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::test;

namespace {

struct Bench {
  Bench() {
    registers.install(dispatcher);
    dispatcher.on(*find_operation("SYS.READ_PIN"), [](Request&, Responder responder) { responder.ok(512); });
    watch_frames(dispatcher, registers);
  }
  void watch() {
    const auto id = c.peer.ask(1, "REGS", "NEW", to_bson({{"name", "frames"}})).value;
    REQUIRE(c.peer.ask(1, "REGS", "WATCH", u16(id)).status == 0);
  }
  Dispatcher dispatcher{Server::hypervisor};
  Registers registers;
  Connection c{&dispatcher};
};

}  // namespace

TEST_CASE("a watcher of frames sees requests and their answers, decoded, and not its own watching") {
  Bench b;
  b.watch();
  b.c.peer.send(request_bytes(5, "SYS", "RDPIN", to_bson({{"pin", 59}, {"mode", 1}, {"holder", 3}})));
  std::vector<Json> entries;
  for (int i = 0; i < 8 && entries.size() < 2; ++i)
    for (const auto& frame : b.c.peer.arrived())
      if (frame.wire == "SET") {
        entries.push_back((*from_bson(std::string_view(frame.payload).substr(2)))["value"]);
        b.c.peer.send(response_bytes(frame.channel));
      }
  REQUIRE(entries.size() == 2);
  CHECK(entries[0]["direction"] == "in");
  CHECK(entries[0]["operation"] == "SYS.READ_PIN");
  CHECK(entries[0]["channel"] == 5);
  CHECK(entries[0]["fields"] == Json{{"pin", 59}, {"mode", 1}, {"holder", 3}});
  CHECK(entries[1]["direction"] == "out");
  CHECK(entries[1]["status"] == 0);
  CHECK(entries[1]["value"] == 512);
}

TEST_CASE("frames that do not decode are shown as what is wrong with them") {
  Bench b;
  b.watch();
  b.c.peer.send(request_bytes(5, "SYS", "RDPIN", "nonsense"));
  std::vector<Json> entries;
  for (int i = 0; i < 8 && entries.empty(); ++i)
    for (const auto& frame : b.c.peer.arrived())
      if (frame.wire == "SET")
        entries.push_back((*from_bson(std::string_view(frame.payload).substr(2)))["value"]);
  REQUIRE_FALSE(entries.empty());
  CHECK(entries[0]["fields"].contains("malformed"));
}
