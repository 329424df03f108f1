#include "protocol/snapshot.hpp"

#include <catch2/catch_test_macros.hpp>

#include "protocol/document.hpp"

using namespace celeriac::protocol;

namespace {

std::string chunk_of(char byte) {
  return std::string(chunk_bytes, byte);
}

}  // namespace

TEST_CASE("a snapshot comes back as it was written") {
  const Snapshot snapshot{.memory_pages = 2,
                          .globals = {0, 7, ~std::uint64_t{0}},
                          .chunks = {{0, chunk_of('a')}, {31, chunk_of('z')}}};
  const std::string bytes = encode(snapshot);
  const auto read = decode_snapshot(bytes);
  REQUIRE(read);
  CHECK(read->memory_pages == 2);
  CHECK(read->globals == snapshot.globals);
  REQUIRE(read->size() == 2);
  CHECK(read->index(1) == 31);
  CHECK(read->chunk(1) == chunk_of('z'));
  Snapshot again;
  apply(again, *read);
  CHECK(again == snapshot);
}

TEST_CASE("a snapshot without a memory, globals and chunks is one too") {
  const std::string bytes = encode(Snapshot{});
  const auto read = decode_snapshot(bytes);
  REQUIRE(read);
  CHECK(read->size() == 0);
}

TEST_CASE("a change of a snapshot replaces the chunks that it has, and drops those that become zero") {
  Snapshot snapshot{.memory_pages = 1,
                    .globals = {1},
                    .chunks = {{0, chunk_of('a')}, {1, chunk_of('b')}, {2, chunk_of('c')}}};
  const std::string change =
      encode(Snapshot{.memory_pages = 3,
                      .globals = {9},
                      .chunks = {{1, chunk_of('B')}, {2, chunk_of('\0')}, {40, chunk_of('d')}}});
  apply(snapshot, decode_snapshot(change).value());
  CHECK(snapshot == Snapshot{.memory_pages = 3,
                             .globals = {9},
                             .chunks = {{0, chunk_of('a')}, {1, chunk_of('B')}, {40, chunk_of('d')}}});
}

TEST_CASE("what is no snapshot is refused with a sentence") {
  const auto refused = [](std::string_view bytes) {
    const auto read = decode_snapshot(bytes);
    return !read && read.error().status == Status::malformed && read.error().message.ends_with(".");
  };
  const auto document = [](std::int64_t pages, std::size_t globals, const std::string& rows) {
    return to_bson({{"memory_pages", pages},
                    {"globals", Json::binary(std::vector<std::uint8_t>(globals))},
                    {"chunks", Json::binary(std::vector<std::uint8_t>(rows.begin(), rows.end()))}});
  };
  std::string rows;
  append_chunk(rows, 3, chunk_of('x'));
  REQUIRE_FALSE(refused(document(1, 8, rows)));
  CHECK(refused(""));
  CHECK(refused("no document"));
  CHECK(refused(to_bson({{"memory_pages", 1}})));
  CHECK(refused(document(-1, 8, "")));
  CHECK(refused(document(max_snapshot_pages + 1, 8, "")));
  CHECK(refused(document(1, 7, "")));
  CHECK(refused(document(1, 8 * (max_snapshot_globals + 1), "")));
  CHECK(refused(document(1, 8, rows.substr(1))));
  CHECK(refused(document(1, 8, rows + rows)));  // not in order
  CHECK(refused(document(0, 8, rows)));         // outside the memory
  std::string cut = document(1, 8, rows);
  cut.pop_back();
  CHECK(refused(cut));
}
