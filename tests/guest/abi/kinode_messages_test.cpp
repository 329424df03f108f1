// What becomes of the messages of a Kinode process, and of their blobs.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>

#include "guest/abi/kinode/conversion.hpp"
#include "guest/abi/wire.hpp"
#include "tests/guest/abi/kinode_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;

namespace {

using Operations = std::vector<std::string>;

/// The address of a request in a result.
std::string text(const Value& address) {
  return kinode::address_text(address);
}

/// The parts of an ok result of receive.
const Value& source(const Value& received) {
  return (*received.payload())[0];
}
const Value& message(const Value& received) {
  return (*received.payload())[1];
}

/// Answers BLOB.WRITE with handles from 1 on, and BLOB.READ from `bytes`.
void keep_blobs(FakeGuest& guest, std::string bytes = {}) {
  guest.answer = [handle = std::uint16_t{0},
                  bytes = std::move(bytes)](const FakeGuest::Asked& asked) mutable {
    protocol::Reply reply;
    const auto document = asked.operation.starts_with("BLOB.")
                              ? protocol::from_bson(asked.payload.substr(2)).value()
                              : protocol::Json();
    if (asked.operation == "BLOB.WRITE")
      reply.value = document.contains("blob") ? document["blob"].get<std::uint16_t>() : ++handle;
    if (asked.operation == "BLOB.READ") reply.data = bytes.substr(document["offset"], document["length"]);
    return reply;
  };
}

/// The bytes that BLOB.WRITE has put into a blob.
std::string written(const Kinode& kinode, int blob) {
  std::string made;
  int last = 0;
  for (std::size_t i = 0; i < kinode.guest.asked.size(); ++i) {
    if (kinode.guest.asked[i].operation != "BLOB.WRITE") continue;
    const auto document = kinode.document(i);
    last = document.value("blob", last + 1);
    const auto& data = document["data"].get_binary();
    if (last == blob) made.append(data.begin(), data.end());
  }
  return made;
}

}  // namespace

