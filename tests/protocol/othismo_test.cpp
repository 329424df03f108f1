#include "protocol/othismo.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

using namespace celeriac::protocol;
using namespace std::string_literals;
using Part = OthismoMessage::Part;

namespace {

/// A document around the bytes of its elements.
std::string in_document(std::string_view elements) {
  std::string size(4, '\0');
  for (std::size_t i = 0, rest = elements.size() + 5; i < 4; ++i, rest >>= 8)
    size[i] = static_cast<char>(rest & 0xff);
  return size + std::string(elements) + '\0';
}

std::string document(const Json& json) {
  return to_bson(json);
}

std::string why_bad(std::string_view bson) {
  const auto read = read_othismo(bson);
  REQUIRE_FALSE(read);
  CHECK(read.error().status == Status::malformed);
  CHECK(read.error().code == "bad_message");
  return read.error().message;
}

}  // namespace

TEST_CASE("96: form 1 and form 2 are the same message") {
  const Json water{{"seconds", 5}, {"flow", 0.5}};
  const auto long_form =
      read_othismo(document({{"othismo", {{"send_to", "/shed/pump"}}}, {"acme.water", water}}));
  const auto short_form = read_othismo(document({{"/shed/pump/acme.water", water}}));
  const auto flat = read_othismo(document({{"othismo.send_to", "/shed/pump"}, {"acme.water", water}}));
  REQUIRE(long_form);
  CHECK(*long_form == short_form);
  CHECK(*long_form == flat);
  CHECK(long_form->send_to == "/shed/pump");
  REQUIRE(long_form->find("acme.water"));
  CHECK(long_form->find("acme.water")->json() == water);
  CHECK(write_othismo(*short_form) == write_othismo(*long_form));
}

TEST_CASE("97: the part behind the last slash is the message's name, dots in the object's notwithstanding") {
  const auto message = read_othismo(document({{"/foo/foo.bar/fizz.buzz", Json::object()}}));
  REQUIRE(message);
  CHECK(message->send_to == "/foo/foo.bar");
  CHECK(message->parts.front().name == "fizz.buzz");

  const auto root = read_othismo(document({{"//fizz", Json::object()}}));
  REQUIRE(root);
  CHECK(root->send_to == "/");
  CHECK(root->parts.front().name == "fizz");
}

TEST_CASE("several messages keep their order and their values byte for byte") {
  // In an order that no sorted container keeps, with types that JSON does not tell apart.
  const std::string elements = "\x10zulu\0\1\0\0\0"s + "\x12mike\0\1\0\0\0\0\0\0\0"s +
                               "\x05"
                               "alpha\0\2\0\0\0\0hi"s +
                               "\x0a"
                               "null\0"s +
                               "\x09when\0\1\0\0\0\0\0\0\0"s;
  const std::string routing = "\x03othismo\0"s + in_document("\x02send_to\0\3\0\0\0/a\0"s);
  const std::string whole = in_document(routing + elements);
  const auto message = read_othismo(whole);
  REQUIRE(message);
  REQUIRE(message->parts.size() == 5);
  CHECK(message->parts[0].name == "zulu");
  CHECK(message->parts[2].binary() == "hi");
  CHECK_FALSE(message->parts[0].binary());
  CHECK(write_othismo(*message) == whole);
}

TEST_CASE("routing survives being written and read") {
  const OthismoMessage message{.send_to = "/a/b",
                               .reply_to = "/",
                               .request_id = std::numeric_limits<std::int64_t>::min(),
                               .response_id = 7,
                               .parts = {Part::of("list", Json::array({1, "two"}))}};
  CHECK(read_othismo(write_othismo(message)) == message);
}

TEST_CASE("a value becomes a part and comes back") {
  for (const Json& value : {Json(1), Json(1.5), Json("text"), Json(nullptr), Json(true), Json::array({1, 2}),
                            Json{{"a", {{"b", 1}}}}, Json::binary({1, 2, 3})})
    CHECK(Part::of("x", value).json() == value);
}

