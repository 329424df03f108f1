#pragma once
// What the last committed snapshot says of an instance's memory, to find out what has changed since. Chunks
// that are zero take no room.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/snapshot.hpp"

namespace celeriac::guest {

class CommittedMemory {
 public:
  /// The rows (protocol/snapshot.hpp) of the chunks that differ from what is committed; from now on they are
  /// what is committed. The memory is at least as large as before.
  std::string take_changes(std::span<const std::uint8_t> memory);
  /// Makes the memory, which is as large as the snapshot's, what the snapshot says.
  void restore(const protocol::SnapshotView& snapshot, std::span<std::uint8_t> memory);
  /// Chunks that are not zero.
  [[nodiscard]] std::size_t kept() const noexcept;

 private:
  using Chunk = std::array<std::uint8_t, protocol::chunk_bytes>;
  std::vector<std::unique_ptr<Chunk>> chunks_;  // nullptr: zero
};

}  // namespace celeriac::guest
