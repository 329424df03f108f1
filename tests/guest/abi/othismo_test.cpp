#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "guest/abi/othismo/othismo.hpp"
#include "protocol/othismo.hpp"
#include "tests/guest/abi/mailbox.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using Catch::Matchers::ContainsSubstring;
using protocol::Format;
using protocol::Item;
using protocol::ItemType;
using protocol::Json;
using protocol::OthismoMessage;
using Generation = Othismo::Generation;
using Part = OthismoMessage::Part;

namespace {

constexpr std::uint32_t inbox = 0x8000;
constexpr auto i32 = wasm::NumberType::i32;

/// An object whose code is a C++ function: what it does with a message, and what it sends.
struct Object {
  explicit Object(Generation generation) : personality(generation) {
    third = generation == Generation::three || generation == Generation::three_note;
    const auto allocate = [this](std::span<const Slot> arguments) {
      const auto length = arguments[arguments.size() == 3 ? 1 : 0];
      steps.push_back("allocate " + std::to_string(length));
      allocated.assign(arguments.begin(), arguments.end());
      return std::vector<Slot>{inbox};
    };
    const auto received = [this](std::span<const Slot> arguments) {
      steps.push_back("received");
      if (!arguments.empty()) handle = arguments[0];
      if (!third && on_message) on_message(document());
      return std::vector<Slot>{};
    };
    guest.add_export("_othismo_start", {},
                     [this](auto) { return steps.push_back("start"), std::vector<Slot>{}; });
    guest.add_export("_initialize", {},
                     [this](auto) { return steps.push_back("initialize"), std::vector<Slot>{}; });
    if (!third) {
      guest.add_export("prepare_inbox", {{i32}, {i32}}, allocate);
      guest.add_export("message_received", {}, received);
      return;
    }
    guest.add_export("_allocate_message", {{i32}, {i32}}, allocate);
    guest.add_export("_message_received", {{i32}, {}}, received);
    guest.add_export("_run", {}, [this](auto) {
      steps.push_back("run");
      if (on_message) on_message(document());
      return std::vector<Slot>{};
    });
  }

  /// The document that lies in the inbox, as the guest sees it.
  OthismoMessage document() { return protocol::read_othismo(guest.text(inbox, guest.load(inbox))).value(); }
  Slot send(const OthismoMessage& message) { return send_bytes(protocol::write_othismo(message)); }
  Slot send_bytes(const std::string& bytes) {
    const auto at = guest.put(bytes);
    if (third) return call_import(personality, guest, "othismo", "_send_message", {at, bytes.size()});
    return call_import(personality, guest, "othismo", "send_message", {bytes.size(), at});
  }
  void serve() { mailbox.serve(personality); }

  FakeGuest guest;
  Mailbox mailbox{guest};
  Othismo personality;
  bool third = false;
  std::vector<std::string> steps;
  std::vector<Slot> allocated;
  Slot handle = 0;
  std::function<void(const OthismoMessage&)> on_message;
};

OthismoMessage message_to(std::string to, std::string name = "m", const Json& value = Json::object()) {
  return {.send_to = std::move(to),
          .reply_to = {},
          .request_id = {},
          .response_id = {},
          .parts = {Part::of(std::move(name), value)}};
}

Item request(const OthismoMessage& message, std::uint64_t number = 99, Format format = Format::othismo) {
  Item item;
  item.source = "n.os@a:othismo:local";
  item.source_path = "/sender";
  item.request = number;
  item.format = format;
  item.body = protocol::write_othismo(message);
  return item;
}

Item response(std::string body) {
  Item item;
  item.type = ItemType::response;
  item.format = Format::othismo;
  item.body = std::move(body);
  return item;
}

OthismoMessage document_of(const protocol::Outgoing& message) {
  return protocol::read_othismo(message.body).value();
}

Json error_of(const OthismoMessage& message) {
  REQUIRE(message.find("othismo.error"));
  return message.find("othismo.error")->json();
}

}  // namespace

