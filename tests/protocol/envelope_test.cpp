#include "protocol/envelope.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "protocol/document.hpp"

using namespace celeriac::protocol;

namespace {

Item full_item() {
  Item item;
  item.body = std::string("a\0b", 3);
  item.metadata = "{}";
  item.capabilities = {{"n.os@a:b:c", "\"messaging\""}, {"n.os@d:e:f", R"({"pin":8})"}};
  item.format = Format::wasi;
  item.topic = "soil";
  item.content_type = "text/plain";
  item.pairs = {{"k", "v"}, {"k2", ""}};
  item.type = ItemType::error;
  item.source = "n.os@a:b:c";
  item.source_path = "/proc/c/b/a";
  item.request = 0xfedcba9876543210;
  item.inherit = true;
  item.expects = 5000;
  item.blob = BlobInfo{"image/png", 1 << 20};
  item.context = "ctx";
  item.failure = Failure::deadlock;
  item.explanation = "It waits for itself.";
  item.target = "n.os@g:h:i";
  item.of_response = true;
  return item;
}

}  // namespace

TEST_CASE("an item comes back as it was written, all fields") {
  const Item item = full_item();
  const auto again = decode_item(encode(item));
  REQUIRE(again);
  CHECK(again->body == item.body);
  CHECK(again->metadata == item.metadata);
  CHECK(again->capabilities == item.capabilities);
  CHECK(again->format == item.format);
  CHECK(again->topic == item.topic);
  CHECK(again->content_type == item.content_type);
  CHECK(again->pairs == item.pairs);
  CHECK(again->type == item.type);
  CHECK(again->source == item.source);
  CHECK(again->source_path == item.source_path);
  CHECK(again->request == item.request);
  CHECK(again->inherit);
  CHECK(again->expects == item.expects);
  REQUIRE(again->blob);
  CHECK(again->blob->mime == "image/png");
  CHECK(again->blob->size == 1 << 20);
  CHECK(again->context == item.context);
  CHECK(again->failure == item.failure);
  CHECK(again->explanation == item.explanation);
  CHECK(again->target == item.target);
  CHECK(again->of_response);
  CHECK(encode(*again) == encode(item));
}

TEST_CASE("an outgoing message comes back as it was written, and what is absent stays absent") {
  Outgoing message;
  message.to = "our@a:b:c";
  auto again = decode_outgoing(encode(message));
  REQUIRE(again);
  CHECK(again->to == "our@a:b:c");
  CHECK_FALSE(again->expects);
  CHECK_FALSE(again->context);
  CHECK_FALSE(again->metadata);
  CHECK_FALSE(again->pairs);
  CHECK_FALSE(again->has_blob());

  message.expects = 0;
  message.context = "";
  message.metadata = "";
  message.pairs.emplace();
  message.blob_bytes = "";
  message.mime = "m/t";
  message.rsvp = "/me";
  message.body_blob = 7;
  message.blob = 65535;
  message.request = 12;
  message.replies = 3;
  message.error = "no water";
  message.inherit = true;
  again = decode_outgoing(encode(message));
  REQUIRE(again);
  CHECK(again->expects == 0);
  CHECK(again->context == "");
  CHECK(again->metadata == "");
  CHECK(again->pairs == Pairs{});
  CHECK(again->blob_bytes == "");
  CHECK(again->mime == "m/t");
  CHECK(again->rsvp == "/me");
  CHECK(again->body_blob == 7);
  CHECK(again->blob == 65535);
  CHECK(again->request == 12);
  CHECK(again->replies == 3);
  CHECK(again->error == "no water");
  CHECK(again->inherit);
}

TEST_CASE("what is wrong with a message is told by the field's name") {
  const auto refused = [](const Json& document) {
    const auto read = decode_outgoing(to_bson(document));
    REQUIRE_FALSE(read);
    CHECK(read.error().status == Status::malformed);
    return read.error().message;
  };
  CHECK(refused({{"to", 5}}) == "The message's field \"to\" must be a text.");
  CHECK(refused({{"expects", -1}}).contains("\"expects\" must be from 0"));
  CHECK(refused({{"body", "text"}}) == "The message's field \"body\" must be binary.");
  CHECK(refused({{"format", "smoke"}}) == "The message's field \"format\" is unknown.");
  CHECK(refused({{"capabilities", 1}}).contains("must be a list"));
  CHECK(refused({{"capabilities", Json::array({1})}}).contains("must hold documents"));
  CHECK(refused({{"capabilities", Json::array({{{"issuer", 1}}})}}).contains("\"issuer\" must be a text"));
  auto many = Json::array();
  for (std::size_t i = 0; i <= max_capabilities_attached; ++i) many.push_back({{"issuer", "a"}});
  CHECK(refused({{"capabilities", many}}).contains("more than 64 entries"));
  CHECK(decode_outgoing("short").error().message == "The message of 5 bytes is not one BSON document.");
}

TEST_CASE("spoilt messages are refused or read, and never more") {
  std::mt19937 random(2026);
  const std::string good = encode(full_item());
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
      bad[random() % bad.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    static_cast<void>(decode_item(bad));
    static_cast<void>(decode_outgoing(bad));
  }
}
