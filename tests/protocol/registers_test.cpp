#include "protocol/registers.hpp"

#include <catch2/catch_test_macros.hpp>

#include "raw_peer.hpp"

using namespace celeriac::protocol;
using namespace celeriac::protocol::test;

namespace {

constexpr unsigned not_found = static_cast<unsigned>(Status::not_found);
constexpr unsigned overloaded = static_cast<unsigned>(Status::overloaded);

/// Registers, served on a stream.
struct Bench {
  Bench() { registers.install(dispatcher); }

  Answer open(std::string_view name, unsigned channel = 1) {
    return c.peer.ask(channel, "REGS", "NEW", to_bson({{"name", name}}));
  }
  Json read(unsigned id) {
    const auto answer = c.peer.ask(1, "REGS", "READ", u16(id));
    REQUIRE(answer.status == 0);
    return *from_bson(answer.data);
  }
  /// Opens and watches a register; its id.
  unsigned watch(std::string_view name) {
    const auto id = open(name).value;
    REQUIRE(c.peer.ask(1, "REGS", "WATCH", u16(id)).status == 0);
    return id;
  }
  /// The REGS SET requests that have arrived by now.
  std::vector<Seen> sets() {
    auto frames = c.peer.arrived();
    for (const auto& frame : frames) {
      REQUIRE(frame.space == "REGS");
      REQUIRE(frame.wire == "SET");
    }
    return frames;
  }
  void acknowledge(const Seen& set) { c.peer.send(response_bytes(set.channel)); }

  static Json document_of(const Seen& set) { return *from_bson(std::string_view(set.payload).substr(2)); }
  static Json value_of(const Seen& set) { return document_of(set)["value"]; }

  Dispatcher dispatcher{Server::hypervisor};
  Registers registers;
  Connection c{&dispatcher};
};

}  // namespace