TEST_CASE("100: prepare_inbox is called before each message and each reply") {
  Object object(Generation::one);
  object.mailbox.outcome = [](const protocol::Outgoing&) {
    return response(protocol::write_othismo(message_to("/proc/me.os/pkg/me", "r")));
  };
  object.on_message = [&](const OthismoMessage&) { object.send(message_to("/b")); };
  object.mailbox.put(request(message_to("/me")));
  object.serve();
  REQUIRE(object.steps.size() == 5);
  CHECK(object.steps[0] == "initialize");
  CHECK(object.steps[1] == "start");
  CHECK(object.steps[2].starts_with("allocate"));
  CHECK(object.steps[3] == "received");
  CHECK(object.steps[4].starts_with("allocate"));
}

TEST_CASE("96: an object gets form 1, with who sent it and a number to answer to") {
  for (const auto generation : {Generation::one, Generation::three}) {
    Object object(generation);
    std::vector<OthismoMessage> got;
    object.on_message = [&](const OthismoMessage& message) { got.push_back(message); };
    auto short_form = request(message_to("/me"));
    short_form.body = protocol::to_bson({{"/me/m", Json::object()}});
    object.mailbox.put(request(message_to("/me")));
    object.mailbox.put(short_form);
    object.serve();
    REQUIRE(got.size() == 2);
    CHECK(got[0] == got[1]);
    CHECK(got[0].send_to == "/me");
    CHECK(got[0].reply_to == "/sender");
    CHECK(got[0].request_id == 99);
  }
}

TEST_CASE("98: the reply to a request answers it, with or without its number") {
  for (const auto generation : {Generation::one, Generation::three})
    for (const bool with_number : {true, false}) {
      Object object(generation);
      object.on_message = [&](const OthismoMessage& message) {
        auto reply = protocol::othismo_reply(message, "/x", Part::of("m.response", {{"done", true}}));
        if (!with_number) reply.response_id.reset();
        object.send(reply);
      };
      auto asked = message_to("/me");
      asked.request_id = 7;  // what the sender calls it
      object.mailbox.put(request(asked));
      object.serve();
      const auto outbox = object.mailbox.outbox(1);  // 0 is that of the start
      REQUIRE(outbox.size() == 1);
      CHECK(outbox[0].request == 99);
      CHECK(outbox[0].to.empty());
      CHECK(outbox[0].format == Format::othismo);
      const auto document = document_of(outbox[0]);
      CHECK(document.send_to == "/sender");
      CHECK(document.response_id == 7);
      CHECK(document.find("m.response")->json() == Json{{"done", true}});
      CHECK(object.guest.answered.at(1) == 99);
      CHECK(object.mailbox.awaited.empty());
    }
}

TEST_CASE("98: a request that names reply_to is answered there") {
  Object object(Generation::three);
  object.on_message = [&](const OthismoMessage& message) {
    CHECK(message.reply_to == "/third");
    object.send(protocol::othismo_reply(message, "/x", Part::of("m.response", 1)));
  };
  auto asked = message_to("/me");
  asked.reply_to = "/third";
  object.mailbox.put(request(asked));
  asked.request_id.reset();
  object.mailbox.put(request(asked, 0));  // nobody waits: the reply is a message of its own
  object.serve();
  CHECK(object.mailbox.outbox(1).at(0).request == 99);
  CHECK(document_of(object.mailbox.outbox(1).at(0)).send_to == "/third");
  CHECK(object.mailbox.outbox(2).at(0).to == "/third");
  CHECK(object.mailbox.outbox(2).at(0).request == 0);
}

