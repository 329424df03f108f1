#include "guest/fiber_stacks.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace celeriac::guest {
namespace {

std::size_t page() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// `stack.size` is without the guard page; `stack.sp` is its upper end.
void unmap(const boost::context::stack_context& stack) noexcept {
  munmap(static_cast<char*>(stack.sp) - stack.size - page(), stack.size + page());
}

}  // namespace

FiberStacks& FiberStacks::of_this_thread() {
  thread_local FiberStacks stacks;
  return stacks;
}

FiberStacks::~FiberStacks() {
  std::ranges::for_each(idle_, unmap);
}

boost::context::stack_context FiberStacks::take(std::size_t bytes) {
  bytes = (bytes + page() - 1) / page() * page();
  // From the end: the stack that was used last is the one whose pages are still in the cache.
  for (auto at = idle_.rbegin(); at != idle_.rend(); ++at) {
    if (at->size != bytes) continue;
    const auto found = *at;
    idle_.erase(std::next(at).base());
    return found;
  }
  void* const mapped = mmap(nullptr, bytes + page(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  if (mprotect(mapped, page(), PROT_NONE) != 0) {
    munmap(mapped, bytes + page());
    throw std::bad_alloc();
  }
  boost::context::stack_context made;
  made.size = bytes;
  made.sp = static_cast<char*>(mapped) + page() + bytes;
  return made;
}

void FiberStacks::give_back(const boost::context::stack_context& stack) noexcept {
  if (idle_.size() >= max_idle) return unmap(stack);
  try {
    idle_.push_back(stack);
  } catch (const std::bad_alloc&) {
    unmap(stack);
  }
}

}  // namespace celeriac::guest
