#include "guest/abi/canonical/type.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "guest/abi/kinode/types.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using namespace celeriac::guest::canonical;
namespace types = celeriac::guest::kinode::types;
using kinode::Version;

namespace {

constexpr ResourceType client_resource{"client"}, message_resource{"message"};

std::string layout(const Type& type) {
  return std::to_string(type.size) + "/" + std::to_string(type.alignment);
}

std::vector<std::uint32_t> offsets(const Type& type) {
  std::vector<std::uint32_t> made;
  for (const auto& part : type.parts()) made.push_back(part.offset);
  return made;
}

using Offsets = std::vector<std::uint32_t>;

/// Where in a value something lies: parts by number, and the payload of a case with ~number.
std::uint32_t offset(const Type& type, std::initializer_list<int> path) {
  const Type* at = &type;
  std::uint32_t made = 0;
  for (const int step : path) {
    const auto index = static_cast<std::size_t>(step < 0 ? ~step : step);
    made += step < 0 ? at->payload : at->parts()[index].offset;
    at = at->parts()[index].type;
  }
  return made;
}

std::string core(const Function& function) {
  return wasm::text(import_signature(function));
}

std::string i32s(int count) {
  std::string made = "(";
  for (int i = 0; i < count; ++i) made += i == 0 ? "i32" : ", i32";
  return made + ") -> ()";
}

constexpr int ok = ~0, error = ~1, some = ~1, request = ~0, response = ~1;

}  // namespace

TEST_CASE("records of Kinode have the sizes and offsets of the reference") {
  CHECK(layout(types::process_id) == "24/4");
  CHECK(offsets(types::process_id) == Offsets{0, 8, 16});
  CHECK(layout(types::address) == "32/4");
  CHECK(offset(types::address, {1, 0}) == 8);
  CHECK(offset(types::address, {1, 1}) == 16);
  CHECK(offset(types::address, {1, 2}) == 24);
  CHECK(layout(types::capability) == "40/4");
  CHECK(offsets(types::capability) == Offsets{0, 32});
  CHECK(layout(types::blob) == "20/4");
  CHECK(offset(types::blob, {0, some}) == 4);
  CHECK(offset(types::blob, {1}) == 12);
  CHECK(layout(types::option_blob) == "24/4");
  CHECK(offset(types::option_blob, {some, 0}) == 4);
  CHECK(offset(types::option_blob, {some, 0, some}) == 8);
  CHECK(offset(types::option_blob, {some, 1}) == 16);
  CHECK(layout(types::option_bytes) == "12/4");
  CHECK(layout(types::option_string) == "12/4");
  CHECK(layout(types::option_u64) == "16/8");
  CHECK(types::option_u64.payload == 8);
  CHECK(layout(types::request) == "56/8");
  CHECK(offsets(types::request) == Offsets{0, 8, 24, 32, 44});
  CHECK(layout(types::response) == "32/4");
  CHECK(offsets(types::response) == Offsets{0, 4, 12, 24});
  CHECK(layout(types::message) == "64/8");
  CHECK(offset(types::message, {request, 0}) == 8);
  CHECK(offset(types::message, {request, 1}) == 16);
  CHECK(offset(types::message, {request, 1, some}) == 24);
  CHECK(offset(types::message, {request, 2}) == 32);
  CHECK(offset(types::message, {request, 3}) == 40);
  CHECK(offset(types::message, {request, 4}) == 52);
  CHECK(layout(types::response_and_context) == "44/4");
  CHECK(offset(types::message, {response, 0, 1}) == 12);
  CHECK(offset(types::message, {response, 0, 2}) == 20);
  CHECK(offset(types::message, {response, 0, 3}) == 32);
  CHECK(offset(types::message, {response, 1}) == 40);
  CHECK(offset(types::message, {response, 1, some}) == 44);
  CHECK(layout(types::on_exit) == "12/4");
  CHECK(types::on_exit.payload == 4);
  CHECK(layout(types::addressed_request) == "112/8");
  CHECK(offsets(types::addressed_request) == Offsets{0, 32, 88});
  CHECK(layout(types::sent) == "128/8");
  CHECK(offsets(types::sent) == Offsets{0, 32, 88, 100});
  CHECK(offset(types::sent, {1, 4}) == 76);
  CHECK(offset(types::sent, {3, some, 0}) == 104);
  CHECK(offset(types::sent, {3, some, 1}) == 116);
  CHECK(layout(types::spawned) == "28/4");
  CHECK(offset(types::spawned, {ok, 2}) == 20);
  CHECK(offset(types::spawned, {error}) == 4);
  CHECK(layout(types::process_and_params) == "32/4");
  CHECK(types::grants<Version::v0_8>.element().size == 24);
  CHECK(types::grants<Version::v1_0>.element().size == 32);
}

