#include "gateway/http/bindings.hpp"

#include <catch2/catch_test_macros.hpp>
#include <format>

using namespace celeriac::gateway;
using celeriac::protocol::Status;

namespace {
Binding of(std::string path, std::string owner = "a:b:c") {
  return {.path = std::move(path), .own_path = "/", .address = "n@" + owner, .owner = owner, .object = {}};
}
}  // namespace

TEST_CASE("the longest bound path that covers whole segments wins") {
  Bindings bindings;
  for (const auto* path : {"/a", "/a/b", "/status"}) REQUIRE(bindings.bind(of(path)));
  CHECK(bindings.find("/a")->path == "/a");
  CHECK(bindings.find("/a/b")->path == "/a/b");
  CHECK(bindings.find("/a/b/c/d")->path == "/a/b");
  CHECK(bindings.find("/a/bc")->path == "/a");
  CHECK(bindings.find("/ab") == nullptr);
  CHECK(bindings.find("/") == nullptr);
  CHECK(bindings.find("") == nullptr);
  REQUIRE(bindings.bind(of("/")));
  CHECK(bindings.find("/ab")->path == "/");
  CHECK(bindings.find("/")->path == "/");
}

TEST_CASE("a path belongs to who bound it first, until it goes") {
  Bindings bindings;
  REQUIRE(bindings.bind(of("/a", "one:b:c")));
  CHECK(bindings.bind(of("/a", "two:b:c")).error().status == Status::denied);
  CHECK(bindings.bind(of("/a", "one:b:c")));
  CHECK(bindings.unbind("two:b:c", "/a").error().status == Status::not_found);
  REQUIRE(bindings.bind(of("/b", "one:b:c")));
  CHECK(bindings.remove("one:b:c") == 2);
  CHECK(bindings.bind(of("/a", "two:b:c")));
  CHECK(bindings.unbind("two:b:c", "/a"));
  CHECK(bindings.size() == 0);
}

TEST_CASE("a process binds so many paths, and all together so many") {
  Bindings bindings;
  for (std::size_t i = 0; i < max_bindings_per_process; ++i)
    REQUIRE(bindings.bind(of(std::format("/p/{}", i))));
  CHECK(bindings.bind(of("/one-more")).error().status == Status::out_of_resources);
  for (std::size_t i = bindings.size(); i < max_bindings; ++i)
    REQUIRE(bindings.bind(of(std::format("/q/{}", i), std::format("p{}:b:c", i / max_bindings_per_process))));
  CHECK(bindings.bind(of("/last", "z:b:c")).error().status == Status::out_of_resources);
}

TEST_CASE("a path has one spelling, and nothing that leads elsewhere") {
  CHECK(normal_path("/a/b/") == "/a/b");
  CHECK(normal_path("/") == "/");
  CHECK(normal_path("/p:k:u/x"));
  for (const auto* bad : {"", "a", "//", "/a//b", "/.", "/a/../b", "/a b", "/a?b", "/a#b", "/a\\b", "/a\x7f"})
    CHECK_FALSE(normal_path(bad));
  CHECK_FALSE(normal_path("/" + std::string(max_bound_path, 'a')));
}
