#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/abi/wasi_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE(
    "111: subscribe is called once before the first handle, and its topics join those of the configuration") {
  for (const auto& [draft, name] :
       {std::pair{"A", "subscribe"}, {"B", "get-subscriptions"}, {"C", "get-topics"}}) {
    Guesthouse house(draft);
    house.draft_is_a = std::string_view(draft) == "A";
    house.guest.who.topics = {"soil", "rain"};
    add_subscribe(house, name, {"wind", "soil"});
    house.guest.add_export("_initialize", {}, [](auto) { return std::vector<Slot>{}; });
    house.mailbox.put(publication("soil", "1"));
    house.mailbox.put(publication("soil", "2"));
    house.serve();
    CHECK(subscriptions(house.guest) == std::vector<std::string>{"rain", "soil", "wind"});
    CHECK(house.guest.called.at(0) == "_initialize");
    CHECK(house.guest.called.at(1) == handler + "#" + name);
    CHECK(count(house.guest.called, handler + "#" + name) == 1);
    CHECK(count(house.guest.called, handler + "#handle") == 2);
  }
}

TEST_CASE("111: a component without subscribe has the topics of its configuration") {
  Guesthouse house("E");
  house.guest.who.topics = {"soil"};
  house.serve();
  CHECK(subscriptions(house.guest) == std::vector<std::string>{"soil"});
}

TEST_CASE("111: subscribe that fails is the end, unless the configuration names topics") {
  Guesthouse house("A");
  add_subscribe(house, "subscribe", {}, "no sensor");
  CHECK_THAT(trap_of([&] { house.serve(); }), ContainsSubstring("no sensor"));
  house.guest.who.topics = {"soil"};
  CHECK(trap_of([&] { house.serve(); }).empty());
}

TEST_CASE("111: a topic that is refused is told, and all of them refused is the end") {
  Guesthouse house("E");
  house.guest.who.topics = {"a", "b"};
  int refusals = 1;
  house.mailbox.other = [&](const FakeGuest::Asked& asked) -> protocol::Reply {
    if (asked.operation != "TOPIC.SUBSCRIBE" || refusals-- <= 0) return {};
    const protocol::Error error{.status = Status::denied, .message = "It may not."};
    return {.status = 6, .value = 1, .data = protocol::to_bson(error.document())};
  };
  CHECK(trap_of([&] { house.serve(); }).empty());
  refusals = 2;
  CHECK_THAT(trap_of([&] { house.serve(); }), ContainsSubstring("It may not."));
}

TEST_CASE("20: post-return is called once after subscribe and after each handle, not after a trap") {
  Guesthouse house("A");
  add_subscribe(house, "subscribe", {"soil"});
  house.mailbox.put(publication("soil", "1"));
  house.serve();
  CHECK(house.guest.called ==
        std::vector<std::string>{handler + "#subscribe", "cabi_post_" + handler + "#subscribe",
                                 handler + "#handle", "cabi_post_" + handler + "#handle"});
  house.guest.called.clear();
  house.on_message = [](std::uint32_t) -> std::string { throw Trap{"unreachable"}; };
  house.mailbox.put(publication("soil", "2"));
  CHECK(trap_of([&] { house.serve(); }) == "unreachable");
  CHECK(count(house.guest.called, "cabi_post_" + handler + "#handle") == 0);
}

TEST_CASE("112: a publication arrives with topic, data, content type and metadata") {
  for (const auto* draft : {"A", "C", "D", "E"}) {
    Guesthouse house(draft);
    auto item = publication("Soil/bed 3//*", "\0\xff"s + "x");
    item.content_type = "text/plain";
    item.pairs = protocol::Pairs{{"k", "v"}, {"l", ""}};
    house.mailbox.put(item);
    int calls = 0;
    house.on_message = [&](std::uint32_t message) {
      ++calls;
      CHECK(house.data(message) == item.body);
      CHECK(house.metadata(message) == *item.pairs);
      house.call(types_, "[method]message.topic", {message, house.area});
      const auto topic = house.area + (std::string_view(draft) == "E" ? 4 : 0);
      CHECK(house.guest.text_at(topic) == *item.topic);
      house.call(types_, "[method]message.content-type", {message, house.area});
      CHECK(house.guest.text_at(house.area + 4) == "text/plain");
      house.drop(message);
      return std::string();
    };
    house.serve();
    CHECK(calls == 1);
  }
}

