#include "protocol/crossing.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace celeriac::protocol;
using namespace std::string_literals;
using Part = OthismoMessage::Part;

namespace {

Item kinode_request() {
  Item item;
  item.source = "n.os@a:b:c";
  item.body = "\0body\xff"s;
  item.metadata = R"({"b":"2","a":"1"})";
  return item;
}

OthismoMessage routing() {
  return {.send_to = "/object", .reply_to = "/proc/c/b/a", .request_id = 5, .response_id = {}, .parts = {}};
}

Item received(const Outgoing& reply) {
  Item item;
  static_cast<Content&>(item) = reply;
  item.type = ItemType::response;
  if (reply.blob_bytes) item.blob = BlobInfo{reply.mime, reply.blob_bytes->size()};
  return item;
}

Json part(const OthismoMessage& message, std::string_view name) {
  REQUIRE(message.find(name));
  return message.find(name)->json();
}

std::string bytes(const Json& json) {
  const auto& binary = json.get_binary();
  return {binary.begin(), binary.end()};
}

}  // namespace

TEST_CASE("128: a Kinode request reaches an object whole, and its reply comes back whole") {
  auto item = kinode_request();
  item.blob = BlobInfo{"image/png", 3};
  REQUIRE(needs_blob(item, Format::othismo));
  const auto message = to_othismo(item, routing(), "BB\0"s);
  REQUIRE(message);
  CHECK(message->send_to == "/object");
  CHECK(message->reply_to == "/proc/c/b/a");
  CHECK(message->request_id == 5);
  const auto request = part(*message, "kinode.request");
  CHECK(bytes(request.at("body")) == item.body);
  CHECK(request.at("metadata") == *item.metadata);
  CHECK(request.at("mime") == "image/png");
  CHECK(bytes(request.at("blob")) == "BB\0"s);

  // The object answers with what it was asked: the requester has it as it was.
  for (const auto* name : {"kinode.response", "kinode.request.response"}) {
    const auto reply =
        reply_from_othismo(othismo_reply(*message, "/x", Part::of(name, request)), Format::kinode);
    CHECK(reply.format == Format::kinode);
    CHECK(reply.body == item.body);
    CHECK(reply.metadata == item.metadata);
    CHECK(reply.blob_bytes == "BB\0"s);
    CHECK(reply.mime == "image/png");
  }
}

TEST_CASE("128: an object's own reply to a Kinode process is its document, and says so") {
  const auto reply =
      reply_from_othismo(othismo_reply(routing(), "/x", Part::of("m.response", {{"a", 1}})), Format::kinode);
  CHECK(reply.format == Format::othismo);
  const auto item = to_kinode(received(reply));
  CHECK(item.format == Format::kinode);
  CHECK(item.metadata == R"({"content-type":"application/bson"})");
  CHECK(read_othismo(item.body)->find("m.response")->json() == Json{{"a", 1}});
}

TEST_CASE("what Kinode leaves out is null for an object") {
  Item item;
  const auto message = to_othismo(item, routing(), {});
  REQUIRE(message);
  CHECK(part(*message, "kinode.request") ==
        Json{{"body", Json::binary({})}, {"metadata", nullptr}, {"mime", nullptr}, {"blob", nullptr}});
  item.type = ItemType::response;
  CHECK(to_othismo(item, routing(), {})->find("kinode.response"));
}

TEST_CASE("an object's message to an object stays as it is, with the kernel's numbers") {
  Item item;
  item.format = Format::othismo;
  item.body = to_bson({{"othismo", {{"send_to", "/object"}, {"request_id", 77}}}, {"m", {{"a", 1}}}});
  auto message = to_othismo(item, routing(), {});
  REQUIRE(message);
  CHECK(message->request_id == 5);
  CHECK(message->reply_to == "/proc/c/b/a");
  CHECK(part(*message, "m") == Json{{"a", 1}});

  item.body = to_bson({{"othismo", {{"send_to", "/object"}, {"reply_to", "/else"}}}, {"m", 1}});
  CHECK(to_othismo(item, routing(), {})->reply_to == "/else");
  item.body = "nonsense";
  CHECK(to_othismo(item, routing(), {}).error().code == "bad_message");
}

TEST_CASE("an error is othismo.error for an object") {
  Item item;
  item.type = ItemType::error;
  item.failure = Failure::no_target;
  item.explanation = "There is no /x.";
  auto to = routing();
  to.response_id = 9;
  const auto message = to_othismo(item, to, {});
  CHECK(part(*message, "othismo.error") ==
        Json{{"code", "object_does_not_exist"}, {"message", "There is no /x."}});
  CHECK(message->response_id == 9);
}

TEST_CASE("129: a publication is a request with its pairs and its topic in the metadata for Kinode") {
  Item item;
  item.format = Format::wasi;
  item.body = "21.5";
  item.topic = "soil";
  item.content_type = "text/plain";
  item.pairs = Pairs{{"zone", "b"}, {"bed", "3"}};
  const auto kinode = to_kinode(item);
  CHECK(kinode.body == "21.5");
  CHECK(kinode.metadata == R"({"zone":"b","bed":"3","content-type":"text/plain","topic":"soil"})");
  CHECK_FALSE(kinode.blob);

  // And what a Kinode process answers with the same metadata is the same message again.
  auto answer = kinode;
  answer.type = ItemType::response;
  answer.topic.reset();
  const auto back = to_wasi(answer, {});
  CHECK(back.body == item.body);
  CHECK(back.topic == item.topic);
  CHECK(back.content_type == item.content_type);
  CHECK(back.pairs == item.pairs);
}