TEST_CASE("99: send_message returns the reply's length and the inbox holds it; 0 without reply") {
  Object object(Generation::one);
  const auto reply = [] {
    auto made = message_to("/proc/me.os/pkg/me", "m.response", {{"a", 1}});
    return protocol::write_othismo(made);
  }();
  std::vector<Slot> lengths;
  object.mailbox.outcome = [&](const protocol::Outgoing& sent) {
    CHECK(sent.expects == protocol::othismo_deadline_ms);
    CHECK(document_of(sent).reply_to == "/proc/me.os/pkg/me");
    return response(sent.to == "/silent" ? "" : reply);
  };
  object.on_message = [&](const OthismoMessage&) {
    lengths.push_back(object.send(message_to("/b")));
    CHECK(lengths.back() == object.guest.load(inbox));
    CHECK(object.document().find("m.response"));
    lengths.push_back(object.send(message_to("/silent")));
  };
  object.mailbox.put(request(message_to("/me"), 0));
  object.serve();
  REQUIRE(lengths.size() == 2);
  CHECK(lengths[0] > reply.size());  // the number of the request is in it
  CHECK(lengths[1] == 0);
  CHECK(object.mailbox.outbox(1).empty());
}

TEST_CASE("a reply to somebody who waits for none leaves with the run, and nobody waits for a reply to it") {
  Object object(Generation::one);
  object.on_message = [&](const OthismoMessage&) {
    auto made = message_to("/b", "m.response", {{"a", 1}});
    CHECK(object.send(made) == 0);
  };
  object.mailbox.put(request(message_to("/me"), 0));
  object.serve();
  CHECK(object.mailbox.awaited.empty());
  const auto outbox = object.mailbox.outbox(1);
  REQUIRE(outbox.size() == 1);
  CHECK(outbox[0].to == "/b");
  CHECK_FALSE(outbox[0].expects);
}

TEST_CASE("99: a request of another object that gets no reply is told so at the end of the run") {
  Object object(Generation::one);
  object.mailbox.put(request(message_to("/me")));
  auto of_kinode = request(message_to("/me"), 5, Format::kinode);
  object.mailbox.put(of_kinode);
  object.serve();
  const auto outbox = object.mailbox.outbox(1);
  REQUIRE(outbox.size() == 1);
  CHECK(outbox[0].request == 99);
  CHECK(outbox[0].body.empty());
  CHECK(object.mailbox.outbox(2).empty());  // a Kinode process has its own deadline
}

TEST_CASE("the first prototype's send_message has its arguments the other way round") {
  Object object(Generation::one_prototype);
  object.mailbox.outcome = [](const protocol::Outgoing&) { return response(""); };
  object.on_message = [&](const OthismoMessage&) {
    const auto bytes = protocol::write_othismo(message_to("/b"));
    const auto at = object.guest.put(bytes);
    call_import(object.personality, object.guest, "othismo", "send_message", {at, bytes.size()});
  };
  object.mailbox.put(request(message_to("/me")));
  object.serve();
  CHECK(object.mailbox.awaited.at(0).to == "/b");
}

TEST_CASE("103: a run that traps sends nothing and commits nothing") {
  for (const auto generation : {Generation::one, Generation::three}) {
    Object object(generation);
    object.on_message = [&](const OthismoMessage& message) {
      object.send(protocol::othismo_reply(message, "/x", Part::of("m.response", 1)));
      throw Trap{"unreachable"};
    };
    object.mailbox.put(request(message_to("/me")));
    CHECK(trap_of([&] { object.serve(); }) == "unreachable");
    CHECK(object.guest.committed.size() == 1);  // of the start
    CHECK(object.mailbox.sent.empty());
    CHECK(object.mailbox.responses.empty());
  }
}

TEST_CASE("104: an object that was restored is not started again") {
  Object object(Generation::three);
  object.guest.who.restored = true;
  object.mailbox.put(request(message_to("/me")));
  object.serve();
  CHECK(object.steps.at(0).starts_with("allocate"));
  CHECK(object.guest.committed.size() == 1);
}

TEST_CASE("107: malformed messages are bad_message for who sent them, and do not reach the object") {
  for (const auto generation : {Generation::one, Generation::three}) {
    Object object(generation);
    auto bad = request(message_to("/me"));
    bad.body.pop_back();
    object.mailbox.put(bad);
    bad.request = 0;
    object.mailbox.put(bad);
    object.serve();
    CHECK(object.steps == std::vector<std::string>{"initialize", "start"});
    CHECK(object.mailbox.outbox(1).at(0).request == 99);
    CHECK(error_of(document_of(object.mailbox.outbox(1).at(0))).at("code") == "bad_message");
    CHECK(object.mailbox.outbox(2).empty());
  }
}