TEST_CASE("112: what is sent has topic, data, content type and metadata, and 113: the topic as it is") {
  for (const auto* draft : {"A", "B", "E"}) {
    Guesthouse house(draft);
    const auto client = house.connect("local");
    const auto message = house.make("old", "21.5");
    const auto [at, size] = house.text("text/plain");
    house.call(types_, "[method]message.set-content-type", {message, at, size});
    house.add(message, "unit", "C");
    CHECK(house.send(client, "Soil/../*", message) == 0);
    const auto sent = house.mailbox.sent.at(0);
    CHECK(sent.to == "topic:distro:sys");
    CHECK(sent.topic == "Soil/../*");
    CHECK(sent.body == "21.5");
    CHECK(sent.content_type == "text/plain");
    CHECK(sent.pairs == protocol::Pairs{{"unit", "C"}});
    CHECK(sent.format == Format::wasi);
    CHECK_FALSE(sent.expects);
  }
}

TEST_CASE("a publication to another exchange waits until it is there") {
  Guesthouse house("E");
  house.mailbox.outcome = [](const Outgoing&) { return answer(""); };
  CHECK(house.send(house.connect("mqtt:farm"), "soil", house.make("", "1")) == 0);
  CHECK(house.mailbox.awaited.at(0).to == "/exchange/mqtt:farm");
  CHECK(house.mailbox.awaited.at(0).topic == "soil");
  house.mailbox.outcome = [](const Outgoing&) { return failure(protocol::Failure::offline); };
  CHECK(house.send(house.connect("mqtt:farm"), "soil", house.make("", "1")) == 1 + 1);
}

TEST_CASE("114: an error of handle does not reach the publisher, and the next message is delivered") {
  Guesthouse house("E");
  int calls = 0;
  house.on_message = [&](std::uint32_t message) {
    house.drop(message);
    return ++calls == 1 ? std::string("no water") : std::string();
  };
  house.mailbox.put(publication("soil", "1"));
  house.mailbox.put(publication("soil", "2"));
  house.serve();
  CHECK(calls == 2);
  CHECK(house.mailbox.responses.empty());
}

TEST_CASE("a publication that waits for its settlement hears the outcome of handle") {
  for (const bool replies : {true, false}) {
    Guesthouse house("E", replies);
    int calls = 0;
    house.on_message = [&](std::uint32_t message) {
      house.drop(message);
      return ++calls == 1 ? std::string("no water") : std::string();
    };
    for (const std::uint64_t number : {5u, 6u}) {
      auto item = publication("soil", "1");
      item.request = number;
      item.settles = true;
      house.mailbox.put(item);
    }
    house.serve();
    REQUIRE(house.mailbox.responses.size() == 2);
    CHECK(house.mailbox.responses[0].request == 5);
    CHECK(house.mailbox.responses[0].error == "no water");
    CHECK(house.mailbox.responses[1].request == 6);
    CHECK_FALSE(house.mailbox.responses[1].error);
  }
}

TEST_CASE("115: metadata is none at first, and adding a key again overwrites it in its place") {
  Guesthouse house("A");
  const auto message = house.make("t", "");
  CHECK(house.metadata(message).at(0).first == "none");
  house.add(message, "a", "1");
  house.add(message, "b", "2");
  house.add(message, "a", "3");
  house.add(message, "A", "4");
  CHECK(house.metadata(message) == protocol::Pairs{{"a", "3"}, {"b", "2"}, {"A", "4"}});

  Guesthouse newest("E");
  const auto other = newest.make("", "");
  newest.call(types_, "[method]message.set-metadata", {other, 0, 0});
  CHECK(newest.metadata(other).empty());
  newest.add(other, "a", "1");
  const auto [at, size] = newest.text("a");
  newest.call(types_, "[method]message.remove-metadata", {other, at, size});
  CHECK(newest.metadata(other).empty());
  for (std::size_t i = 0; i < protocol::max_pairs; ++i) newest.add(other, std::to_string(i), "");
  CHECK_THAT(trap_of([&] { newest.add(other, "more", ""); }), ContainsSubstring("no room"));
}

TEST_CASE("116: send consumes the message, also when it returns an error") {
  for (const auto* draft : {"A", "B", "E"}) {
    Guesthouse house(draft);
    const auto client = house.connect();
    const auto message = house.make("t", "1");
    if (house.first) {
      house.guest.refuse(Status::denied, "It may not.");
      CHECK(house.result(producer, "send", {client, message}) != 0);
    } else {
      CHECK(house.send(client, "", message) == 1 + 3);
    }
    CHECK_THAT(trap_of([&] { house.data(message); }), ContainsSubstring("nothing behind the handle"));
  }
}

