#pragma once
// Stacks of fibers, with a guard page below each: mapped from the system, and kept for the next fiber when
// one ends, so that starting a fiber costs no system call in the ordinary case.

#include <boost/context/stack_context.hpp>
#include <cstddef>
#include <vector>

namespace celeriac::guest {

/// Of one thread.
class FiberStacks {
 public:
  /// Kept for later; an idle stack holds the 10 to 20 KiB that were used of it.
  static constexpr std::size_t max_idle = 64;

  static FiberStacks& of_this_thread();
  ~FiberStacks();

  /// Throws std::bad_alloc.
  boost::context::stack_context take(std::size_t bytes);
  void give_back(const boost::context::stack_context& stack) noexcept;
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }

 private:
  std::vector<boost::context::stack_context> idle_;
};

}  // namespace celeriac::guest