TEST_CASE("23: a request goes out with everything that it has, and the process's number in front") {
  Kinode kinode;
  kinode.send({.inherit = true,
               .expects = 5,
               .body = "hi",
               .metadata = "{}",
               .capabilities = {kinode.capability("\"messaging\"")}},
              kinode.blob("text/plain", "BLOB"), "ctx");
  REQUIRE(kinode.operations() == Operations{"MESSAGE.SEND"});
  CHECK(kinode.guest.asked[0].told);
  const auto sent = kinode.sent(0);
  CHECK(sent.to == "our@other:pkg:me.os");
  CHECK(sent.inherit);
  CHECK(sent.expects == 5'000);
  CHECK(sent.body == "hi");
  CHECK(sent.metadata == "{}");
  CHECK(sent.capabilities == std::vector<protocol::Capability>{{"our@issuer:pkg:me.os", "\"messaging\""}});
  CHECK(sent.context == "ctx");
  CHECK(sent.mime == "text/plain");
  CHECK(sent.blob_bytes == "BLOB");
  CHECK(sent.format == protocol::Format::kinode);
}

TEST_CASE("44: metadata is sent and received unchanged, and none is not an empty text") {
  const auto metadata = GENERATE(as<std::optional<std::string>>(), std::nullopt, "", R"({"a": 1})");
  Kinode kinode;
  kinode.send({.metadata = metadata ? std::optional<std::string_view>(*metadata) : std::nullopt});
  CHECK(kinode.sent(0).metadata == metadata);
  auto item = a_request();
  item.metadata = metadata;
  const auto received = kinode.receive(item);
  CHECK((*message(received).payload())[3].optional_text() == metadata);
}

TEST_CASE("45: send-requests sends in the order of the list") {
  Kinode kinode;
  std::vector<Value> messages;
  for (const std::string_view body : {"one", "two", "three"})
    messages.push_back(kinode.arena.record(
        {kinode.address("our", "other"), kinode.request({.body = body}), Arena::none(), Arena::none()}));
  kinode.write(types::sent_list, kinode.arena.list(messages, [](const Value& one) { return one; }),
               parameters);
  kinode.call("send-requests", {kinode.guest.load(parameters), kinode.guest.load(parameters + 4)});
  REQUIRE(kinode.operations() == Operations(3, "MESSAGE.SEND"));
  CHECK(kinode.sent(0).body == "one");
  CHECK(kinode.sent(1).body == "two");
  CHECK(kinode.sent(2).body == "three");
}

TEST_CASE("a bad message of send-requests keeps those before it from being sent") {
  Kinode kinode;
  const std::vector messages{
      kinode.arena.record({kinode.address("our", "other"), kinode.request({}), Arena::none(), Arena::none()}),
      kinode.arena.record({kinode.address("our", "\xff"), kinode.request({}), Arena::none(), Arena::none()})};
  kinode.write(types::sent_list, kinode.arena.list(messages, [](const Value& one) { return one; }),
               parameters);
  CHECK(kinode.trap("send-requests", {kinode.guest.load(parameters), kinode.guest.load(parameters + 4)}) ==
        "send-requests: requests[1].target.process.process-name is not UTF-8.");
  CHECK(kinode.guest.asked.empty());
}

TEST_CASE("seconds within which a response is expected become milliseconds, and absurd ones are cut") {
  Kinode kinode;
  kinode.send({.expects = std::nullopt});
  kinode.send({.expects = 0});
  kinode.send({.expects = std::numeric_limits<std::uint64_t>::max()});
  CHECK_FALSE(kinode.sent(0).expects);
  CHECK(kinode.sent(1).expects == 0);
  CHECK(kinode.sent(2).expects == std::int64_t{2'147'483'648'000});
}

TEST_CASE("a received time is in whole seconds, and not shorter than it was") {
  Kinode kinode;
  for (const auto& [milliseconds, seconds] : {std::pair(0, 0), {1, 1}, {1'000, 1}, {1'500, 2}}) {
    auto item = a_request();
    item.expects = milliseconds;
    CHECK((*message(kinode.receive(item)).payload())[1].some()->number() ==
          static_cast<std::uint64_t>(seconds));
  }
}

TEST_CASE("send-response answers what the process is dealing with") {
  Kinode kinode;
  const auto body = kinode.guest.put("done"), metadata = kinode.guest.put("m"), blob = kinode.guest.put("B");
  kinode.call("send-response", {1, body, 4, 1, metadata, 1, 0, 0, 1, 0, 0, 0, blob, 1});
  REQUIRE(kinode.operations() == Operations{"MESSAGE.RESPOND"});
  const auto sent = kinode.sent(0);
  CHECK(sent.request == 0);
  CHECK(sent.to.empty());
  CHECK(sent.inherit);
  CHECK(sent.body == "done");
  CHECK(sent.metadata == "m");
  CHECK(sent.blob_bytes == "B");
  CHECK_FALSE(sent.mime);
}

TEST_CASE("a received request shows its sender, and a response its context") {
  Kinode kinode;
  auto request = a_request();
  request.expects = 3'000;
  const auto asked = kinode.receive(request);
  CHECK(text(source(asked)) == "n.os@other:pkg:me.os");
  CHECK(message(asked).which() == 0);
  auto response = a_response();
  response.context = "ctx";
  const auto answered = kinode.receive(response);
  CHECK(message(answered).which() == 1);
  CHECK((*message(answered).payload())[1].some()->text() == "ctx");
}

TEST_CASE("an error of an unreachable node is offline, and all others are timeouts") {
  using protocol::Failure;
  for (const auto failure :
       {Failure::offline, Failure::timeout, Failure::no_target, Failure::denied, Failure::full,
        Failure::too_large, Failure::bad_message, Failure::trap, Failure::deadlock}) {
    Kinode kinode;
    auto item = an_error();
    item.failure = failure;
    const auto received = kinode.receive(item);
    REQUIRE(received.which() == 1);
    CHECK((*received.payload())[0][0].which() == (failure == Failure::offline ? 0 : 1));
  }
}

TEST_CASE("an error names its target from 0.8.0 on, and carries a response that failed") {
  Kinode kinode;
  auto item = an_error();
  item.of_response = true;
  item.context = "ctx";
  const auto received = kinode.receive(item, v0_8);
  const auto& error = (*received.payload())[0];
  CHECK(text(error[1]) == "n.os@gone:pkg:me.os");
  CHECK(error[2].which() == 1);
  CHECK_FALSE((*error[2].payload())[1].some());  // the context is beside it, not inside
  CHECK((*received.payload())[1].some()->text() == "ctx");
}

TEST_CASE("50: awaiting a response that is not expected traps, and so does asking oneself") {
  Kinode kinode;
  kinode.write_awaited(kinode.address("our", "other"), {.expects = std::nullopt});
  CHECK(kinode.trap("send-and-await-response", {parameters, return_area}) ==
        "send-and-await-response: expects-response is none, so there would be nothing to wait for.");
  for (const std::string_view node : {"our", "n.os"}) {
    kinode.write_awaited(kinode.address(node, "me"), {});
    CHECK(kinode.trap("send-and-await-response", {parameters, return_area}) ==
          "send-and-await-response: the request is for the process itself, which cannot answer while it "
          "waits.");
  }
  CHECK(kinode.guest.asked.empty());
  kinode.write_awaited(kinode.address("elsewhere.os", "me"), {});
  kinode.guest.reply_with(encode(a_response()));
  CHECK(kinode.trap("send-and-await-response", {parameters, return_area}) == "");
}

TEST_CASE("51: the context of an awaited response is none") {
  Kinode kinode;
  kinode.write_awaited(kinode.address("our", "other"), {});
  auto item = a_response();
  item.context = "not for it";
  kinode.guest.reply_with(encode(item));
  kinode.call("send-and-await-response", {parameters, return_area});
  CHECK(kinode.operations() == Operations{"MESSAGE.AWAIT"});
  const auto awaited = kinode.read(types::awaited<kinode::Version::v0_7>);
  REQUIRE(awaited.which() == 0);
  CHECK(message(awaited).which() == 1);
  CHECK_FALSE((*message(awaited).payload())[1].some());
}

TEST_CASE("49: an awaited timeout is returned as an error with the request") {
  Kinode kinode;
  kinode.write_awaited(kinode.address("our", "other"), {});
  auto item = an_error();
  item.body = "asked";
  kinode.guest.reply_with(encode(item));
  kinode.call("send-and-await-response", {parameters, return_area}, v1_0);
  const auto awaited = kinode.read(types::awaited<kinode::Version::v1_0>);
  REQUIRE(awaited.which() == 1);
  CHECK((*(*awaited.payload())[2].payload())[2].text() == "asked");
}

TEST_CASE("an answer of the kernel that is no item traps, with what is wrong") {
  Kinode kinode;
  kinode.guest.reply_with("nonsense");
  CHECK(kinode.trap("receive", {return_area})
            .starts_with("receive: The message of 8 bytes is not one BSON document"));
  kinode.guest.refuse(protocol::Status::offline, "The VM is gone.");
  CHECK(kinode.trap("receive", {return_area}) == "receive: The VM is gone.");
}

// ---- blobs ----

TEST_CASE("53: get-blob gives the blob of the message received last, as often as it is asked") {
  Kinode kinode;
  keep_blobs(kinode.guest, "BYTES");
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = "text/plain", .size = 5};
  kinode.receive(item);
  for (int i = 0; i < 2; ++i) {
    kinode.call("get-blob", {return_area});
    const auto blob = kinode.read(types::option_blob);
    REQUIRE(blob.some());
    CHECK((*blob.some())[0].some()->text() == "text/plain");
    CHECK((*blob.some())[1].text() == "BYTES");
  }
  CHECK(kinode.document(1)["blob"] == 0);
}

