#include "vm/kernel/records.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fake_kernel_world.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;

TEST_CASE("73: on-exit comes back as it was set, with bodies and blobs") {
  OnExit on_exit{.kind = OnExit::Kind::requests};
  celeriac::protocol::Outgoing out;
  out.to = "n.os@a:b:c";
  out.body = std::string("\0\xff", 2);
  out.metadata = "{}";
  on_exit.requests.push_back({out, Bench::blob("BLOB")});
  const auto again = read_on_exit(document(on_exit), nullptr);
  REQUIRE(again);
  REQUIRE(again->requests.size() == 1);
  CHECK(again->requests[0].message.to == "n.os@a:b:c");
  CHECK(again->requests[0].message.body == out.body);
  CHECK(again->requests[0].message.metadata == "{}");
  CHECK(again->requests[0].blob->blob->bytes == "BLOB");
  CHECK(again->requests[0].blob->mime == "m/t");
  CHECK(read_on_exit("restart", nullptr)->kind == OnExit::Kind::restart);
  CHECK(read_on_exit("none", nullptr)->kind == OnExit::Kind::none);
  CHECK_FALSE(read_on_exit("perhaps", nullptr));
  CHECK_FALSE(read_on_exit({{"requests", {{{"envelope", "text"}}}}}, nullptr));
}

TEST_CASE("a process comes back from its record with everything that it is made of") {
  Bench bench;
  auto& process = bench.guest("a", {.path = "/garden/a",
                                    .module = "ab12",
                                    .abi = "othismo/1",
                                    .on_exit = {.kind = OnExit::Kind::restart},
                                    .is_public = true,
                                    .durable = true,
                                    .configuration = {{"topics", {"soil"}}}});
  bench.kernel.grant(process, {"n.os@x:y:z", "{\"pin\": 8}"});
  const auto record = decode_process(encode_process(process));
  REQUIRE(record);
  CHECK(record->spec.name == process.spec.name);
  CHECK(record->spec.path == "/garden/a");
  CHECK(record->spec.module == "ab12");
  CHECK(record->spec.abi == "othismo/1");
  CHECK(record->spec.on_exit.kind == OnExit::Kind::restart);
  CHECK(record->spec.is_public);
  CHECK(record->spec.durable);
  CHECK(record->spec.configuration == process.spec.configuration);
  CHECK(record->capabilities == process.capabilities.list());
}

TEST_CASE("a message comes back from its bytes") {
  Message message;
  message.id = 0xfedcba9876543210;
  message.source.address = {"n.os", {"a", "b", "c"}};
  message.source_path = "/a";
  message.target.address = {"n.os", {"d", "e", "f"}};
  message.target_path = "/d";
  message.rsvp = Endpoint{no_process, {"n.os", {"g", "h", "i"}}};
  message.inherit = true;
  message.expects = 7;
  message.content.body = std::string("\0x", 2);
  message.content.topic = "soil";
  message.blob = Bench::blob("BLOB");
  const auto again = decode_message(encode_message(message));
  REQUIRE(again);
  CHECK((*again)->id == message.id);
  CHECK((*again)->source.address == message.source.address);
  CHECK((*again)->source_path == "/a");
  CHECK((*again)->target.address == message.target.address);
  CHECK((*again)->target_path == "/d");
  CHECK((*again)->rsvp->address == message.rsvp->address);
  CHECK((*again)->inherit);
  CHECK((*again)->expects == 7);
  CHECK((*again)->content.body == message.content.body);
  CHECK((*again)->content.topic == "soil");
  CHECK((*again)->blob->blob->bytes == "BLOB");
  CHECK_FALSE(decode_message("nonsense"));
}
