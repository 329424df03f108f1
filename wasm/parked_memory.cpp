#include "wasm/parked_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace celeriac::wasm {
namespace {

[[noreturn]] void out_of_memory() noexcept {
  if (const auto handler = std::get_new_handler()) handler();
  std::abort();
}

/// New zeros; at `place`, over what is there, if it is not nullptr. nullptr if there are none.
std::byte* map_zeros(std::byte* place, std::size_t bytes) noexcept {
  const int fixed = place == nullptr ? 0 : MAP_FIXED;
  void* const mapped =
      mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::byte*>(mapped);
}

}  // namespace

ParkedMemory::ParkedMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  pieces_.push_back({.bytes = bytes, .away = map_zeros(nullptr, bytes)});
  if (pieces_.front().away == nullptr) throw std::bad_alloc();
}

ParkedMemory::~ParkedMemory() {
  for (const auto& [offset, bytes, away] : pieces_) {
    if (away != nullptr) munmap(away, bytes);
  }
}

std::byte* ParkedMemory::first_piece() const noexcept {
  return pieces_.empty() ? nullptr : pieces_.front().away;
}

void ParkedMemory::move_in(std::byte* window) noexcept {
  for (auto& [offset, bytes, away] : pieces_) {
    if (mremap(away, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, window + offset) == MAP_FAILED)
      out_of_memory();
    away = nullptr;
  }
}

void ParkedMemory::move_out(std::byte* window, std::size_t window_bytes) noexcept {
  for (auto& [offset, bytes, away] : pieces_) {
    // The window stays mapped, empty: nobody else's mapping gets in between.
    void* const moved = mremap(window + offset, bytes, bytes, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
    if (moved == MAP_FAILED) out_of_memory();
    away = static_cast<std::byte*>(moved);
  }
  if (window_bytes > bytes_) madvise(window + bytes_, window_bytes - bytes_, MADV_DONTNEED);
}

bool ParkedMemory::grow(std::byte* window, std::size_t by) noexcept {
  try {
    pieces_.reserve(pieces_.size() + 1);
  } catch (const std::bad_alloc&) {
    return false;
  }
  // Over whatever mappings others have left there: a piece must be one.
  if (map_zeros(window + bytes_, by) == nullptr) return false;
  pieces_.push_back({.offset = bytes_, .bytes = by});
  bytes_ += by;
  return true;
}

void ParkedMemory::forget(std::byte* window, std::size_t window_bytes) noexcept {
  madvise(window, window_bytes, MADV_DONTNEED);
  pieces_.clear();
  bytes_ = 0;
}

}  // namespace celeriac::wasm