TEST_CASE("107: an object that sends what is no message hears of it") {
  Object first(Generation::one);
  first.on_message = [&](const OthismoMessage&) {
    const auto length = first.send_bytes("nonsense");
    CHECK(length == first.guest.load(inbox));
    CHECK(error_of(first.document()).at("code") == "bad_message");
  };
  first.mailbox.put(request(message_to("/me"), 0));
  first.serve();

  Object third(Generation::three);
  Slot handle = 0;
  third.on_message = [&](const OthismoMessage&) { handle = third.send_bytes("nonsense"); };
  third.mailbox.put(request(message_to("/me"), 0));
  third.serve();
  const auto outbox = third.mailbox.outbox(1);
  REQUIRE(outbox.size() == 1);
  CHECK(outbox[0].to == third.guest.who.path);
  CHECK(error_of(document_of(outbox[0])).at("code") == "bad_message");
  CHECK(document_of(outbox[0]).response_id == static_cast<std::int64_t>(handle));
}

TEST_CASE("108: what could not be delivered is an error document for the sender") {
  const auto error = [] {
    Item item;
    item.type = ItemType::error;
    item.failure = protocol::Failure::no_target;
    item.explanation = "There is no /b.";
    return item;
  }();
  Object first(Generation::one);
  first.mailbox.outcome = [&](const protocol::Outgoing&) { return error; };
  first.on_message = [&](const OthismoMessage&) {
    CHECK(first.send(message_to("/b")) > 0);
    CHECK(error_of(first.document()) ==
          Json{{"code", "object_does_not_exist"}, {"message", "There is no /b."}});
  };
  first.mailbox.put(request(message_to("/me"), 0));
  first.serve();

  Object third(Generation::three);
  std::vector<OthismoMessage> got;
  third.on_message = [&](const OthismoMessage& message) { got.push_back(message); };
  third.mailbox.put(error);
  third.serve();
  REQUIRE(got.size() == 1);
  CHECK(error_of(got[0]).at("code") == "object_does_not_exist");
}

TEST_CASE("109: generation 3 is called allocate, received, run, and a reply names its request") {
  Object object(Generation::three);
  Slot handle = 0;
  std::vector<OthismoMessage> got;
  object.on_message = [&](const OthismoMessage& message) {
    got.push_back(message);
    if (got.size() == 1) handle = object.send(message_to("/b"));
    if (got.size() == 2) {
      auto numbered = message_to("/b");
      numbered.request_id = 1234;
      object.send(numbered);
    }
  };
  object.mailbox.put(request(message_to("/me"), 0));
  object.mailbox.put(request(message_to("/me"), 0));
  object.serve();
  CHECK(std::vector<std::string>(object.steps.begin() + 3, object.steps.begin() + 5) ==
        std::vector<std::string>{"received", "run"});
  CHECK(object.handle == inbox);
  const auto first = object.mailbox.outbox(1).at(0), second = object.mailbox.outbox(2).at(0);
  CHECK(first.to == "/b");
  CHECK(first.expects == protocol::othismo_deadline_ms);
  CHECK(handle != 0);
  CHECK(document_of(first).request_id == static_cast<std::int64_t>(handle));
  CHECK(document_of(second).request_id == 1234);

  // The kernel gives back what was kept with each; its number is its own.
  object.guest.who.restored = true;
  for (const auto& sent : {first, second}) {
    auto reply = response(protocol::write_othismo(message_to("/me", "m.response")));
    reply.context = sent.context;
    reply.request = 4711;
    object.mailbox.put(reply);
  }
  object.serve();
  REQUIRE(got.size() == 4);
  CHECK(got[2].response_id == static_cast<std::int64_t>(handle));
  CHECK(got[3].response_id == 1234);
  CHECK_FALSE(got[3].reply_to);
}