TEST_CASE("results of receive and of awaiting have the offsets of their version") {
  const auto& old = types::received<Version::v0_7>;
  CHECK(layout(types::send_error<Version::v0_7>) == "96/8");
  CHECK(layout(old) == "120/8");
  CHECK(layout(types::awaited<Version::v0_7>) == "104/8");
  CHECK(offset(old, {ok, 0}) == 8);
  CHECK(offset(old, {ok, 1}) == 40);
  CHECK(offset(old, {ok, 1, request, 1}) == 56);
  CHECK(offset(old, {ok, 1, request, 2}) == 72);
  CHECK(offset(old, {ok, 1, request, 4}) == 92);
  CHECK(offset(old, {ok, 1, response, 0, 1}) == 52);
  CHECK(offset(old, {ok, 1, response, 1, some}) == 84);
  CHECK(offset(old, {error, 0, 0}) == 8);
  CHECK(offset(old, {error, 0, 1}) == 16);
  CHECK(offset(old, {error, 0, 1, request, 1, some}) == 40);
  CHECK(offset(old, {error, 0, 1, request, 4}) == 68);
  CHECK(offset(old, {error, 0, 1, response, 1, some}) == 60);
  CHECK(offset(old, {error, 0, 2}) == 80);
  CHECK(offset(old, {error, 0, 2, some, 1}) == 96);
  CHECK(offset(old, {error, 1, some}) == 108);
  for (const auto* type : {&types::received<Version::v0_8>, &types::received<Version::v1_0>}) {
    CHECK(layout(*type) == "152/8");
    CHECK(offset(*type, {ok, 1}) == 40);
    CHECK(offset(*type, {error, 0, 1}) == 12);
    CHECK(offset(*type, {error, 0, 2}) == 48);
    CHECK(offset(*type, {error, 0, 2, request, 2}) == 80);
    CHECK(offset(*type, {error, 0, 2, response, 0, 1}) == 60);
    CHECK(offset(*type, {error, 0, 3}) == 112);
    CHECK(offset(*type, {error, 0, 3, some, 1}) == 128);
    CHECK(offset(*type, {error, 1, some}) == 140);
  }
  CHECK(layout(types::awaited<Version::v1_0>) == "136/8");
  CHECK(layout(types::send_error<Version::v0_8>) == "128/8");
}

