#pragma once
// A fiber: a function with a stack of its own, which may stop in the middle and go on later. Everything that
// a guest waits for is waited for so; while it sleeps, its thread does other things.
//
//               resume()                    body returns or throws
//   made ────────────────────► running ────────────────────────────► finished
//     │                         │   ▲
//     │               suspend() ▼   │ resume()            a killed fiber runs once more: suspend() throws
//     Killed, and the │                      suspended                    body unwinds, its destructors and
//     all └── killed or destroyed ──► finished (never run)
//
// It belongs to the thread that made it. Switching costs some ten nanoseconds. What the language keeps for
// each thread of exceptions in flight is kept for each fiber, so a catch block may suspend.

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace celeriac::guest {

/// Thrown by Fiber::suspend() in a fiber that is to end. Whoever catches it must end soon: the next suspend()
/// throws it again.
struct Killed {};

class Fiber {
 public:
  /// The interpreter and our host functions take 10 to 20 KiB of it. Below it lies a page that nobody may
  /// touch.
  static constexpr std::size_t default_stack_bytes = 64 * 1024;

  /// Does not run yet. Throws std::bad_alloc if there is no room for a stack.
  explicit Fiber(std::move_only_function<void()> body, std::size_t stack_bytes = default_stack_bytes);
  /// Kills it. Must not be called from inside the fiber.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the body until it suspends or ends; fibers may resume fibers. It must be neither finished nor
  /// running.
  void resume();
  /// Makes suspend() throw and resumes until the body has ended. Nothing if it has ended already. Not from
  /// inside.
  void kill();
  [[nodiscard]] bool finished() const noexcept;
  /// What the body threw, if not Killed: exceptions never leave a fiber.
  [[nodiscard]] std::exception_ptr failure() const noexcept;

  /// The fiber that runs here and now; nullptr outside of any.
  static Fiber* current() noexcept;
  /// Goes back to whoever resumed; returns when resumed again. Throws Killed. Only inside a fiber.
  static void suspend();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace celeriac::guest