TEST_CASE("117: the seed's send consumes the client too; later ones leave it") {
  for (const auto* draft : {"A", "B", "E"}) {
    Guesthouse house(draft);
    const auto client = house.connect();
    CHECK(house.send(client, "t", house.make("t", "1")) == 0);
    const auto again = trap_of([&] { house.send(client, "t", house.make("t", "2")); });
    CHECK(again.empty() == (std::string_view(draft) != "A"));
  }
}

TEST_CASE("118: handles of another type, of nothing and dropped twice trap") {
  Guesthouse house("E");
  const auto client = house.connect();
  const auto message = house.make("", "1");
  CHECK_THAT(trap_of([&] { house.data(client); }), ContainsSubstring("is of a client"));
  CHECK_THAT(trap_of([&] { house.data(0); }), ContainsSubstring("nothing behind"));
  CHECK_THAT(trap_of([&] { house.data(77); }), ContainsSubstring("nothing behind"));
  house.drop(message);
  CHECK_THAT(trap_of([&] { house.drop(message); }), ContainsSubstring("nothing behind"));
  CHECK_THAT(trap_of([&] { house.drop(client); }), ContainsSubstring("is of a client"));
  const auto again = house.make("", "1");
  CHECK_THAT(trap_of([&] { house.result(requests, "reply", {again, again}); }), ContainsSubstring("lent"));
}

TEST_CASE("119: nothing leaks over 100,000 messages, and what a guest leaves is released at its end") {
  std::weak_ptr<Ledger> ledger;
  {
    Guesthouse house("E");
    house.guest.record_calls = false;
    auto& component = static_cast<Component&>(*house.component);
    ledger = component.ledger();
    std::uint32_t highest = 0;
    house.on_message = [&](std::uint32_t message) {
      highest = std::max(highest, message);
      house.guest.next_free = 0x1000;
      house.drop(message);
      return std::string();
    };
    int left = 100'000;
    house.guest.answer = [&](const FakeGuest::Asked&) -> protocol::Reply {
      house.guest.asked.clear();
      if (left-- == 0) throw Ended{};
      return {.value = 1, .data = protocol::encode(publication("t", "x"))};
    };
    house.serve();
    CHECK(highest == 1);
    CHECK(component.instance().handles().size() == 0);
    for (int i = 0; i < 10; ++i) house.make("", "kept");
  }
  CHECK(ledger.expired());
}

TEST_CASE("messages hold so many bytes and no more") {
  Guesthouse house("E");
  house.guest.bytes.resize(std::size_t{17} << 20);
  const std::string large(std::size_t{8} << 20, 'x');
  const auto at = house.guest.put(large);
  std::vector<Slot> made;
  for (std::size_t held = 0; held < max_held_bytes; held += large.size())
    made.push_back(house.call(types_, "[constructor]message", {at, large.size()}));
  CHECK_THAT(trap_of([&] { house.call(types_, "[constructor]message", {at, 1}); }),
             ContainsSubstring("may hold"));
  house.drop(made.back());
  CHECK(house.call(types_, "[constructor]message", {at, 1}) != 0);
}

TEST_CASE("120: errors have the numbers of their draft") {
  struct Row {
    Status status;
    std::uint32_t seed, newest;
  };
  for (const Row& row :
       {Row{Status::timeout, 0, 0}, Row{Status::offline, 1, 1}, Row{Status::not_found, 1, 1},
        Row{Status::denied, 2, 2}, Row{Status::malformed, 2, 3}, Row{Status::overloaded, 2, 3}})
    for (const auto* draft : {"A", "E"}) {
      Guesthouse house(draft);
      const auto client = house.connect();
      const auto message = house.make("t", "1");
      const auto [at, size] = house.text("t");
      house.guest.refuse(row.status, "why");
      const bool seed = std::string_view(draft) == "A";
      const auto error = seed ? house.result(producer, "send", {client, message})
                              : house.result(producer, "send", {client, at, size, message});
      CHECK(error == 1 + (seed ? row.seed : row.newest));
      if (row.status != Status::timeout) CHECK(house.guest.text_at(house.area + 8) == "why");
    }
}

