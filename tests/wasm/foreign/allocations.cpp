#include "tests/wasm/foreign/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocated = 0;

}  // namespace

std::size_t celeriac::testing::allocated_bytes() noexcept {
  return allocated;
}

void* operator new(std::size_t size) {
  allocated += size;
  if (void* place = std::malloc(size != 0 ? size : 1)) return place;
  throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
