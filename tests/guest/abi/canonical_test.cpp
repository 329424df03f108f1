// The rules of lifting and lowering, at the functions of Kinode where there is one that shows them.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "guest/abi/canonical/call.hpp"
#include "tests/guest/abi/hex.hpp"
#include "tests/guest/abi/kinode_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::canonical;
using namespace celeriac::guest::testing;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

constexpr Slot wild = 0xFFFF'FFF0;

/// What follows is for a function that takes one string: print-to-terminal.
std::string print(Kinode& kinode, Slot pointer, Slot length) {
  return kinode.trap("print-to-terminal", {0, pointer, length});
}

/// A response whose flat values are these, but for those that are given.
std::vector<Slot> response(std::initializer_list<std::pair<std::size_t, Slot>> given) {
  std::vector<Slot> made(14, 0);
  for (const auto& [index, value] : given) made[index] = value;
  return made;
}

}  // namespace

TEST_CASE("10: a return area that is misaligned or past the end traps, and nothing has happened") {
  const auto [field, arguments, alignment] =
      GENERATE(table<std::string_view, std::size_t, std::uint32_t>({{"receive", 0, 8},
                                                                    {"get-on-exit", 0, 4},
                                                                    {"get-state", 0, 4},
                                                                    {"our-capabilities", 0, 4},
                                                                    {"get-blob", 0, 4},
                                                                    {"last-blob", 0, 4},
                                                                    {"our", 0, 4},
                                                                    {"spawn", 13, 4},
                                                                    {"send-and-await-response", 1, 8}}));
  Kinode kinode;
  kinode.write_awaited(kinode.address("our", "other"), {});
  std::vector<Slot> given(arguments, 0);
  if (field == "send-and-await-response") given[0] = parameters;
  given.push_back(0);
  for (const std::uint32_t area : {return_area + 1, return_area + alignment / 2,
                                   std::uint32_t{2 * 65'536 - 4}, std::uint32_t{0xFFFF'FFF8}}) {
    given.back() = area;
    const auto why = kinode.trap(field, given, v1_0);
    CHECK_THAT(why, StartsWith(std::string(field) + ": the return area at " + std::to_string(area)));
  }
  CHECK(kinode.guest.asked.empty());
}