TEST_CASE("types of wasi:messaging have the sizes and offsets of the reference") {
  static constexpr Type seed_error =
      wit::variant({{"timeout"}, {"connection", &wit::string}, {"other", &wit::string}});
  static constexpr Type plain = wit::result(nullptr, &seed_error);
  static constexpr Type client = wit::own(client_resource);
  static constexpr Type connected = wit::result(&client, &seed_error);
  static constexpr Type texts = wit::list(wit::string);
  static constexpr Type subscribed = wit::result(&texts, &seed_error);
  static constexpr Type message = wit::own(message_resource);
  static constexpr Type messages = wit::list(message);
  static constexpr Type replied = wit::result(&messages, &seed_error);
  static constexpr Type pair = wit::record({{"key", &wit::string}, {"value", &wit::string}});
  static constexpr Type pairs = wit::list(pair);
  static constexpr Type metadata = wit::option(pairs);
  CHECK(layout(seed_error) == "12/4");
  CHECK(seed_error.flat_count == 3);
  CHECK(offset(seed_error, {~1}) == 4);
  CHECK(layout(plain) == "16/4");
  CHECK(plain.flat_count == 4);
  CHECK(offset(plain, {error, ~2}) == 8);
  CHECK(layout(connected) == "16/4");
  CHECK(layout(subscribed) == "16/4");
  CHECK(texts.element().size == 8);
  CHECK(layout(replied) == "16/4");
  CHECK(messages.element().size == 4);
  CHECK(layout(metadata) == "12/4");
  CHECK(layout(pair) == "16/4");
  CHECK(offsets(pair) == Offsets{0, 8});

  static constexpr Function connect{"[static]client.connect", wit::record({{"name", &wit::string}}),
                                    &connected};
  static constexpr Function constructor{
      "[constructor]message", wit::record({{"topic", &wit::string}, {"data", &wit::bytes}}), &message};
  static constexpr Function handle{"handle", wit::record({{"message", &message}}), &plain};
  CHECK(core(connect) == "(i32, i32, i32) -> ()");
  CHECK(core(constructor) == "(i32, i32, i32, i32) -> (i32)");
  CHECK(wasm::text(export_signature(handle)) == "(i32) -> (i32)");
}

TEST_CASE("the payload of an option begins where its type may begin") {
  static constexpr Type small = wit::option(wit::u8), middle = wit::option(wit::string),
                        large = wit::option(wit::u64);
  CHECK(small.payload == 1);
  CHECK(middle.payload == 4);
  CHECK(large.payload == 8);
}

TEST_CASE("cases of a variant share their slots as the specification joins them") {
  using enum wasm::NumberType;
  CHECK(types::message.flat()[3] == i64);  // a number of seconds, or the length of a body
  static constexpr Type numbers = wit::variant({{"a", &wit::f32}, {"b", &wit::u32}});
  CHECK(numbers.flat()[1] == i32);
  static constexpr Type wide = wit::variant({{"a", &wit::f64}, {"b", &wit::u32}});
  CHECK(wide.flat()[1] == i64);
  static constexpr Type same = wit::variant({{"a", &wit::f64}, {"b", &wit::f64}});
  CHECK(same.flat()[1] == f64);
}

TEST_CASE("functions of Kinode have the core signatures of the reference") {
  CHECK(core(types::print_to_terminal) == i32s(3));
  CHECK(core(types::set_on_exit) == i32s(3));
  for (const auto* function : {&types::get_on_exit, &types::get_state, &types::our_capabilities,
                               &types::receive<Version::v0_7>, &types::receive<Version::v1_0>,
                               &types::get_blob, &types::last_blob, &types::our, &types::send_request})
    CHECK(core(*function) == i32s(1));
  for (const auto* function : {&types::set_state, &types::save_capabilities, &types::drop_capabilities,
                               &types::send_requests, &types::send_and_await_response<Version::v0_8>})
    CHECK(core(*function) == i32s(2));
  CHECK(core(types::clear_state) == "() -> ()");
  CHECK(core(types::has_blob) == "() -> (i32)");
  CHECK(core(types::spawn<Version::v0_7>) == i32s(14));
  CHECK(core(types::spawn<Version::v1_0>) == i32s(14));
  CHECK(core(types::send_response) == i32s(14));
  CHECK(types::send_request.parameters.flat_count == 27);
  CHECK(types::send_and_await_response<Version::v0_7>.parameters.flat_count == 24);
  CHECK(wasm::text(export_signature(types::init)) == "(i32, i32) -> ()");
}