TEST_CASE("107: a malformed document is bad_message with what is wrong with it") {
  using Catch::Matchers::ContainsSubstring;
  const auto good = document({{"othismo", {{"send_to", "/a"}}}, {"m", Json::object()}});
  REQUIRE(read_othismo(good));

  auto wrong_length = good;
  ++wrong_length[0];
  why_bad(wrong_length);
  auto no_end = good;
  no_end.back() = 'x';
  why_bad(no_end);
  why_bad("");
  why_bad("\4\0\0\0"s);
  why_bad(in_document("\x7fx\0"s));                                              // no such type
  CHECK_THAT(why_bad(in_document("\x0bx\0a\0\0"s)), ContainsSubstring("type"));  // a regular expression
  CHECK_THAT(why_bad(in_document("\x02x\0\2\0\0\0\xff\0"s)), ContainsSubstring("UTF-8"));
  CHECK_THAT(why_bad(in_document("\x10\xff\0\1\0\0\0"s)), ContainsSubstring("UTF-8"));
  CHECK_THAT(why_bad(document({{"m", 1}})), ContainsSubstring("send_to"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", "/a"}}}})), ContainsSubstring("no message"));
  CHECK_THAT(why_bad(document({{"othismo", 1}, {"m", 1}})), ContainsSubstring("must hold a document"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", 1}}}, {"m", 1}})), ContainsSubstring("send_to"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", "a"}}}, {"m", 1}})),
             ContainsSubstring("begin with /"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", "/a"}, {"request_id", "1"}}}, {"m", 1}})),
             ContainsSubstring("request_id"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", "/a"}}}, {"othismo.send_to", "/b"}, {"m", 1}})),
             ContainsSubstring("twice"));
  CHECK_THAT(why_bad(document({{"othismo", {{"send_to", "/a"}}}, {"/b/m", 1}})), ContainsSubstring("twice"));
  CHECK_THAT(why_bad(document({{"/a/m", 1}, {"/b/m", 1}})), ContainsSubstring("alone"));
  CHECK_THAT(why_bad(document({{"/m", 1}})), ContainsSubstring("names no message"));
  CHECK_THAT(why_bad(document({{"/a/", 1}})), ContainsSubstring("names no message"));
}

TEST_CASE("what is nested too deep, or is too much, is refused") {
  std::string nested = in_document("");
  for (int i = 0; i < 100'000; ++i)
    nested = in_document(
                 "\x03"
                 "d\0"s +
                 nested)
                 .substr(0, nested.size() + 8);
  why_bad(in_document("\x03othismo\0"s + in_document("\x02send_to\0\3\0\0\0/a\0"s) +
                      "\x03"
                      "m\0"s +
                      nested));

  OthismoMessage message{.send_to = "/a", .reply_to = {}, .request_id = {}, .response_id = {}, .parts = {}};
  message.parts.resize(max_othismo_parts, Part::of("m", 1));
  CHECK(read_othismo(write_othismo(message)));
  message.parts.push_back(Part::of("m", 1));
  why_bad(write_othismo(message));
}

TEST_CASE("paths are what their grammar says") {
  for (const auto* good : {"/", "/a", "/foo/foo.bar", "/ä/b c/...", "/proc/local/pkg/p"})
    CHECK(check_path(good));
  for (const std::string& bad : {""s, "a"s, "a/b"s, "//"s, "/a/"s, "/a//b"s, "/."s, "/a/../b"s, "/\xff"s,
                                 "/a\0b"s, "/" + std::string(256, 'x')})
    CHECK_FALSE(check_path(bad));
  CHECK(check_path("/" + std::string(255, 'x')));
  std::string path;
  for (std::size_t i = 0; i <= max_path / 2; ++i) path += "/x";
  CHECK_FALSE(check_path(path));
}

TEST_CASE("98: a reply goes to reply_to, else to the sender, and names the request") {
  OthismoMessage request{
      .send_to = "/a", .reply_to = {}, .request_id = 9, .response_id = {}, .parts = {Part::of("m", 1)}};
  auto reply = othismo_reply(request, "/sender", othismo_error("no_water", "The tank is empty."));
  CHECK(reply.send_to == "/sender");
  CHECK(reply.response_id == 9);
  CHECK(reply.find("othismo.error")->json() == Json{{"code", "no_water"}, {"message", "The tank is empty."}});
  request.reply_to = "/elsewhere";
  CHECK(othismo_reply(request, "/sender", Part::of(response_name("m"), Json::object())).send_to ==
        "/elsewhere");
  CHECK(response_name("m") == "m.response");
}

TEST_CASE("errors of the protocol and failures of the kernel have codes of Othismo") {
  CHECK(othismo_error(Error{.status = Status::denied, .message = "No."}).json().at("code") ==
        "not_permitted");
  CHECK(othismo_error(Error{.status = Status::locked, .message = "No."}).json().at("code") == "locked");
  CHECK(othismo_error(Error{.status = Status::failed, .message = "No.", .code = "path_conflict"})
            .json()
            .at("code") == "path_conflict");
  CHECK(othismo_code(Failure::no_target) == "object_does_not_exist");
  CHECK(othismo_code(Failure::deadlock) == "deadlock");
}

TEST_CASE("107: no bytes make the reader do more than say that they are bad") {
  rc::check([] {
    const auto good =
        document({{"othismo", {{"send_to", "/a"}, {"reply_to", "/b"}, {"request_id", 5}}},
                  {"m", {{"list", {1, 2.5, "three", nullptr, true}}, {"bytes", Json::binary({1, 2})}}},
                  {"n", "text"}});
    auto bytes = good;
    const auto spoils = *rc::gen::inRange(1, 6);
    for (int i = 0; i < spoils; ++i)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    if (const auto message = read_othismo(bytes)) {
      for (const auto& part : message->parts) static_cast<void>(part.json());
      const auto again = read_othismo(write_othismo(*message));
      RC_ASSERT(again);
      RC_ASSERT(*again == *message);
    }
  });
}