TEST_CASE("10: a parameter record that is misaligned or past the end traps") {
  Kinode kinode;
  CHECK(kinode.trap("send-request", {parameters + 4}) ==
        "send-request: parameters lies at 2564, which is not aligned to 8.");
  CHECK_THAT(kinode.trap("send-request", {2 * 65'536 - 120}),
             ContainsSubstring("has 128 bytes, but the memory ends at 131072"));
  CHECK_THAT(kinode.trap("send-request", {0xFFFF'FFF8}), ContainsSubstring("but the memory ends"));
  CHECK(kinode.guest.asked.empty());
}

TEST_CASE("11: a string whose pointer and length wrap around 32 bits traps") {
  Kinode kinode;
  CHECK(print(kinode, 0xFFFF'FFFF, 2) ==
        "print-to-terminal: message has 2 bytes at 4294967295, but the memory ends at 131072.");
  CHECK_THAT(print(kinode, 0x1000, 0xFFFF'F001), ContainsSubstring("but the memory ends"));
  CHECK_THAT(print(kinode, 131'072, 1), ContainsSubstring("but the memory ends"));
  CHECK(print(kinode, 131'072, 0) == "");
  CHECK_THAT(print(kinode, 131'073, 0), ContainsSubstring("but the memory ends"));
}

TEST_CASE("11: a list whose elements do not fit traps, though 32 bits would not tell") {
  Kinode kinode;
  CHECK_THAT(kinode.trap("save-capabilities", {0x1000, 0x0666'6667}),
             ContainsSubstring("is a list of 4294967320 bytes"));
}

TEST_CASE("12: text that is not UTF-8 traps, wherever it is") {
  for (const std::string_view bad :
       {"c0 80", "e0 80 80", "f0 80 80 80", "ed a0 80", "ed bf bf", "f4 90 80 80", "ff", "80", "c3", "e2 82",
        "f0 9f 98", "41 42 43 44 45 46 47 48 49 c3"}) {
    Kinode kinode;
    const auto bytes = hex(bad);
    const auto pointer = kinode.guest.put({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    INFO(bad);
    CHECK(print(kinode, pointer, bytes.size()) == "print-to-terminal: message is not UTF-8.");
  }
  Kinode kinode;
  const auto send = [&](const Value& target, Kinode::Request request, std::optional<std::string_view> mime) {
    kinode.write(types::sent,
                 kinode.arena.record({target, kinode.request(request), Arena::none(), kinode.blob(mime, "")}),
                 parameters);
    return kinode.trap("send-request", {parameters});
  };
  CHECK(send(kinode.address("\xff", "a"), {}, {}) == "send-request: parameters.target.node is not UTF-8.");
  CHECK(send(kinode.address("n", "\xff"), {}, {}) ==
        "send-request: parameters.target.process.process-name is not UTF-8.");
  CHECK(send(kinode.address("n", "a"), {.metadata = "\xff"}, {}) ==
        "send-request: parameters.request.metadata is not UTF-8.");
  CHECK(send(kinode.address("n", "a"), {.capabilities = {kinode.capability("1"), kinode.capability("\xff")}},
             {}) == "send-request: parameters.request.capabilities[1].params is not UTF-8.");
  CHECK_THAT(send(kinode.address("n", "a"), {}, "\xff"),
             ContainsSubstring("lazy-load-blob.mime is not UTF-8"));
  CHECK(send(kinode.address("n", "a"), {.body = "\xff"}, {}) == "");
}

TEST_CASE("13: the pointer of a list of capabilities must be aligned, though the list is empty") {
  Kinode kinode;
  CHECK(kinode.trap("save-capabilities", {0x1002, 0}) ==
        "save-capabilities: caps is a list at 4098, which is not aligned to 4.");
  CHECK(kinode.trap("save-capabilities", {0, 0}) == "");
  CHECK(kinode.trap("save-capabilities", {4, 0}) == "");
  CHECK_THAT(kinode.trap("send-response", response({{6, 2}})), ContainsSubstring("is not aligned to 4"));
}

TEST_CASE("14: a discriminant that no case has traps") {
  Kinode kinode;
  CHECK(kinode.trap("set-on-exit", {3, 0, 0}) == "set-on-exit: on-exit says that it is case 3, of 3.");
  CHECK_THAT(kinode.trap("set-on-exit", {0x100, 0, 0}), ContainsSubstring("says that it is case 256"));
  CHECK(kinode.trap("send-response", response({{3, 2}})) ==
        "send-response: response.metadata says that it is case 2, of 2.");
  kinode.write(
      types::sent,
      kinode.arena.record({kinode.address("our", "a"), kinode.request({}), Arena::none(), Arena::none()}),
      parameters);
  for (const std::uint32_t place : {40U, 64U, 88U, 100U}) {
    kinode.guest.bytes[parameters + place] = 2;
    CHECK_THAT(kinode.trap("send-request", {parameters}), ContainsSubstring("says that it is case 2, of 2"));
    kinode.guest.bytes[parameters + place] = 0;
  }
  CHECK(kinode.trap("send-request", {parameters}) == "");
}

TEST_CASE("15: a boolean of 2 is true, and so is one with high bits alone") {
  for (const Slot truth : {Slot{2}, Slot{0x100}, Slot{0x8000'0000}}) {
    Kinode kinode;
    kinode.call("send-response", response({{0, truth}}));
    CHECK(kinode.sent(0).inherit);
  }
  Kinode kinode;
  kinode.write(
      types::sent,
      kinode.arena.record({kinode.address("our", "a"), kinode.request({}), Arena::none(), Arena::none()}),
      parameters);
  kinode.guest.bytes[parameters + 32] = 2;
  kinode.call("send-request", {parameters});
  CHECK(kinode.sent(0).inherit);
}

TEST_CASE("16: an option that is none may hold any pointer") {
  Kinode kinode;
  kinode.call("send-response", response({{4, wild}, {5, wild}, {9, 7}, {10, wild}, {12, wild}, {13, wild}}));
  CHECK_FALSE(kinode.sent(0).metadata);
  CHECK_FALSE(kinode.sent(0).has_blob());
  kinode.write(
      types::sent,
      kinode.arena.record({kinode.address("our", "a"), kinode.request({}), Arena::none(), Arena::none()}),
      parameters);
  for (const std::uint32_t place : {68U, 72U, 92U, 96U, 104U, 108U, 116U})
    kinode.guest.store(parameters + place, 0xFFFF'FFF1);
  kinode.call("send-request", {parameters});
  CHECK(kinode.sent(1).body == "body");
}

TEST_CASE("17: memory that grows and moves inside the allocator does not spoil what is written") {
  Kinode kinode;
  kinode.guest.add_export("cabi_realloc", {}, [&](std::span<const Slot> arguments) {
    auto grown = std::vector<std::uint8_t>(kinode.guest.bytes.size() + 65'536, 0xAA);
    std::ranges::copy(kinode.guest.bytes, grown.begin());
    std::ranges::fill(kinode.guest.bytes, std::uint8_t{0xEE});
    kinode.guest.bytes = std::move(grown);
    return std::vector<Slot>{kinode.guest.allocate(static_cast<std::uint32_t>(arguments[2]),
                                                   static_cast<std::uint32_t>(arguments[3]))};
  });
  auto item = a_request();
  item.metadata = "meta";
  item.capabilities = {{"n.os@k:p:q.os", "1"}, {"n.os@k:p:q.os", "2"}};
  const auto received = kinode.receive(item);
  REQUIRE(received.which() == 0);
  const auto& request = *(*received.payload())[1].payload();
  CHECK(request[2].text() == "hello");
  CHECK(request[3].some()->text() == "meta");
  CHECK(request[4][1][1].text() == "2");
}

TEST_CASE("18: an import that is called from inside the allocator traps") {
  Kinode kinode;
  kinode.guest.add_export("cabi_realloc", {}, [&](std::span<const Slot>) {
    kinode.call("clear-state", {});
    return std::vector<Slot>{0x2000};
  });
  kinode.guest.reply_with(encode(a_request()));
  CHECK_THAT(kinode.trap("receive", {return_area}),
             StartsWith("receive: clear-state: it is called from inside the guest's allocator"));
  CHECK(kinode.operations() == std::vector<std::string>{"MESSAGE.RECEIVE"});
}

TEST_CASE("19: a NUL inside a string survives, there and back") {
  Kinode kinode;
  const std::string text("a\0b", 3);
  kinode.send({.body = text, .metadata = text});
  CHECK(kinode.sent(0).body == text);
  CHECK(kinode.sent(0).metadata == text);
  auto item = a_request();
  item.metadata = text;
  CHECK((*(*kinode.receive(item).payload())[1].payload())[3].some()->text() == text);
}

TEST_CASE("an allocator that returns what cannot be traps") {
  const auto [pointer, says] = GENERATE(table<std::uint32_t, std::string_view>(
      {{2, "receive: cabi_realloc returned 2, which is not aligned to 4."},
       {0xFFFF'FFFC,
        "receive: cabi_realloc returned 4294967292 for 4 bytes, but the memory ends at 131072."}}));
  Kinode kinode;
  kinode.guest.add_export("cabi_realloc", {}, [&](std::span<const Slot> arguments) {
    const bool list = arguments[2] == 4;
    return std::vector<Slot>{pointer == 2 && !list ? 0x2000 : pointer};
  });
  kinode.guest.reply_with(encode(a_request()));
  CHECK(kinode.trap("receive", {return_area}) == says);
}

TEST_CASE("older names of the allocator are taken, each for its purpose") {
  for (const std::string_view name : {"cm32p2_realloc", "canonical_abi_realloc", "cabi_import_realloc"}) {
    Kinode kinode;
    auto node = kinode.guest.exported.extract("cabi_realloc");
    node.key() = name;
    kinode.guest.exported.insert(std::move(node));
    kinode.receive(a_request());
    CHECK(kinode.guest.called.front() == name);
  }
  Kinode kinode;
  kinode.guest.exported.clear();
  kinode.guest.reply_with(encode(a_request()));
  CHECK(kinode.trap("receive", {return_area}) ==
        "receive: there is no allocator: the module does not export cabi_realloc.");
}

TEST_CASE("capabilities of a message, messages of send-requests, and all bytes of a call have a bound") {
  Kinode kinode;
  const auto one = kinode.capability("1");
  kinode.write(
      types::sent,
      kinode.arena.record({kinode.address("our", "a"), kinode.request({.capabilities = std::vector(65, one)}),
                           Arena::none(), Arena::none()}),
      parameters);
  CHECK(kinode.trap("send-request", {parameters}) ==
        "send-request: parameters.request.capabilities has 65 elements, more than the 64 that are taken.");

  FakeGuest roomy(std::size_t{260} * 1024 * 1024);
  kinode::Process process;
  const auto trap = [&](std::string_view field, std::vector<Slot> arguments) {
    return trap_of([&] { call_import(process, roomy, v0_7, field, std::move(arguments)); });
  };
  CHECK_THAT(trap("send-requests", {0x1000, 1025}), ContainsSubstring("more than the 1024 that are taken"));
  CHECK(trap("set-state", {0, 268'435'456}) == "set-state: bytes has 268435456 bytes, more than 268435455.");
  // Two bodies that are the same 200 MB: nothing overflows, but nobody needs to take it.
  std::ranges::fill(roomy.bytes, std::uint8_t{0});
  for (const std::uint32_t element : {0x1000U, 0x1080U}) {
    roomy.store(element + 56, 0x1000);
    roomy.store(element + 60, 200'000'000);
  }
  CHECK(trap("send-requests", {0x1000, 2}) ==
        "send-requests: requests[1].request.body makes it more than 335544320 bytes for one call.");
  CHECK(roomy.asked.empty());
}

// ---- exports ----

namespace {

constexpr Type seed_error =
    wit::variant({{"timeout"}, {"connection", &wit::string}, {"other", &wit::string}});
constexpr Type texts = wit::list(wit::string);
constexpr Type subscribed = wit::result(&texts, &seed_error);
constexpr Function subscribe{.name = "subscribe", .result = &subscribed};
constexpr std::string_view handler = "wasi:messaging/incoming-handler@0.2.0-draft";

/// A guest that subscribes to one topic, with its return area at 0x800.
struct Subscriber {
  FakeGuest guest;
  Instance instance;
  std::string name;

  explicit Subscriber(std::string export_name, std::string post_return) : name(std::move(export_name)) {
    guest.add_export(name, {}, [this](std::span<const Slot>) {
      const auto topic = guest.put("soil");
      const auto list = guest.allocate(4, 8);
      guest.store(list, topic);
      guest.store(list + 4, 4);
      guest.store(0x800, 0);
      guest.store(0x804, list);
      guest.store(0x808, 1);
      return std::vector<Slot>{0x800};
    });
    guest.add_export(std::move(post_return), {}, [this](std::span<const Slot> arguments) {
      freed.push_back(arguments[0]);
      return std::vector<Slot>{};
    });
  }
  std::vector<Slot> freed;
};

}  // namespace

TEST_CASE("20: post-return is called once, with the pointer that the export returned, in either spelling") {
  const auto usual = std::string(handler) + "#subscribe";
  const auto other = "cm32p2|" + std::string(handler) + "|subscribe";
  for (const auto& [name, post] :
       {std::pair(usual, "cabi_post_" + usual), std::pair(other, other + "_post")}) {
    Subscriber subscriber(name, post);
    const auto found = find_export(subscriber.guest, handler, "subscribe");
    CHECK(found.function == name);
    ExportCall call(subscribe, found, subscriber.instance, subscriber.guest, {});
    CHECK((*call.result().payload())[0].text() == "soil");
    CHECK(subscriber.freed.empty());
    call.finish();
    CHECK(subscriber.freed == std::vector<Slot>{0x800});
  }
}

TEST_CASE("20: post-return is not called after a trap, be it the guest's or one while its result is read") {
  const auto name = std::string(handler) + "#subscribe";
  for (const Slot returned : {Slot{0x802}, Slot{0xFFFF'FFF0}, Slot{0}}) {
    Subscriber subscriber(name, "cabi_post_" + name);
    subscriber.guest.add_export(name, {}, [&](std::span<const Slot>) -> std::vector<Slot> {
      if (returned == 0) throw Trap{"unreachable"};
      return {returned};
    });
    const auto found = find_export(subscriber.guest, handler, "subscribe");
    CHECK(trap_of([&] {
            ExportCall(subscribe, found, subscriber.instance, subscriber.guest, {}).finish();
          }) != "");
    CHECK(subscriber.freed.empty());
  }
}

TEST_CASE("18: an import that is called from a post-return function traps") {
  const auto name = std::string(handler) + "#subscribe";
  Subscriber subscriber(name, "cabi_post_" + name);
  subscriber.guest.add_export("cabi_post_" + name, {}, [&](std::span<const Slot>) {
    Call(subscribe, subscriber.instance, subscriber.guest, std::vector<Slot>{0x800}, {});
    return std::vector<Slot>{};
  });
  const auto found = find_export(subscriber.guest, handler, "subscribe");
  ExportCall call(subscribe, found, subscriber.instance, subscriber.guest, {});
  CHECK_THAT(trap_of([&] { call.finish(); }), StartsWith("it is called from inside the guest's allocator"));
}

// ---- numbers and joins ----

TEST_CASE("numbers of all widths are cut and extended as the specification says") {
  FakeGuest guest;
  const Memory memory(guest);
  Arena arena;
  Lift lift(memory, arena, nullptr);
  const auto flat = [&](const Type& type, Slot slot) {
    std::span<const Slot> slots(&slot, 1);
    return lift.flat(type, slots, {nullptr, "it"}).number();
  };
  CHECK(flat(wit::u8, 0x1FF) == 0xFF);
  CHECK(flat(wit::u16, 0x1'FFFF) == 0xFFFF);
  CHECK(flat(wit::u32, 0xFFFF'FFFF) == 0xFFFF'FFFF);
  CHECK(static_cast<std::int64_t>(flat(wit::s8, 0xFF)) == -1);
  CHECK(static_cast<std::int64_t>(flat(wit::s16, 0x8000)) == -32'768);
  CHECK(static_cast<std::int64_t>(flat(wit::s32, 0xFFFF'FFFE)) == -2);
  CHECK(flat(wit::character, 0x10FFFF) == 0x10FFFF);
  for (const Slot bad : {Slot{0x110000}, Slot{0xD800}, Slot{0xDFFF}})
    CHECK_THAT(trap_of([&] { flat(wit::character, bad); }), StartsWith("it is no character"));
  Instance instance;
  std::vector<Slot> slots;
  Lower(instance, guest, Purpose::import_result)
      .flat(wit::s8, Value::number(static_cast<std::uint64_t>(-1)), slots);
  CHECK(slots == std::vector<Slot>{0xFFFF'FFFF});
}

TEST_CASE("a case with fewer values than others is padded with zeros, and padding is not looked at") {
  static constexpr Type joined = wit::variant({{"none"}, {"wide", &wit::u64}, {"text", &wit::string}});
  FakeGuest guest;
  Instance instance;
  std::vector<Slot> slots;
  Arena arena;
  Lower(instance, guest, Purpose::import_result)
      .flat(joined, arena.of_case(1, Value::number(0x1'0000'0000)), slots);
  CHECK(slots == std::vector<Slot>{1, 0x1'0000'0000, 0});
  const Memory memory(guest);
  Lift lift(memory, arena, nullptr);
  const std::vector<Slot> given{2, 0xFFFF'FFFF'0000'1000, 4, 99};
  std::span<const Slot> rest(given);
  // aa is no UTF-8, so that the text would trap: the guest writes some first.
  std::ranges::fill(std::span(guest.bytes).subspan(0x1000, 4), std::uint8_t{'x'});
  CHECK(lift.flat(joined, rest, {nullptr, "it"}).payload()->text() == "xxxx");
  CHECK(rest.size() == 1);
}