TEST_CASE("a register is opened by name and read by id: name, value, time") {
  Bench b;
  b.registers.publish("locked", true);
  const auto opened = b.open("locked");
  CHECK(opened.status == 0);
  CHECK(opened.value != 0);
  const auto read = b.read(opened.value);
  CHECK(read["name"] == "locked");
  CHECK(read["value"] == true);
  CHECK(std::abs(read["time"].get<std::int64_t>() - now_milliseconds()) < 60'000);
}

TEST_CASE("a name that is not there is not_found, with a sentence") {
  Bench b;
  const auto answer = b.open("nothing");
  CHECK(answer.status == not_found);
  CHECK(from_bson(answer.data)->at("message").get<std::string>().find("nothing") != std::string::npos);
}

TEST_CASE("an id that is not open is not_found: 0, one never given, one of another stream") {
  Bench b;
  b.registers.publish("a", 1);
  const auto id = b.open("a").value;
  Connection other(&b.dispatcher);
  for (const auto* wire : {"READ", "WATCH", "RM"}) {
    CHECK(b.c.peer.ask(1, "REGS", wire, u16(0)).status == not_found);
    CHECK(b.c.peer.ask(1, "REGS", wire, u16(id + 1)).status == not_found);
    CHECK(other.peer.ask(1, "REGS", wire, u16(id)).status == not_found);
  }
}

TEST_CASE("a watched register sends each change, and nothing when the value stays the same") {
  Bench b;
  b.registers.publish("a", 1);
  const auto id = b.watch("a");
  CHECK(b.sets().empty());
  b.registers.publish("a", 1);
  CHECK(b.sets().empty());
  b.registers.publish("a", 2);
  const auto sets = b.sets();
  REQUIRE(sets.size() == 1);
  CHECK(sets[0].payload.starts_with(u16(id)));
  CHECK(Bench::value_of(sets[0]) == 2);
  CHECK(Bench::document_of(sets[0])["time"].is_number_integer());
}

TEST_CASE("while a SET is unanswered newer values replace each other, and the latest goes out then") {
  Bench b;
  b.registers.publish("a", 0);
  b.watch("a");
  for (int i = 1; i <= 100; ++i) b.registers.publish("a", i);
  auto sets = b.sets();
  REQUIRE(sets.size() == 1);
  CHECK(Bench::value_of(sets[0]) == 1);
  b.acknowledge(sets[0]);
  sets = b.sets();
  REQUIRE(sets.size() == 1);
  CHECK(Bench::value_of(sets[0]) == 100);
  b.acknowledge(sets[0]);
  CHECK(b.sets().empty());
}

TEST_CASE("a SET that the watcher refuses counts as answered") {
  Bench b;
  b.registers.publish("a", 0);
  b.watch("a");
  b.registers.publish("a", 1);
  b.c.peer.send(response_bytes(b.sets().at(0).channel, 1));
  settle(b.c.io);
  b.registers.publish("a", 2);
  CHECK(Bench::value_of(b.sets().at(0)) == 2);
}

TEST_CASE("registers coalesce apart from each other") {
  Bench b;
  b.registers.publish("a", 0);
  b.registers.publish("b", 0);
  b.watch("a");
  b.watch("b");
  for (int i = 1; i < 5; ++i) {
    b.registers.publish("a", i);
    b.registers.publish("b", -i);
  }
  CHECK(b.sets().size() == 2);
}

TEST_CASE("watching twice sends each change once") {
  Bench b;
  b.registers.publish("a", 0);
  const auto id = b.watch("a");
  CHECK(b.c.peer.ask(1, "REGS", "WATCH", u16(id)).status == 0);
  b.registers.publish("a", 1);
  CHECK(b.sets().size() == 1);
}

TEST_CASE("a closed register is silent, and its id is gone") {
  Bench b;
  b.registers.publish("a", 0);
  const auto id = b.watch("a");
  b.registers.publish("a", 1);
  const auto sets = b.sets();
  b.registers.publish("a", 2);
  CHECK(b.c.peer.ask(1, "REGS", "RM", u16(id)).status == 0);
  b.acknowledge(sets.at(0));
  b.registers.publish("a", 3);
  CHECK(b.sets().empty());
  CHECK(b.c.peer.ask(1, "REGS", "READ", u16(id)).status == not_found);
}

TEST_CASE("a removed register tells its watchers null, once, and cannot be opened again") {
  Bench b;
  b.registers.publish("process.1", 5);
  b.watch("process.1");
  b.registers.remove("process.1");
  b.registers.remove("process.1");
  const auto sets = b.sets();
  REQUIRE(sets.size() == 1);
  CHECK(Bench::value_of(sets[0]).is_null());
  CHECK(b.open("process.1").status == not_found);
}

TEST_CASE("a watcher's stream may end at any time") {
  Bench b;
  b.registers.publish("a", 0);
  {
    Connection other(&b.dispatcher);
    const auto id = other.peer.ask(1, "REGS", "NEW", to_bson({{"name", "a"}})).value;
    other.peer.ask(1, "REGS", "WATCH", u16(id));
    b.registers.publish("a", 1);
    other.peer.close();
    run_until(other.io, [&] { return !other.session->open(); });
    b.registers.publish("a", 2);
  }
  b.registers.publish("a", 3);
  CHECK(b.registers.value("a") == 3);
}

TEST_CASE("a computed register is made when it is read, and sent when it is touched") {
  Bench b;
  int made = 0;
  b.registers.provide("status", [&](Registers::Value value) { value(Json{{"n", ++made}}); });
  const auto id = b.watch("status");
  CHECK(b.read(id)["value"] == Json{{"n", 1}});
  b.registers.touch("status");
  CHECK(Bench::value_of(b.sets().at(0)) == Json{{"n", 2}});
}

TEST_CASE("a computed register whose making fails answers with the reason") {
  Bench b;
  b.registers.provide("status", [](Registers::Value value) { value(fail(Status::offline, "Not now.")); });
  const auto id = b.open("status").value;
  CHECK(b.c.peer.ask(1, "REGS", "READ", u16(id)).status == static_cast<unsigned>(Status::offline));
}

TEST_CASE("a register that is closed while its value is being made is silent") {
  Bench b;
  std::optional<Registers::Value> later;
  b.registers.provide("status", [&](Registers::Value value) { later = std::move(value); });
  const auto id = b.watch("status");
  b.registers.touch("status");
  b.c.peer.ask(1, "REGS", "RM", u16(id));
  REQUIRE(later);
  (*later)(Json(1));
  CHECK(b.sets().empty());
}

TEST_CASE("a name that is not there yet can be found later by the resolver") {
  Bench b;
  std::optional<Registers::Ready> ready;
  b.registers.resolve_with([&](const std::string& name, Registers::Ready r) {
    CHECK(name == "config.x");
    ready = std::move(r);
  });
  b.c.peer.send(request_bytes(1, "REGS", "NEW", to_bson({{"name", "config.x"}})));
  settle(b.c.io);
  REQUIRE(ready);
  b.registers.publish("config.x", 5);
  (*ready)({});
  const auto opened = b.c.peer.answer_on(1);
  CHECK(opened.status == 0);
  CHECK(b.read(opened.value)["value"] == 5);
}

TEST_CASE("what the resolver refuses, or does not make, is refused") {
  Bench b;
  b.registers.resolve_with([](const std::string& name, Registers::Ready ready) {
    if (name == "refused") return ready(fail(Status::denied, "No."));
    ready({});
  });
  CHECK(b.open("refused").status == static_cast<unsigned>(Status::denied));
  CHECK(b.open("not made").status == not_found);
}

TEST_CASE("a value too long for a SET arrives as null and says so, and is read whole") {
  Bench b;
  b.registers.publish("status", 0);
  const auto id = b.watch("status");
  const std::string big(100'000, 'x');
  b.registers.publish("status", big);
  const auto sets = b.sets();
  REQUIRE(sets.size() == 1);
  CHECK(Bench::value_of(sets[0]).is_null());
  CHECK(Bench::document_of(sets[0])["too_long"] == true);
  CHECK(b.read(id)["value"] == big);
}

TEST_CASE("the log does not coalesce: every entry arrives, in order, each with its own time") {
  Bench b;
  b.watch("log");
  for (int i = 0; i < 50; ++i) b.registers.log({{"n", i}});
  for (int i = 0; i < 50; ++i) {
    const auto sets = b.sets();
    REQUIRE(sets.size() == 1);
    CHECK(Bench::value_of(sets[0]) == Json{{"n", i}});
    b.acknowledge(sets[0]);
  }
  CHECK(b.sets().empty());
}

TEST_CASE("equal log entries are entries of their own") {
  Bench b;
  b.watch("log");
  b.registers.log({{"n", 1}});
  b.registers.log({{"n", 1}});
  b.acknowledge(b.sets().at(0));
  CHECK(b.sets().size() == 1);
}

TEST_CASE(
    "1,000 log entries queue for a slow watcher; older ones are dropped beyond, and the drop is reported") {
  Bench b;
  b.watch("log");
  for (int i = 0; i <= 1010; ++i) b.registers.log({{"n", i}});
  auto sets = b.sets();  // entry 0 went out at once; 1 to 10 fell out of the queue
  REQUIRE(sets.size() == 1);
  CHECK(Bench::value_of(sets[0]) == Json{{"n", 0}});
  b.acknowledge(sets[0]);
  sets = b.sets();
  CHECK(Bench::value_of(sets.at(0)) == Json{{"n", 11}, {"dropped", 10}});
  for (int i = 12; i <= 1010; ++i) {
    b.acknowledge(sets.at(0));
    sets = b.sets();
    REQUIRE(sets.size() == 1);
    CHECK(Bench::value_of(sets[0]) == Json{{"n", i}});
  }
}

TEST_CASE("a stream may have 4,096 registers open; the next is overloaded until one is closed") {
  Bench b;
  b.registers.publish("a", 0);
  unsigned last = 0;
  for (std::size_t i = 0; i < max_open_registers; ++i) last = b.open("a").value;
  CHECK(b.open("a").status == overloaded);
  CHECK(b.c.peer.ask(1, "REGS", "RM", u16(last)).status == 0);
  CHECK(b.open("a").status == 0);
}

TEST_CASE("ids of registers come again only after all others") {
  Bench b;
  b.registers.publish("a", 0);
  const auto first = b.open("a").value;
  b.c.peer.ask(1, "REGS", "RM", u16(first));
  CHECK(b.open("a").value != first);
}

TEST_CASE("a stream register sends every entry, and is told apart from one that nobody watches") {
  Bench b;
  b.registers.append("serial", nullptr);
  CHECK_FALSE(b.registers.watched("serial"));
  b.watch("serial");
  CHECK(b.registers.watched("serial"));
  for (int i = 0; i < 3; ++i) b.registers.append("serial", {{"text", i}});
  for (int i = 0; i < 3; ++i) {
    const auto sets = b.sets();
    REQUIRE(sets.size() == 1);
    CHECK(Bench::value_of(sets[0])["text"] == i);
    b.acknowledge(sets[0]);
  }
}