TEST_CASE("Kinode's metadata are pairs where they are texts, and otherwise one pair that comes back") {
  CHECK(to_wasi(kinode_request(), {}).pairs == Pairs{{"b", "2"}, {"a", "1"}});
  for (const auto* raw : {R"({"a":1})", "[]", "no JSON", ""}) {
    auto item = kinode_request();
    item.metadata = raw;
    auto wasi = to_wasi(item, {});
    CHECK(wasi.pairs == Pairs{{"kinode-metadata", raw}});
    CHECK_FALSE(wasi.metadata);
    CHECK(to_kinode(wasi).metadata == raw);
  }
  Item none;
  CHECK_FALSE(to_wasi(none, {}).pairs);
  CHECK_FALSE(to_kinode(to_wasi(none, {})).metadata);
}

TEST_CASE("a blob is wasi's data only where there is no body") {
  auto item = kinode_request();
  item.blob = BlobInfo{"image/png", 2};
  CHECK_FALSE(needs_blob(item, Format::wasi));
  item.body.clear();
  REQUIRE(needs_blob(item, Format::wasi));
  const auto wasi = to_wasi(item, "BB");
  CHECK(wasi.body == "BB");
  CHECK(wasi.content_type == "image/png");
}

TEST_CASE("wasi's messages are documents for objects, and come back") {
  Item item;
  item.format = Format::wasi;
  item.body = "\xff\0"s;
  item.topic = "soil";
  item.content_type = "text/plain";
  item.pairs = Pairs{{"k", "1"}, {"k", "2"}};
  const auto message = to_othismo(item, routing(), {});
  const auto document = part(*message, "wasi.message");
  CHECK(document.at("metadata") == Json::array({Json::array({"k", "1"}), Json::array({"k", "2"})}));
  const auto reply =
      reply_from_othismo(othismo_reply(*message, "/x", Part::of("wasi.message", document)), Format::wasi);
  CHECK(reply.format == Format::wasi);
  CHECK(reply.body == item.body);
  CHECK(reply.topic == item.topic);
  CHECK(reply.content_type == item.content_type);
  CHECK(reply.pairs == item.pairs);
}

TEST_CASE("frames are documents, pairs and bodies, and their payload comes back") {
  Item item;
  item.format = Format::farm;
  item.body = "\1\2"s;
  item.metadata = R"({"namespace":"SYS","operation":"MVABS"})";
  const auto message = to_othismo(item, routing(), {});
  const auto document = part(*message, "farmbot.SYS.MVABS");
  CHECK(bytes(document.at("payload")) == item.body);
  const auto reply = reply_from_othismo(
      othismo_reply(*message, "/x", Part::of("farmbot.SYS.MVABS.response", document)), Format::farm);
  CHECK(reply.format == Format::farm);
  CHECK(reply.body == item.body);

  CHECK(to_wasi(item, {}).pairs == Pairs{{"namespace", "SYS"}, {"operation", "MVABS"}});
  CHECK(to_kinode(item).metadata == item.metadata);
  CHECK(to_kinode(item).body == item.body);
}

TEST_CASE("a frame takes a body, a single binary or a document, up to its payload, and no blob") {
  auto item = kinode_request();
  CHECK(to_farm(item)->body == item.body);
  item.blob = BlobInfo{};
  CHECK(to_farm(item).error().code == "bad_message");

  Item object;
  object.format = Format::othismo;
  object.body = write_othismo({.send_to = "/f",
                               .reply_to = {},
                               .request_id = {},
                               .response_id = {},
                               .parts = {Part::of("m", Json::binary({1, 2}))}});
  CHECK(to_farm(object)->body == "\1\2");
  object.body = to_bson({{"/f/m", {{"a", 1}}}});
  CHECK(to_farm(object)->body == object.body);

  Item large;
  large.body.assign(max_farm_payload, 'x');
  CHECK(to_farm(large));
  large.body += 'x';
  CHECK(to_farm(large).error().code == "too_large");
}

TEST_CASE("what is too large for an object is refused") {
  Item item;
  item.blob = BlobInfo{{}, max_othismo_document + 1};
  CHECK(to_othismo(item, routing(), std::string(max_othismo_document + 1, 'x')).error().code == "too_large");
}

TEST_CASE("capabilities cross between Kinode processes only") {
  auto item = kinode_request();
  item.capabilities.push_back({"n@a:b:c", "1"});
  CHECK_FALSE(drops_capabilities(item, Format::kinode));
  CHECK(to_kinode(item).capabilities.size() == 1);
  CHECK(drops_capabilities(item, Format::wasi));
  CHECK(to_wasi(item, {}).capabilities.empty());
  CHECK(to_farm(item)->capabilities.empty());
  item.format = Format::wasi;
  CHECK(drops_capabilities(item, Format::kinode));
  CHECK(to_kinode(item).capabilities.empty());
}

TEST_CASE("a subscriber that has failed says so in the terms of who asked") {
  Item item;
  item.type = ItemType::response;
  item.format = Format::wasi;
  item.error = "The bed is dry.";
  CHECK(part(*to_othismo(item, routing(), {}), "othismo.error") ==
        Json{{"code", "failed"}, {"message", "The bed is dry."}});
  CHECK(to_kinode(item).metadata == R"({"error":"The bed is dry."})");
}