TEST_CASE("the note's three parameters are handle, length and the request's handle") {
  Object object(Generation::three_note);
  auto reply = response(protocol::write_othismo(message_to("/me", "m.response")));
  reply.context = std::string("\5\0\0\0\0\0\0\0", 8);
  object.mailbox.put(request(message_to("/me")));
  object.serve();
  REQUIRE(object.allocated.size() == 3);
  CHECK(object.allocated[0] == object.handle);
  CHECK(object.allocated[2] == 0);
  object.mailbox.put(reply);
  object.serve();
  CHECK(object.allocated[2] == 5);
}

TEST_CASE("a cast wants no reply, and a message to third parties is not waited for") {
  Object third(Generation::three);
  third.on_message = [&](const OthismoMessage&) {
    const auto bytes = protocol::write_othismo(message_to("/b"));
    call_import(third.personality, third.guest, "othismo", "_cast_message",
                {third.guest.put(bytes), bytes.size()});
  };
  third.mailbox.put(request(message_to("/me"), 0));
  third.serve();
  CHECK_FALSE(third.mailbox.outbox(1).at(0).expects);

  Object first(Generation::one);
  first.on_message = [&](const OthismoMessage&) {
    auto redirected = message_to("/b");
    redirected.reply_to = "/c";
    CHECK(first.send(redirected) == 0);
  };
  first.mailbox.put(request(message_to("/me"), 0));
  first.serve();
  CHECK(first.mailbox.outbox(1).at(0).rsvp == "/c");
  CHECK(first.mailbox.awaited.empty());
}

TEST_CASE("110: an object that waits for itself is told deadlock at once") {
  Object object(Generation::one);
  object.on_message = [&](const OthismoMessage&) {
    object.send(message_to(object.guest.who.path));
    CHECK(error_of(object.document()).at("code") == "deadlock");
  };
  object.mailbox.put(request(message_to("/me"), 0));
  object.serve();
  CHECK(object.mailbox.awaited.empty());
}

TEST_CASE("128: a Kinode request reaches an object, which answers in its own words") {
  Object object(Generation::three);
  object.on_message = [&](const OthismoMessage& message) {
    const auto asked = message.find("kinode.request")->json();
    CHECK(asked.at("blob") == Json::binary({'B', 'B'}));
    object.send(protocol::othismo_reply(message, "/x", Part::of("kinode.response", asked)));
  };
  object.mailbox.other = [](const FakeGuest::Asked& asked) {
    return asked.operation == "BLOB.READ" ? protocol::Reply{.value = 1, .data = "BB"} : protocol::Reply{};
  };
  Item item;
  item.source = "n.os@a:b:c";
  item.source_path = "/proc/c/b/a";
  item.request = 3;
  item.body = "hi";
  item.metadata = "{}";
  item.blob = protocol::BlobInfo{"image/png", 2};
  object.mailbox.put(item);
  object.serve();
  const auto reply = object.mailbox.outbox(1).at(0);
  CHECK(reply.request == 3);
  CHECK(reply.format == Format::kinode);
  CHECK(reply.body == "hi");
  CHECK(reply.metadata == "{}");
  CHECK(reply.blob_bytes == "BB");
  CHECK(reply.mime == "image/png");
}

