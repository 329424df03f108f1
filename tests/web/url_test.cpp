#include "web/url.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac::web;
using celeriac::protocol::Status;

TEST_CASE("an address has a scheme, a host, a port and a target") {
  const auto url = parse_url("https://My.Farm.bot:3000/api/points?filter=all#top");
  REQUIRE(url);
  CHECK(url->secure);
  CHECK(url->host == "my.farm.bot");
  CHECK(url->port == 3000);
  CHECK(url->target == "/api/points?filter=all");
  CHECK(url->text() == "https://my.farm.bot:3000/api/points?filter=all");
}

TEST_CASE("the scheme's own port and the root need not be written") {
  CHECK(parse_url("http://farm.bot")->text() == "http://farm.bot/");
  CHECK(parse_url("http://farm.bot:80")->authority() == "farm.bot");
  CHECK(parse_url("https://farm.bot?a=b")->target == "/?a=b");
  CHECK(parse_url("https://farm.bot")->port == 443);
}

TEST_CASE("an IPv6 address stands in brackets") {
  const auto url = parse_url("http://[::1]:8080/x");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->authority() == "[::1]:8080");
}

TEST_CASE("what is no address is refused with a sentence") {
  for (const char* text : {"", "farm.bot", "ftp://farm.bot", "http://", "http://:80", "http://a b/",
                           "http://a/x\r\nHost: b", "http://user:secret@farm.bot/", "http://farm.bot:0",
                           "http://farm.bot:99999", "http://farm.bot:x", "http://[::1", "http://[::1]x/"}) {
    CAPTURE(text);
    const auto url = parse_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().status == Status::malformed);
  }
  CHECK_FALSE(parse_url("http://farm.bot/" + std::string(max_url_bytes, 'a')));
}

TEST_CASE("a location is resolved against where it was found") {
  const auto base = parse_url("https://farm.bot/api/points?filter=all").value();
  CHECK(resolve(base, "http://other.org/x")->text() == "http://other.org/x");
  CHECK(resolve(base, "//other.org/x")->text() == "https://other.org/x");
  CHECK(resolve(base, "/v2/points")->text() == "https://farm.bot/v2/points");
  CHECK(resolve(base, "tools")->text() == "https://farm.bot/api/tools");
  CHECK(resolve(base, "?page=2")->text() == "https://farm.bot/api/points?page=2");
}
