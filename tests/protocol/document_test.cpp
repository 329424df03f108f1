#include "protocol/document.hpp"

#include <bson/bson.h>
#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

using namespace celeriac::protocol;
using namespace std::string_literals;

namespace {

std::string bytes_of(const bson_t& bson) {
  return {reinterpret_cast<const char*>(bson_get_data(&bson)), bson.len};
}

/// A document around the bytes of its elements.
std::string in_document(std::string_view elements) {
  std::string size(4, '\0');
  for (std::size_t i = 0, rest = elements.size() + 5; i < 4; ++i, rest >>= 8)
    size[i] = static_cast<char>(rest & 0xff);
  return size + std::string(elements) + '\0';
}

/// A document with one short string field "s" whose bytes are not looked at.
std::string with_text(std::string_view text) {
  return in_document("\x02s\0"s + static_cast<char>(text.size() + 1) + "\0\0\0"s + std::string(text) + "\0"s);
}

}  // namespace

TEST_CASE("a document is the bytes that BSON says") {
  CHECK(to_bson({{"a", 1}}) ==
        "\x0c\0\0\0\x10"
        "a\0\1\0\0\0\0"s);
  CHECK(to_bson(Json::object()) == "\5\0\0\0\0"s);
}

TEST_CASE("everything that JSON can hold survives the wire") {
  const Json document{{"text", "Grüße"},
                      {"empty", ""},
                      {"zero byte", "a\0b"s},
                      {"true", true},
                      {"false", false},
                      {"null", nullptr},
                      {"int", -1},
                      {"int32 min", std::numeric_limits<std::int32_t>::min()},
                      {"int64", 5'000'000'000},
                      {"int64 min", std::numeric_limits<std::int64_t>::min()},
                      {"double", 0.1},
                      {"list", {1, "two", Json::array(), Json::object()}},
                      {"nested", {{"a", {{"b", {1, 2, 3}}}}}}};
  CHECK(from_bson(to_bson(document)).value() == document);
}

TEST_CASE("whole numbers are int32 where they fit, else int64, else double") {
  CHECK(to_bson({{"a", 2147483647}})[4] == 0x10);
  CHECK(to_bson({{"a", 2147483648}})[4] == 0x12);
  CHECK(to_bson({{"a", std::numeric_limits<std::uint64_t>::max()}})[4] == 0x01);
}

TEST_CASE("bytes come back as they went out") {
  const Json document{{"data", Json::binary({0, 1, 255})}, {"none", Json::binary({})}};
  CHECK(from_bson(to_bson(document)) == document);
}

TEST_CASE("types that JSON lacks come as the nearest thing") {
  bson_t bson;
  bson_init(&bson);
  bson_append_date_time(&bson, "when", -1, 1234567890123);
  bson_oid_t oid;
  bson_oid_init_from_string(&oid, "0123456789abcdef01234567");
  bson_append_oid(&bson, "oid", -1, &oid);
  bson_append_binary(&bson, "bytes", -1, BSON_SUBTYPE_BINARY, reinterpret_cast<const std::uint8_t*>("hi"), 2);
  bson_append_binary(&bson, "no text", -1, BSON_SUBTYPE_BINARY, reinterpret_cast<const std::uint8_t*>("\xff"),
                     1);
  bson_decimal128_t decimal;
  bson_decimal128_from_string("1.25", &decimal);
  bson_append_decimal128(&bson, "decimal", -1, &decimal);
  bson_append_regex(&bson, "regex", -1, "a", "");
  bson_append_maxkey(&bson, "max", -1);
  const auto read = from_bson(bytes_of(bson));
  bson_destroy(&bson);
  REQUIRE(read);
  CHECK(*read == Json{{"when", 1234567890123},
                      {"oid", "0123456789abcdef01234567"},
                      {"bytes", Json::binary({'h', 'i'})},
                      {"no text", Json::binary({0xff})},
                      {"decimal", "1.25"},
                      {"regex", nullptr},
                      {"max", nullptr}});
}

TEST_CASE("a document cut anywhere is malformed") {
  const auto whole = to_bson({{"a", 1}, {"b", {{"c", "text"}}}, {"d", {1.5, true}}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = from_bson(std::string_view(whole).substr(0, size));
    REQUIRE_FALSE(read);
    CHECK(read.error().status == Status::malformed);
    CHECK_FALSE(read.error().message.empty());
  }
}

TEST_CASE("bytes behind a document are malformed") {
  CHECK_FALSE(from_bson(to_bson({{"a", 1}}) + "x"));
}

TEST_CASE("changed bytes of a document never do more than give an error") {
  CHECK(rc::check([] {
    auto bytes = to_bson({{"a", 1}, {"b", {{"c", "text"}}}, {"d", {1.5, true}}});
    const auto changes = *rc::gen::inRange(1, 5);
    for (int i = 0; i < changes; ++i)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    if (const auto read = from_bson(bytes)) RC_ASSERT_FALSE(read->dump().empty());
  }));
}

TEST_CASE("nesting is read to 64 levels and refused beyond") {
  const auto nested = [](int levels) {
    std::string document = "\5\0\0\0\0"s;
    for (int i = 1; i < levels; ++i) document = in_document("\3a\0"s + document);
    return document;
  };
  CHECK(from_bson(nested(max_document_depth)));
  CHECK_FALSE(from_bson(nested(max_document_depth + 1)));
  CHECK_FALSE(from_bson(nested(5000)));
}

TEST_CASE("what is nested deeper than can be read goes out as null there") {
  Json document = 1;
  for (int i = 0; i < 4000; ++i) document = {{"a", std::move(document)}};
  const auto read = from_bson(to_bson(document));
  REQUIRE(read);
  const Json* level = &*read;
  int levels = 0;
  for (; level->is_object(); ++levels) level = &level->at("a");
  CHECK(levels == max_document_depth);
  CHECK(level->is_null());
}

TEST_CASE("text that is not UTF-8 is malformed") {
  CHECK(from_bson(with_text("Grüße \xf0\x9f\x8c\xb1")));
  for (const auto& bad :
       {"\xff"s, "\xc3"s, "\xe2\x82"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x80\x80"s, "\xed\xa0\x80"s,
        "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\x80"s, "\xf0\x80\x80\x80"s})
    CHECK_FALSE(from_bson(with_text(bad)));
}

TEST_CASE("keys that are not UTF-8 are malformed") {
  CHECK_FALSE(from_bson("\x0c\0\0\0\x10\xff\0\1\0\0\0\0"s));
}

TEST_CASE("what goes out is UTF-8, whatever a firmware said") {
  const auto read = from_bson(to_bson({{"line", "R99 \xff\xc3 ok"}}));
  REQUIRE(read);
  CHECK((*read)["line"] == "R99 \xef\xbf\xbd\xef\xbf\xbd ok");
}

TEST_CASE("random texts are UTF-8 after the repair, and good ones are left alone") {
  CHECK(rc::check([](const std::string& text) {
    const auto repaired = as_utf8(text);
    RC_ASSERT(is_utf8(repaired));
    if (is_utf8(text)) RC_ASSERT(repaired == text);
    RC_ASSERT_FALSE(Json(repaired).dump().empty());
  }));
}