TEST_CASE("pointers that are none trap, and so does what is sent from inside prepare_inbox") {
  Object object(Generation::one);
  const auto send = [&](Slot pointer, Slot length) {
    return trap_of(
        [&] { call_import(object.personality, object.guest, "othismo", "send_message", {length, pointer}); });
  };
  CHECK_THAT(send(0xffff'ffff, 2), ContainsSubstring("not inside the memory"));
  CHECK_THAT(send(0, 0x8000'0000), ContainsSubstring("not inside the memory"));
  CHECK_THAT(send(object.guest.bytes.size() - 1, 2), ContainsSubstring("not inside the memory"));

  object.guest.add_export("prepare_inbox", {{i32}, {i32}},
                          [&](auto) { return std::vector<Slot>{object.guest.bytes.size() - 3}; });
  object.mailbox.put(request(message_to("/me")));
  CHECK_THAT(trap_of([&] { object.serve(); }), ContainsSubstring("no room"));

  object.guest.add_export("prepare_inbox", {{i32}, {i32}}, [&](auto) {
    object.send(message_to("/b"));
    return std::vector<Slot>{inbox};
  });
  object.mailbox.put(request(message_to("/me")));
  CHECK_THAT(trap_of([&] { object.serve(); }), ContainsSubstring("makes room"));
}

TEST_CASE("a run sends so many messages and no more") {
  Object object(Generation::three);
  object.on_message = [&](const OthismoMessage&) {
    for (std::size_t i = 0; i <= max_run_outbox; ++i) {
      object.guest.next_free = 0x1000;
      object.send(message_to("/b"));
    }
  };
  object.mailbox.put(request(message_to("/me"), 0));
  CHECK_THAT(trap_of([&] { object.serve(); }), ContainsSubstring("One run may send"));
}

TEST_CASE("requests that are never answered are forgotten, the oldest first") {
  Object object(Generation::three);
  std::vector<OthismoMessage> got;
  object.on_message = [&](const OthismoMessage& message) {
    got.push_back(message);
    if (got.size() <= max_unanswered_requests + 1) return;
    object.guest.next_free = 0x1000;
    object.send(protocol::othismo_reply(got[0], "", Part::of("m.response", 1)));
    object.send(protocol::othismo_reply(got[1], "", Part::of("m.response", 1)));
  };
  for (std::uint64_t i = 1; i <= max_unanswered_requests + 1; ++i)
    object.mailbox.put(request(message_to("/me"), i));
  object.mailbox.put(request(message_to("/me"), 0));
  object.serve();
  const auto outbox = object.mailbox.outbox(max_unanswered_requests + 2);
  REQUIRE(outbox.size() == 2);
  CHECK(outbox[0].to == "/sender");  // a message like any other
  CHECK(outbox[1].request == 2);
}

TEST_CASE("what a module exports and imports says its generation, and what is wrong with it") {
  using Function = ModuleShape::Function;
  const wasm::Signature nothing, one{{i32}, {i32}}, taken{{i32}, {}}, note{{i32, i32, i32}, {i32}};
  ModuleShape module;
  CHECK_FALSE(recognises_othismo(module));
  module.exports = {Function{"", "prepare_inbox", one}, Function{"", "message_received", nothing}};
  CHECK(recognises_othismo(module));
  CHECK(make_othismo(module, ""));
  CHECK_THAT(make_othismo(module, "3").error().message, ContainsSubstring("_allocate_message"));
  CHECK_THAT(make_othismo(module, "2").error().message, ContainsSubstring("generation 2"));

  const auto send_of = [](const Personality& personality) {
    return row(personality, "othismo", "send_message").type;
  };
  CHECK(send_of(*make_othismo(module, "").value()).results.size() == 1);
  module.imports = {Function{"othismo", "send_message", {{i32, i32}, {}}}};
  CHECK(send_of(*make_othismo(module, "").value()).results.empty());

  module.exports = {Function{"", "_allocate_message", note}, Function{"", "_message_received", taken}};
  CHECK(make_othismo(module, ""));
  module.exports[1].type = nothing;
  CHECK_THAT(make_othismo(module, "").error().message, ContainsSubstring("_message_received as () -> ()"));
}

TEST_CASE("107: no bytes that an object sends do more than come back as bad") {
  Object object(Generation::three);
  object.mailbox.put(request(message_to("/me"), 0));
  const auto good = protocol::write_othismo(message_to("/b", "m", {{"a", {1, 2, "three"}}}));
  object.on_message = [&](const OthismoMessage&) {
    rc::check([&] {
      auto bytes = good;
      for (int i = *rc::gen::inRange(1, 5); i > 0; --i)
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
      object.guest.next_free = 0x1000;
      RC_ASSERT(object.send_bytes(bytes) != 0);
    });
  };
  object.serve();
}
