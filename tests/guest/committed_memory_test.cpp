#include "guest/committed_memory.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace celeriac;
using guest::CommittedMemory;
using protocol::chunk_bytes;
using protocol::chunk_row;

TEST_CASE("the first changes of a memory are its chunks that are not zero") {
  std::vector<std::uint8_t> memory(16 * chunk_bytes);
  memory[3 * chunk_bytes] = 1;
  memory[15 * chunk_bytes + 7] = 2;
  CommittedMemory committed;
  const std::string rows = committed.take_changes(memory);
  CHECK(rows.size() == 2 * chunk_row);
  CHECK(committed.kept() == 2);
  CHECK(committed.take_changes(memory).empty());
}

TEST_CASE("changes go on after the memory has grown, and a chunk that becomes zero is one") {
  std::vector<std::uint8_t> memory(16 * chunk_bytes);
  memory[0] = 1;
  CommittedMemory committed;
  (void)committed.take_changes(memory);
  memory.resize(32 * chunk_bytes);
  memory[0] = 0;
  memory[31 * chunk_bytes] = 9;
  const std::string rows = committed.take_changes(memory);
  const std::string bytes = protocol::encode_snapshot(2, {}, rows);
  const auto snapshot = protocol::decode_snapshot(bytes).value();
  REQUIRE(snapshot.size() == 2);
  CHECK(snapshot.index(0) == 0);
  CHECK(snapshot.index(1) == 31);
}

TEST_CASE("a memory that is restored is what was committed, without what its module put there") {
  std::vector<std::uint8_t> memory(16 * chunk_bytes);
  memory[5 * chunk_bytes] = 5;
  CommittedMemory first;
  const std::string bytes = protocol::encode_snapshot(1, {}, first.take_changes(memory));

  std::vector<std::uint8_t> other(16 * chunk_bytes);
  other[8 * chunk_bytes] = 8;  // a data segment
  CommittedMemory second;
  second.restore(protocol::decode_snapshot(bytes).value(), other);
  CHECK(other == memory);
  CHECK(second.take_changes(other).empty());
}
