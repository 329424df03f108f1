#pragma once
// The state of an instance between two runs: what GUEST.COMMIT carries (the chunks that have changed) and
// what GUEST.RESTORE gives back (all that are not zero). One BSON document, everything in it little endian:
//
//   memory_pages  int32   of 64 KiB
//   globals       binary  a u64 for each mutable global, in the order of the module
//   chunks        binary  (u32 index, 4096 bytes) for each chunk, the index strictly rising; one that is not
//                         there is as it was before, and zero in the first snapshot

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::protocol {

/// Bytes of a chunk, and of one as it stands in a snapshot.
inline constexpr std::size_t chunk_bytes = 4096;
inline constexpr std::size_t chunk_row = 4 + chunk_bytes;
inline constexpr std::size_t memory_page_bytes = 64 * 1024;
/// Pages of a memory that can be kept, and its mutable globals.
inline constexpr std::uint32_t max_snapshot_pages = 4096;
inline constexpr std::size_t max_snapshot_globals = 4096;
/// Bytes of a snapshot: all chunks of the largest memory, its globals and the document around them.
inline constexpr std::size_t max_snapshot =
    max_snapshot_pages * (memory_page_bytes / chunk_bytes) * chunk_row + max_snapshot_globals * 8 + 1024;

struct Snapshot {
  std::uint32_t memory_pages = 0;
  std::vector<std::uint64_t> globals;
  std::map<std::uint32_t, std::string> chunks = {};  ///< by index, each chunk_bytes long

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// What a snapshot that is read points into stays the caller's: chunks are not copied.
struct SnapshotView {
  std::uint32_t memory_pages = 0;
  std::vector<std::uint64_t> globals;
  std::string_view rows;  ///< the field `chunks`

  [[nodiscard]] std::size_t size() const noexcept { return rows.size() / chunk_row; }
  [[nodiscard]] std::uint32_t index(std::size_t row) const noexcept;
  [[nodiscard]] std::string_view chunk(std::size_t row) const noexcept {
    return rows.substr(row * chunk_row + 4, chunk_bytes);
  }
};

/// Appends a chunk to the field `chunks`.
void append_chunk(std::string& rows, std::uint32_t index, std::string_view chunk);

std::string encode_snapshot(std::uint32_t memory_pages, const std::vector<std::uint64_t>& globals,
                            std::string_view rows);
std::string encode(const Snapshot& snapshot);

/// Status::malformed with a sentence if it is no snapshot: lengths, bounds, rising indices that lie in the
/// memory.
Result<SnapshotView> decode_snapshot(std::string_view bson);

/// The snapshot after `change`: its pages and globals, its chunks over ours. A chunk that becomes zero is
/// dropped.
void apply(Snapshot& snapshot, const SnapshotView& change);

}  // namespace celeriac::protocol
