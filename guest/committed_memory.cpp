#include "guest/committed_memory.hpp"

#include <algorithm>
#include <cstring>

namespace celeriac::guest {
using protocol::chunk_bytes;

namespace {

constexpr std::array<std::uint8_t, chunk_bytes> zeros{};

std::string_view text(std::span<const std::uint8_t> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string CommittedMemory::take_changes(std::span<const std::uint8_t> memory) {
  std::string rows;
  const std::size_t count = memory.size() / chunk_bytes;
  if (chunks_.size() < count) chunks_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto now = memory.subspan(i * chunk_bytes, chunk_bytes);
    const auto* const before = chunks_[i] ? chunks_[i]->data() : zeros.data();
    if (std::memcmp(now.data(), before, chunk_bytes) == 0) continue;
    protocol::append_chunk(rows, static_cast<std::uint32_t>(i), text(now));
    if (!chunks_[i]) chunks_[i] = std::make_unique<Chunk>();
    std::ranges::copy(now, chunks_[i]->begin());
  }
  return rows;
}

void CommittedMemory::restore(const protocol::SnapshotView& snapshot, std::span<std::uint8_t> memory) {
  const std::size_t count = memory.size() / chunk_bytes;
  chunks_.clear();
  chunks_.resize(count);
  std::size_t row = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto now = memory.subspan(i * chunk_bytes, chunk_bytes);
    if (row < snapshot.size() && snapshot.index(row) == i) {
      std::ranges::copy(snapshot.chunk(row++), now.begin());
      chunks_[i] = std::make_unique<Chunk>();
      std::ranges::copy(now, chunks_[i]->begin());
    } else if (std::memcmp(now.data(), zeros.data(), chunk_bytes) != 0) {
      std::ranges::fill(now, std::uint8_t{0});  // a page that nobody has touched stays untouched
    }
  }
}

std::size_t CommittedMemory::kept() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(chunks_, [](const auto& chunk) { return chunk != nullptr; }));
}

}  // namespace celeriac::guest
