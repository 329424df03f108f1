#include <catch2/catch_test_macros.hpp>
#include <format>
#include <limits>
#include <optional>

#include "tests/celeryscript/compiler_host.hpp"

using namespace celeriac;
using testing::compiled;
using testing::Host;
using testing::sequence;

using Log = std::vector<std::string>;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::string branch(int sequence_id) {
  if (sequence_id == 0) return R"({"kind":"nothing","args":{}})";
  return std::format(R"({{"kind":"execute","args":{{"sequence_id":{}}}}})", sequence_id);
}

std::string if_step(std::string_view lhs, std::string_view op, double rhs, int then, int otherwise) {
  return std::format(R"({{"kind":"_if","args":{{"lhs":"{}","op":"{}","rhs":{},"_then":{},"_else":{}}}}})",
                     lhs, op, rhs, branch(then), branch(otherwise));
}

/// Which of the sequences 1 (_then) and 2 (_else) runs where pin 8 holds `value`.
int taken(std::string_view op, double value, double rhs) {
  Host host;
  host.registers["pins.8"] = value;
  const Log log = host.run(compiled(sequence(if_step("pin8", op, rhs, 1, 2))));
  REQUIRE(log.size() == 2);
  CHECK(log[0] == "REGS.READ pins.8");
  return log[1] == "VM.EXECUTE 1" ? 1 : 2;
}

}  // namespace

TEST_CASE("each operator compares as its word says") {
  CHECK(taken("is", 5, 5) == 1);
  CHECK(taken("is", 5, 6) == 2);
  CHECK(taken("not", 5, 6) == 1);
  CHECK(taken("not", 5, 5) == 2);
  CHECK(taken("<", 4.5, 5) == 1);
  CHECK(taken("<", 5, 5) == 2);
  CHECK(taken(">", 5.5, 5) == 1);
  CHECK(taken(">", 5, 5) == 2);
  CHECK(taken("is_undefined", 0, 0) == 2);
}

TEST_CASE("unknown is not a number, not less, and greater than every number") {
  CHECK(taken("is", unknown, 0) == 2);
  CHECK(taken("not", unknown, 0) == 1);
  CHECK(taken("<", unknown, 1e9) == 2);
  CHECK(taken(">", unknown, 1e9) == 1);
  CHECK(taken("is_undefined", unknown, 0) == 1);
}

TEST_CASE("a coordinate is compared as the position register has it, axis by axis") {
  for (const char* axis : {"x", "y", "z"}) {
    Host host;
    host.x = 1;
    host.y = 2;
    host.z = unknown;
    const double expected[] = {1, 2, 3};
    const Log log = host.run(compiled(sequence(if_step(axis, "is", expected[*axis - 'x'], 1, 2))));
    CHECK(log == Log{"REGS.READ position", *axis == 'z' ? "VM.EXECUTE 2" : "VM.EXECUTE 1"});
  }
}

TEST_CASE("a branch with nothing goes on behind the _if, in every combination and place") {
  for (const int then : {0, 1}) {
    for (const int otherwise : {0, 2}) {
      for (const bool more : {false, true}) {
        for (const double value : {0.0, 1.0}) {
          Host host;
          host.registers["pins.8"] = value;
          const std::string behind = more ? R"(,{"kind":"wait","args":{"milliseconds":9}})" : "";
          Log expected{"REGS.READ pins.8"};
          const int chosen = value == 1 ? then : otherwise;
          if (chosen != 0) expected.push_back(std::format("VM.EXECUTE {}", chosen));
          if (more) expected.emplace_back("SYS.WAIT milliseconds=9");
          CHECK(host.run(compiled(sequence(if_step("pin8", "is", 1, then, otherwise) + behind))) == expected);
        }
      }
    }
  }
}
