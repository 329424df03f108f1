#include "protocol/node_message.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "protocol/document.hpp"

using namespace celeriac::protocol;

namespace {

NodeMessage specimen() {
  NodeMessage message;
  message.id = 0xfedcba9876543210;
  message.source = "panel:shed:local";
  message.envelope.to = "echo:echo:acme";
  message.envelope.expects = 5000;
  message.envelope.body = std::string("a\0b", 3);
  message.envelope.blob_bytes = "bytes";
  message.envelope.mime = "text/plain";
  message.envelope.rsvp = "shed.os@panel:shed:local";
  return message;
}

}  // namespace

TEST_CASE("a message between nodes comes back as it was written") {
  auto message = specimen();
  auto again = decode_node_message(encode(message));
  REQUIRE(again);
  CHECK(again->type == ItemType::request);
  CHECK(again->id == message.id);
  CHECK(again->source == message.source);
  CHECK(encode(again->envelope) == encode(message.envelope));

  message.type = ItemType::error;
  message.failure = Failure::no_target;
  message.explanation = "There is no echo here.";
  again = decode_node_message(encode(message));
  REQUIRE(again);
  CHECK(again->type == ItemType::error);
  CHECK(again->failure == Failure::no_target);
  CHECK(again->explanation == message.explanation);
}

TEST_CASE("a message between nodes that cannot be read is refused with a sentence") {
  CHECK(decode_node_message("no").error().status == Status::malformed);
  CHECK(decode_node_message(to_bson({{"type", "request"}})).error().message.contains("\"id\""));
  CHECK(decode_node_message(to_bson({{"type", "smoke"}})).error().message.contains("\"type\""));
  CHECK(decode_node_message(std::string(max_node_message + 1, 'x')).error().status ==
        Status::out_of_resources);
  auto handles = specimen();
  handles.envelope.blob = 3;
  CHECK(decode_node_message(encode(handles)).error().message.contains("handle"));
}

TEST_CASE("a parcel names a node, and nothing that would be another topic") {
  const auto parcel = decode_node_parcel(encode(NodeParcel{"shed.os", encode(specimen())}));
  REQUIRE(parcel);
  CHECK(parcel->node == "shed.os");
  CHECK(parcel->message == encode(specimen()));
  for (const std::string node : {"", "a/b", "+", "#", "Shed", "a b", "$SYS"})
    CHECK_FALSE(decode_node_parcel(encode(NodeParcel{node, "m"})));
  CHECK_FALSE(decode_node_parcel(encode(NodeParcel{std::string(max_node_name + 1, 'a'), "m"})));
}

TEST_CASE("an outcome is good, or a failure with its explanation") {
  CHECK_FALSE(decode_node_outcome(encode(NodeOutcome{}))->failure);
  const auto bad = decode_node_outcome(encode(NodeOutcome{Failure::offline, "shed.os is not there."}));
  REQUIRE(bad);
  CHECK(bad->failure == Failure::offline);
  CHECK(bad->explanation == "shed.os is not there.");
  for (const auto* text : {"", "{}", "[]", R"({"Err":{}})", R"({"Err":{"failure":"smoke"}})"})
    CHECK_FALSE(decode_node_outcome(text));
}

TEST_CASE("spoilt messages between nodes are refused or read, and never more") {
  std::mt19937 random(2027);
  const std::string good = encode(specimen());
  for (int i = 0; i < 5'000; ++i) {
    std::string bad = good;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
      bad[random() % bad.size()] = static_cast<char>(random());
    static_cast<void>(decode_node_message(bad));
    static_cast<void>(decode_node_parcel(bad));
  }
}