TEST_CASE(
    "54, 59, 60: after a message without blob, or an error, there is none; after awaiting, the response's") {
  Kinode kinode;
  keep_blobs(kinode.guest, "BYTES");
  auto with_blob = a_request();
  with_blob.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 5};
  const auto has_blob = [&] {
    kinode.call("get-blob", {return_area});
    return kinode.read(types::option_blob).some() != nullptr;
  };
  CHECK_FALSE(has_blob());
  kinode.receive(with_blob);
  CHECK(has_blob());
  kinode.receive(a_request());
  CHECK_FALSE(has_blob());

  kinode.write_awaited(kinode.address("our", "other"), {});
  auto response = a_response();
  response.blob = with_blob.blob;
  kinode.guest.reply_with(encode(response));
  kinode.call("send-and-await-response", {parameters, return_area});
  CHECK(has_blob());

  auto error = an_error();
  error.blob = with_blob.blob;
  kinode.guest.reply_with(encode(error));
  kinode.call("receive", {return_area});
  const auto received = kinode.read(types::received<kinode::Version::v0_7>);
  CHECK((*(*received.payload())[0][2].some())[1].text() == "BYTES");
  CHECK_FALSE(has_blob());
}

TEST_CASE("62: has-blob tells of the present message, last-blob of the last that had one") {
  Kinode kinode;
  keep_blobs(kinode.guest, "BYTES");
  const auto last = [&] {
    kinode.call("last-blob", {return_area}, v1_0);
    return kinode.read(types::option_blob).some() != nullptr;
  };
  CHECK(kinode.call("has-blob", {}, v1_0) == 0);
  CHECK_FALSE(last());
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 5};
  kinode.receive(item, v1_0);
  CHECK(kinode.call("has-blob", {}, v1_0) == 1);
  CHECK(last());
  kinode.receive(a_request(), v1_0);
  CHECK(kinode.call("has-blob", {}, v1_0) == 0);
  CHECK(last());
  CHECK(kinode.document(kinode.guest.asked.size() - 1)["blob"] == -1);
}

