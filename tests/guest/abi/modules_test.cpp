// Real modules, in C and in WebAssembly text, in the real engine.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sstream>

#include "tests/guest/abi/real_guest.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;

namespace {

std::string refusal(const char* file) {
  const auto made = RealGuest::load(file);
  return made ? "" : made.error().message;
}

/// Echoes both bodies, and then waits for more.
void check_echo(const char* file) {
  const auto guest = loaded(file);
  guest->mailbox = {request_of("one"), request_of(std::string("t\0wo", 4))};
  CHECK(guest->run() == "waits");
  const auto responses = guest->responses();
  REQUIRE(responses.size() == 2);
  CHECK(responses[0].body == "one");
  CHECK(responses[1].body == std::string("t\0wo", 4));
}

}  // namespace

TEST_CASE(
    "1, 4, 17, 21: a process echoes: a module, one whose memory grows, one in the standardised spelling, a "
    "component") {
  const auto* file = GENERATE(ECHO_WASM, GROWING_ECHO_WASM, CM32P2_ECHO_WASM, COMPONENT_ECHO_WASM);
  INFO(file);
  check_echo(file);
}

TEST_CASE("2: a module with an import of another type is refused, by name") {
  const auto why = refusal(WRONG_IMPORT_TYPE_WASM);
  INFO(why);
  CHECK(why.starts_with("The module imports kinode:process/standard@0.7.0 "));
  CHECK(why.contains("but its type is"));
}

TEST_CASE("3: a module with an unknown import is refused, by name") {
  const auto why = refusal(UNKNOWN_IMPORT_WASM);
  INFO(why);
  CHECK(why.contains("which this host does not offer"));
}

TEST_CASE("5: components without one suitable main module are refused with a reason") {
  const auto* file = GENERATE(COMPONENT_OF_TWO_WASM, COMPONENT_WITHOUT_MAIN_WASM, COMPONENT_NESTED_WASM,
                              COMPONENT_UTF16_WASM);
  INFO(file);
  CHECK(refusal(file) != "");
}

TEST_CASE("6: _initialize runs once before init") {
  const auto guest = loaded(INITIALISED_ECHO_WASM);
  CHECK(guest->run() == "waits");
  REQUIRE(guest->asked.front().operation == "MESSAGE.PRINT");
  CHECK(protocol::from_bson(guest->asked.front().payload.substr(2)).value()["text"] == "initialised 1 times");
}

TEST_CASE("7: a module that uses receive and brings no allocator is refused") {
  CHECK(refusal(NO_REALLOC_WASM).contains("exports no cabi_realloc"));
}

TEST_CASE("18: a real allocator that calls an import traps") {
  const auto guest = loaded(CALLING_ECHO_WASM);
  guest->mailbox = {request_of("x")};
  CHECK(guest->run().starts_with("receive: clear-state: it is called from inside the guest's allocator"));
}

TEST_CASE("a real allocator that returns what lies outside of the memory traps") {
  const auto guest = loaded(BAD_REALLOC_WASM);
  guest->mailbox = {request_of("x")};
  const auto why = guest->run();
  INFO(why);
  CHECK(why.starts_with("receive: cabi_realloc returned 4294967280"));
}

TEST_CASE(
    "10, 11, 12, 13, 14, 15, 16, 19, 50: a process in C that breaks a rule traps there, and one that does "
    "not survives") {
  // The guest itself tells what it can break.
  const auto asking = loaded(KINODE_BREAKER_WASM);
  asking->mailbox = {request_of("names")};
  REQUIRE(asking->run() == "waits");
  REQUIRE(asking->responses().size() == 1);
  std::istringstream names(asking->responses()[0].body);
  std::size_t breaches = 0;
  for (std::string name; names >> name; ++breaches) {
    INFO(name);
    const auto guest = loaded(KINODE_BREAKER_WASM);
    guest->mailbox = {request_of(name)};
    const auto end = guest->run();
    INFO(end);
    if (name.starts_with("fine-")) {
      CHECK(end == "waits");
      REQUIRE(guest->responses().size() == 1);
    } else {
      CHECK(end != "waits");
      CHECK(end.contains(": "));
      CHECK(guest->mailbox.empty());
      CHECK(guest->asked.size() == 1);  // the request that named the breach: nothing went out after it
    }
  }
  CHECK(breaches > 20);
}
