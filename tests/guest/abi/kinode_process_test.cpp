// The rest of Kinode: start and end, state, on-exit, children, capabilities, printing.

#include <catch2/catch_test_macros.hpp>

#include "guest/abi/kinode/conversion.hpp"
#include "tests/guest/abi/kinode_fixture.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::testing;
using protocol::Json;

namespace {

using Operations = std::vector<std::string>;

/// A guest whose init notes what it is called with.
void add_init(FakeGuest& guest, std::string name, std::string& address) {
  guest.add_export(std::move(name), {}, [&guest, &address](std::span<const Slot> arguments) {
    address = guest.text(static_cast<std::uint32_t>(arguments[0]), static_cast<std::uint32_t>(arguments[1]));
    return std::vector<Slot>{};
  });
}

void add_nothing(FakeGuest& guest, std::string name) {
  guest.add_export(std::move(name), {}, [](std::span<const Slot>) { return std::vector<Slot>{}; });
}

std::string bytes_of(const Json& binary) {
  const auto& bytes = binary.get_binary();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("6: _initialize is called once, before init") {
  Kinode kinode;
  std::string address;
  add_init(kinode.guest, "init", address);
  add_nothing(kinode.guest, "_initialize");
  kinode.process.run(kinode.guest);
  CHECK(kinode.guest.called == std::vector<std::string>{"_initialize", "cabi_realloc", "init"});
}

TEST_CASE("22: init gets the process's own address, and its return ends the process") {
  Kinode kinode;
  std::string address;
  add_init(kinode.guest, "init", address);
  kinode.process.run(kinode.guest);
  CHECK(address == "n.os@me:pkg:me.os");
  CHECK(kinode.guest.asked.empty());
}

TEST_CASE("21: a module in the standardised spelling is initialised, started, and told that init is over") {
  Kinode kinode;
  std::string address;
  kinode.guest.exported.clear();
  kinode.guest.add_export("cm32p2_realloc", {},
                          [](std::span<const Slot>) { return std::vector<Slot>{0x1000}; });
  add_init(kinode.guest, "cm32p2||init", address);
  add_nothing(kinode.guest, "cm32p2_initialize");
  add_nothing(kinode.guest, "cm32p2||init_post");
  kinode.process.run(kinode.guest);
  CHECK(address == "n.os@me:pkg:me.os");
  CHECK(kinode.guest.called ==
        std::vector<std::string>{"cm32p2_initialize", "cm32p2_realloc", "cm32p2||init", "cm32p2||init_post"});
}

TEST_CASE("a trap of init comes through, and nothing is called after it") {
  Kinode kinode;
  kinode.guest.add_export("init", {},
                          [](std::span<const Slot>) -> std::vector<Slot> { throw Trap{"unreachable"}; });
  CHECK(trap_of([&] { kinode.process.run(kinode.guest); }) == "unreachable");
  CHECK(kinode.guest.called.back() == "init");
}

TEST_CASE("our gives the process's own address") {
  Kinode kinode;
  kinode.call("our", {return_area}, v1_0);
  CHECK(kinode::address_text(kinode.read(types::address)) == "n.os@me:pkg:me.os");
}

TEST_CASE("92: printing says how loud, and does not wait") {
  Kinode kinode;
  const auto text = kinode.guest.put("hello");
  kinode.call("print-to-terminal", {0x103, text, 5});
  CHECK(kinode.operations() == Operations{"MESSAGE.PRINT"});
  CHECK(kinode.guest.asked[0].told);
  CHECK(kinode.document(0) == Json{{"verbosity", 3}, {"text", "hello"}});
}

TEST_CASE("what is printed is cut after 16 KiB, between two characters") {
  Kinode kinode;
  std::string text = "x";
  while (text.size() < 20'000) text += "\u00e9";
  const auto at = kinode.guest.put(text);
  kinode.call("print-to-terminal", {0, at, text.size()});
  const auto shown = kinode.document(0)["text"].get<std::string>();
  CHECK(shown.size() == 16'383);
  CHECK(text.starts_with(shown));
}

// ---- state ----

TEST_CASE("63: state is none, bytes, or no bytes, as the kernel says") {
  Kinode kinode;
  const auto state = [&] {
    kinode.call("get-state", {return_area});
    const auto read = kinode.read(types::option_bytes);
    return read.some() ? std::optional<std::string>(read.some()->text()) : std::nullopt;
  };
  kinode.guest.refuse(protocol::Status::not_found, "Nothing is kept.");
  CHECK_FALSE(state());
  kinode.guest.reply_with("bytes");
  CHECK(state() == "bytes");
  kinode.guest.reply_with("");
  CHECK(state() == "");
  kinode.guest.refuse(protocol::Status::failed, "The disk is gone.");
  CHECK(kinode.trap("get-state", {return_area}) == "get-state: The disk is gone.");
}

TEST_CASE("a long state is read in pieces") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{4} * 1024 * 1024, 0xAA);
  const std::string first(1024 * 1024, 'a');
  kinode.guest.reply_with(first);
  kinode.guest.reply_with("rest");
  kinode.call("get-state", {return_area});
  CHECK(kinode.read(types::option_bytes).some()->text() == first + "rest");
  CHECK(kinode.document(1)["offset"] == first.size());
}

TEST_CASE("set-state waits until the bytes are kept, and a failure traps") {
  Kinode kinode;
  const auto at = kinode.guest.put("state");
  kinode.call("set-state", {at, 5});
  CHECK_FALSE(kinode.guest.asked[0].told);
  CHECK(bytes_of(kinode.document(0)["data"]) == "state");
  kinode.call("set-state", {0, 0});
  CHECK(bytes_of(kinode.document(1)["data"]).empty());
  kinode.guest.refuse(protocol::Status::failed, "The disk is full.");
  CHECK(kinode.trap("set-state", {at, 5}) == "set-state: The disk is full.");
  kinode.guest.refuse(protocol::Status::failed, "The disk is full.");
  CHECK(kinode.trap("clear-state", {}) == "clear-state: The disk is full.");
}

TEST_CASE("a long state is written as a blob first") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  kinode.guest.answer = [](const FakeGuest::Asked&) { return protocol::Reply{.value = 9}; };
  kinode.call("set-state", {0x1000, 100'000});
  CHECK(kinode.operations() == Operations{"BLOB.WRITE", "BLOB.WRITE", "STATE.SET", "BLOB.FREE"});
  CHECK(kinode.document(2) == Json{{"blob", 9}});
}

// ---- on-exit ----

TEST_CASE("73: on-exit is told to the kernel, and read back with bodies and blobs") {
  Kinode kinode;
  kinode.call("set-on-exit", {0, 0, 0});
  CHECK(kinode.document(0)["on_exit"] == "none");
  kinode.call("set-on-exit", {1, 0, 0});
  CHECK(kinode.document(1)["on_exit"] == "restart");

  const std::vector requests{
      kinode.arena.record({kinode.address("our", "a"),
                           kinode.request({.expects = std::nullopt, .body = "bye", .metadata = "m"}),
                           kinode.blob("t/p", "BLOB")}),
      kinode.arena.record(
          {kinode.address("our", "b"), kinode.request({.inherit = true, .expects = 2}), Arena::none()})};
  kinode.write(types::on_exit_requests, kinode.arena.list(requests, [](const Value& one) { return one; }),
               parameters);
  kinode.call("set-on-exit", {2, kinode.guest.load(parameters), kinode.guest.load(parameters + 4)});
  REQUIRE(kinode.operations() == Operations(3, "GUEST.SET_ON_EXIT"));
  const auto kept = kinode.document(2)["on_exit"];
  CHECK(kept["requests"][0]["to"] == "our@a:pkg:me.os");

  kinode.guest.reply_with(protocol::to_bson({{"on_exit", kept}}));
  kinode.call("get-on-exit", {return_area});
  const auto back = kinode.read(types::on_exit);
  REQUIRE(back.which() == 2);
  const auto& first = (*back.payload())[0];
  CHECK(kinode::address_text(first[0]) == "our@a:pkg:me.os");
  CHECK(first[1][2].text() == "bye");
  CHECK(first[1][3].some()->text() == "m");
  CHECK((*first[2].some())[0].some()->text() == "t/p");
  CHECK((*first[2].some())[1].text() == "BLOB");
  const auto& second = (*back.payload())[1];
  CHECK(second[1][0].boolean());
  CHECK(second[1][1].some()->number() == 2);
  CHECK_FALSE(second[2].some());
}

TEST_CASE("long bodies of on-exit requests are blobs, in both directions") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  const std::string body(50'000, 'b');
  kinode.guest.answer = [&](const FakeGuest::Asked& asked) {
    if (asked.operation == "BLOB.WRITE") return protocol::Reply{.value = 3};
    return asked.operation == "BLOB.READ" ? protocol::Reply{.data = body} : protocol::Reply{};
  };
  const std::vector requests{
      kinode.arena.record({kinode.address("our", "a"), kinode.request({.body = body}), Arena::none()})};
  kinode.write(types::on_exit_requests, kinode.arena.list(requests, [](const Value& one) { return one; }),
               parameters);
  kinode.call("set-on-exit", {2, kinode.guest.load(parameters), kinode.guest.load(parameters + 4)});
  CHECK(kinode.operations() == Operations{"BLOB.WRITE", "GUEST.SET_ON_EXIT", "BLOB.FREE"});
  const auto kept = kinode.document(1)["on_exit"];
  CHECK(protocol::decode_outgoing(bytes_of(kept["requests"][0]["envelope"]))->body_blob == 3);
  kinode.guest.reply_with(protocol::to_bson({{"on_exit", kept}}));
  kinode.call("get-on-exit", {return_area});
  CHECK((*kinode.read(types::on_exit).payload())[0][1][2].text() == body);
}

TEST_CASE("on-exit is none where the kernel says so") {
  Kinode kinode;
  kinode.guest.reply_with(protocol::to_bson({{"on_exit", "none"}}));
  kinode.call("get-on-exit", {return_area});
  CHECK(kinode.read(types::on_exit).which() == 0);
}

// ---- children ----

namespace {

/// spawn's 14 values.
std::vector<Slot> spawned(Kinode& kinode, std::string_view name, std::string_view path,
                          const Value& requested, const Value& granted, const canonical::Type& grants,
                          bool is_public) {
  kinode.write(types::capabilities, requested, parameters);
  kinode.write(grants, granted, parameters + 8);
  const auto& guest = kinode.guest;
  return {name.empty() ? 0U : 1U,
          kinode.guest.put(name),
          name.size(),
          kinode.guest.put(path),
          path.size(),
          1,
          0,
          0,
          guest.load(parameters),
          guest.load(parameters + 4),
          guest.load(parameters + 8),
          guest.load(parameters + 12),
          is_public ? 1U : 0U,
          return_area};
}

}  // namespace

TEST_CASE("75: spawn passes everything on, and returns the id of the child") {
  Kinode kinode;
  kinode.guest.reply_with(protocol::to_bson({{"process", "123:pkg:me.os"}, {"id", 9}}));
  const auto process = kinode.address("", "friend")[1];
  kinode.call("spawn", spawned(kinode, "", "/pkg/child.wasm", kinode.list({kinode.capability("1")}),
                               kinode.list({process}), types::grants<kinode::Version::v0_7>, true));
  CHECK(kinode.document(0) ==
        Json{{"module", "/pkg/child.wasm"},
             {"on_exit", "restart"},
             {"request", {{{"issuer", "our@issuer:pkg:me.os"}, {"params", "1"}}}},
             {"grant", {{{"process", "friend:pkg:me.os"}, {"params", "\"messaging\""}}}},
             {"public", true}});
  const auto result = kinode.read(types::spawned);
  REQUIRE(result.which() == 0);
  CHECK(kinode::process_text(*result.payload()) == "123:pkg:me.os");
}

TEST_CASE("from 1.0.0 on, spawn says what is granted") {
  Kinode kinode;
  kinode.guest.reply_with(protocol::to_bson({{"process", "kid:pkg:me.os"}, {"id", 9}}));
  const auto grant = kinode.arena.record({kinode.address("", "friend")[1], Value::text("{\"root\":true}")});
  kinode.call("spawn",
              spawned(kinode, "kid", "/a", kinode.list({}), kinode.list({grant}),
                      types::grants<kinode::Version::v1_0>, false),
              v1_0);
  CHECK(kinode.document(0)["name"] == "kid");
  CHECK(kinode.document(0)["grant"] ==
        Json{{{"process", "friend:pkg:me.os"}, {"params", "{\"root\":true}"}}});
}

TEST_CASE("76: a name that is taken and a file that is missing are errors; anything else traps") {
  Kinode kinode;
  const auto path = kinode.guest.put("/a");
  const std::vector<Slot> arguments{0, 0, 0, path, 2, 0, 0, 0, 0, 0, 0, 0, 0, return_area};
  kinode.guest.refuse(protocol::Status::wrong_state, "The name is taken.", "name_taken");
  kinode.call("spawn", arguments);
  CHECK(kinode.read(types::spawned).payload()->which() == 0);
  kinode.guest.refuse(protocol::Status::not_found, "No such file.", "no_file_at_path");
  kinode.call("spawn", arguments);
  CHECK(kinode.read(types::spawned).payload()->which() == 1);
  kinode.guest.refuse(protocol::Status::malformed, "A name has small letters.");
  CHECK(kinode.trap("spawn", arguments) == "spawn: A name has small letters.");
}

// ---- capabilities ----

TEST_CASE("capabilities are saved and dropped when it is on disk, and listed as the kernel has them") {
  Kinode kinode;
  kinode.write(types::capabilities, kinode.list({kinode.capability("1"), kinode.capability("2")}),
               parameters);
  const std::vector<Slot> list{kinode.guest.load(parameters), kinode.guest.load(parameters + 4)};
  kinode.call("save-capabilities", list);
  kinode.call("drop-capabilities", list);
  CHECK(kinode.operations() == Operations{"CAPABILITY.SAVE", "CAPABILITY.DROP"});
  const Json expected{{"capabilities",
                       {{{"issuer", "our@issuer:pkg:me.os"}, {"params", "1"}},
                        {{"issuer", "our@issuer:pkg:me.os"}, {"params", "2"}}}}};
  CHECK(kinode.document(0) == expected);
  CHECK(kinode.document(1) == expected);

  kinode.guest.reply_with(protocol::to_bson(
      {{"capabilities", {{{"issuer", "n.os@me:pkg:me.os"}, {"params", "\"messaging\""}}}}}));
  kinode.call("our-capabilities", {return_area});
  const auto held = kinode.read(types::capabilities);
  REQUIRE(held.items().size() == 1);
  CHECK(kinode::address_text(held[0][0]) == "n.os@me:pkg:me.os");
  CHECK(held[0][1].text() == "\"messaging\"");
}

TEST_CASE("more capabilities than one frame takes are told in several, and none are not told") {
  Kinode kinode;
  kinode.guest.bytes.resize(std::size_t{1024} * 1024, 0xAA);
  const std::string params(1'000, 'p');
  const std::vector<Value> many(200, kinode.capability(params));
  kinode.write(types::capabilities, kinode.arena.list(many, [](const Value& one) { return one; }),
               parameters);
  kinode.call("save-capabilities", {kinode.guest.load(parameters), kinode.guest.load(parameters + 4)});
  std::size_t told = 0;
  for (std::size_t i = 0; i < kinode.guest.asked.size(); ++i) {
    told += kinode.document(i)["capabilities"].size();
    CHECK(kinode.guest.asked[i].payload.size() <= 65'535);
  }
  CHECK(told == 200);
  const auto before = kinode.guest.asked.size();
  kinode.call("save-capabilities", {0, 0});
  CHECK(kinode.guest.asked.size() == before);
}