TEST_CASE("58: state, spawning and printing leave the blob as it was") {
  Kinode kinode;
  keep_blobs(kinode.guest, "BYTES");
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 5};
  kinode.receive(item);
  kinode.call("get-state", {return_area});
  kinode.call("set-state", {0x1000, 1});
  kinode.call("clear-state", {});
  CHECK(kinode.process.blobs.current);
}

TEST_CASE("61: a blob that is passed on is not read by anybody") {
  Kinode kinode;
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 100'000'000};
  kinode.receive(item);
  kinode.send({.inherit = true});
  CHECK(kinode.operations() == Operations{"MESSAGE.RECEIVE", "MESSAGE.SEND"});
  CHECK_FALSE(kinode.sent(1).has_blob());
}

TEST_CASE("a large blob comes into the guest in pieces, whole") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{4} * 1024 * 1024, 0xAA);
  std::string bytes(2'500'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 997) bytes[i] = static_cast<char>(i % 251);
  keep_blobs(kinode.guest, bytes);
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = bytes.size()};
  kinode.receive(item);
  kinode.call("get-blob", {return_area});
  CHECK((*kinode.read(types::option_blob).some())[1].text() == bytes);
  CHECK(kinode.operations() == Operations{"MESSAGE.RECEIVE", "BLOB.READ", "BLOB.READ", "BLOB.READ"});
}

TEST_CASE("a blob that is shorter than was told traps, instead of leaving garbage") {
  Kinode kinode;
  keep_blobs(kinode.guest, "BY");
  auto item = a_request();
  item.blob = protocol::BlobInfo{.mime = std::nullopt, .size = 5};
  kinode.receive(item);
  CHECK(kinode.trap("get-blob", {return_area}) ==
        "get-blob: 5 bytes of a blob were asked for, from 0 on, and 2 came.");
}

TEST_CASE("a long body and a long blob are written before the message, and given back after it") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  keep_blobs(kinode.guest);
  const std::string body(protocol::max_inline_body + 1, 'b'), bytes(200'000, 'B');
  kinode.send({.body = body}, kinode.blob("a/b", bytes));
  const Operations expected{"BLOB.WRITE", "BLOB.WRITE",   "BLOB.WRITE", "BLOB.WRITE",
                            "BLOB.WRITE", "MESSAGE.SEND", "BLOB.FREE",  "BLOB.FREE"};
  REQUIRE(kinode.operations() == expected);
  const auto sent = kinode.sent(5);
  CHECK(sent.body.empty());
  CHECK(sent.body_blob == 1);
  CHECK(sent.blob == 2);
  CHECK_FALSE(sent.blob_bytes);
  CHECK(sent.mime == "a/b");
  CHECK(written(kinode, 1) == body);
  CHECK(written(kinode, 2) == bytes);
  for (const auto& asked : kinode.guest.asked) CHECK(asked.payload.size() <= 65'535);
}

TEST_CASE("a body that fits alone gives way to a context that does not fit beside it") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  keep_blobs(kinode.guest);
  const std::string body(40'000, 'b'), context(30'000, 'c');
  kinode.send({.body = body}, Arena::none(), context);
  REQUIRE(kinode.operations() == Operations{"BLOB.WRITE", "MESSAGE.SEND", "BLOB.FREE"});
  CHECK(kinode.sent(1).body_blob == 1);
  CHECK(kinode.sent(1).context == context);
}

TEST_CASE("a context that fits into no frame traps") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  keep_blobs(kinode.guest);
  const std::string context(70'000, 'c');
  CHECK(
      trap_of([&] {
        kinode.send({}, Arena::none(), context);
      }).starts_with("send-request: the context, the metadata and the capabilities of the message have 70"));
  CHECK(kinode.operations() == Operations{"BLOB.WRITE"});
}
