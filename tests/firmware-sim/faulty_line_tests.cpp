#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "firmware-sim/faults/faulty_line.hpp"

using namespace celeriac::firmware_sim;
using namespace std::chrono_literals;

namespace {

/// A line to the board, and what came out of it.
struct Line {
  std::string out;
  std::vector<Instant> times;
  int hits = 0;
  FaultyLine line{Direction::to_board, RandomSource(1, 1),
                  [this](Instant at, std::string_view bytes) {
                    out += bytes;
                    times.push_back(at);
                  },
                  [this](Instant, const Fault&) { ++hits; }};

  void send(std::string_view bytes, Instant at = Instant{}) {
    for (const char byte : bytes) line.take(at, byte);
    line.flush(at);
  }
};

}  // namespace

TEST_CASE("Without a fault bytes pass together and at once") {
  Line line;
  line.send("F83 Q1\n", Instant(1s));
  CHECK(line.out == "F83 Q1\n");
  CHECK(line.times == std::vector{Instant(1s)});
}

TEST_CASE("The next bytes are dropped, doubled or changed, and then no more") {
  const auto sent = [](Fault fault) {
    Line line;
    line.line.begin(fault, Instant{});
    line.send("abcdef");
    return line.out;
  };
  CHECK(sent({.kind = FaultKind::drop, .bytes = 2}) == "cdef");
  CHECK(sent({.kind = FaultKind::duplicate, .bytes = 2}) == "aabbcdef");
  const std::string corrupt = sent({.kind = FaultKind::corrupt, .bytes = 2});
  CHECK(corrupt.size() == 6);
  CHECK(corrupt[0] != 'a');
  CHECK(corrupt[1] != 'b');
  CHECK(corrupt.substr(2) == "cdef");
}

TEST_CASE("A fault of the other direction does nothing here") {
  Line line;
  line.line.begin({.kind = FaultKind::drop, .direction = Direction::from_board, .bytes = 9}, Instant{});
  line.send("abc");
  CHECK(line.out == "abc");
}

TEST_CASE("Silence swallows what comes while it lasts") {
  Line line;
  line.line.begin({.kind = FaultKind::silence, .lasting = 2s}, Instant(1s));
  line.send("a", Instant(1s));
  line.send("b", Instant(2999ms));
  line.send("c", Instant(3s));
  CHECK(line.out == "c");
}

TEST_CASE("Garbage comes in front of what follows") {
  Line line;
  line.line.begin({.kind = FaultKind::garbage, .bytes = 5}, Instant{});
  line.send("abc");
  CHECK(line.out.size() == 8);
  CHECK(line.out.ends_with("abc"));
}

TEST_CASE("Delayed bytes come late, and nothing overtakes them") {
  Line line;
  line.line.begin({.kind = FaultKind::delay, .bytes = 1, .by = 100ms}, Instant{});
  line.send("ab", Instant(1s));
  line.send("c", Instant(1050ms));
  CHECK(line.out.empty());
  REQUIRE(line.line.next_release() == Instant(1100ms));
  line.line.release(Instant(1100ms));
  CHECK(line.out == "abc");
  line.send("d", Instant(1200ms));
  CHECK(line.out == "abcd");
  CHECK(line.times == std::vector{Instant(1100ms), Instant(1200ms)});
}

TEST_CASE("A delay can last, and ends") {
  Line line;
  line.line.begin({.kind = FaultKind::delay, .by = 10ms, .lasting = 1s}, Instant{});
  line.send("a", Instant(999ms));
  line.line.release(Instant(1009ms));
  line.send("b", Instant(1010ms));
  CHECK(line.out == "ab");
  CHECK(line.times == std::vector{Instant(1009ms), Instant(1010ms)});
}

TEST_CASE("What is delayed beyond the bound is lost, and a cut cable loses all of it") {
  Line line;
  line.line.begin({.kind = FaultKind::delay, .by = 1h, .lasting = 1h}, Instant{});
  line.send(std::string(FaultyLine::max_delayed + 100, 'a'));
  line.line.release(Instant(1h));
  CHECK(line.out.size() == FaultyLine::max_delayed);
  line.send("b", Instant(1s));
  line.line.cut();
  CHECK(!line.line.next_release());
}

TEST_CASE("Faults that wait for bytes are bounded: a further one takes the place of the oldest") {
  Line line;
  for (std::size_t i = 0; i < FaultyLine::max_pending; ++i)
    line.line.begin({.kind = FaultKind::drop, .bytes = 1}, Instant{});
  for (std::size_t i = 0; i < FaultyLine::max_pending; ++i)
    line.line.begin({.kind = FaultKind::duplicate, .bytes = 0}, Instant{});
  line.send("a");
  CHECK(line.out == "a");
}

TEST_CASE("A chance hits about so many bytes as it says, and says which") {
  Line line;
  line.line.add_chance({.kind = FaultKind::drop, .direction = Direction::to_board}, 0.1, RandomSource(7, 20));
  line.send(std::string(10'000, 'a'));
  CHECK(line.hits > 850);
  CHECK(line.hits < 1150);
  CHECK(line.out.size() == 10'000 - static_cast<std::size_t>(line.hits));
}