TEST_CASE("121: connecting to an unknown exchange is a connection error") {
  for (const auto* draft : {"A", "E"}) {
    Guesthouse house(draft);
    const auto [at, size] = house.text("elsewhere");
    CHECK(house.result(types_, "[static]client.connect", {at, size}) == 1 + 1);
    CHECK_THAT(house.guest.text_at(house.area + 8), ContainsSubstring("elsewhere"));
    house.connect("mqtt:farm");
    house.connect("");
  }
}

TEST_CASE("a client that was disconnected is a connection error") {
  Guesthouse house("E");
  const auto client = house.connect();
  CHECK(house.result(types_, "[method]client.disconnect", {client}) == 0);
  CHECK(house.send(client, "t", house.make("", "1")) == 1 + 1);
}

TEST_CASE("drafts are told apart by what a module imports and exports, and a hint decides") {
  const auto topic_of = [](const ModuleShape& module, std::string_view hint = "") {
    const auto made = wasi_messaging::make(module, hint);
    REQUIRE(made);
    std::string found;
    const auto offers = [&](std::string_view of, std::string_view field) {
      return std::ranges::any_of((*made)->functions(),
                                 [&](const auto& f) { return f.module == of && f.field == field; });
    };
    const auto send = row(**made, producer, "send").type.parameters.size();
    if (send == 3) return offers(types_, "[method]client.disconnect") ? "B" : "A";
    return row(**made, requests, "request").type.parameters.size() == 5 ? "C" : "E";
  };
  auto module = shape();
  CHECK(std::string(topic_of(module)) == "E");
  CHECK(std::string(topic_of(module, "A")) == "A");
  module.imports = {{types_, "[constructor]message", numbers(4, 1)}};
  CHECK(std::string(topic_of(module)) == "A");
  module.imports.push_back({types_, "[method]client.disconnect", numbers(2)});
  CHECK(std::string(topic_of(module)) == "B");
  module.imports = {{types_, "[constructor]message", numbers(2, 1)}};
  CHECK(std::string(topic_of(module)) == "E");
  static const std::string get_topics = handler + "#get-topics";
  module.exports.push_back({"", get_topics, numbers(0, 1)});
  CHECK(std::string(topic_of(module)) == "C");
  CHECK_THAT(wasi_messaging::make(module, "Z").error().message, ContainsSubstring("no draft"));

  module = shape();
  module.exports.pop_back();
  module.imports = {{types_, "[method]message.data", numbers(2)}};
  CHECK_THAT(wasi_messaging::make(module, "").error().message, ContainsSubstring("cabi_realloc"));
  module.exports.clear();
  CHECK_THAT(wasi_messaging::make(module, "").error().message, ContainsSubstring("#handle"));
}

TEST_CASE("21: the names of the standardised scheme are offered as well") {
  Guesthouse house("E");
  const auto [at, size] = house.text("x");
  const auto message =
      house.call("cm32p2|wasi:messaging/types@0.2.0-draft", "[constructor]message", {at, size});
  house.call("cm32p2|wasi:messaging/types@0.2.0-draft", "message_drop", {message});
  CHECK_THAT(trap_of([&] { house.drop(message); }), ContainsSubstring("nothing behind"));
}

TEST_CASE("no arguments of any function do more than trap") {
  for (const auto* draft : {"A", "E"}) {
    Guesthouse house(draft, true);
    house.mailbox.outcome = [](const Outgoing&) { return answer("reply"); };
    for (int i = 0; i < 4; ++i) house.make("t", "x");
    house.connect();
    rc::check([&] {
      const auto functions = house.component->functions();
      const auto& function = functions[*rc::gen::inRange<std::size_t>(0, functions.size())];
      if (function.module == "wasi_snapshot_preview1") return;
      std::vector<Slot> arguments;
      for (std::size_t i = 0; i < function.type.parameters.size(); ++i)
        arguments.push_back(
            *rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](auto n) { return Slot{n}; }),
                            rc::gen::inRange<Slot>(0, 8), rc::gen::inRange<Slot>(0x1000, 0x2000)));
      Slot result = 0;
      house.guest.next_free = 0x1000;
      house.guest.asked.clear();
      try {
        function.call(*house.component, house.guest, arguments,
                      std::span(&result, function.type.results.size()));
      } catch (const Trap& trap) {
        RC_ASSERT_FALSE(trap.why.empty());
      }
    });
  }
}
