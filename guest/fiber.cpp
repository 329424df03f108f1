#include "guest/fiber.hpp"

#include <cxxabi.h>

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <cassert>
#include <cstring>
#include <utility>

#include "guest/fiber_stacks.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace celeriac::guest {
namespace {

/// What the C++ ABI keeps for each thread: the exceptions being handled, and how many are on their way.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

/// Puts another state in place, and returns what was there.
ExceptionState exchange_exceptions(const ExceptionState& other) {
  auto* const here = reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
  return std::exchange(*here, other);
}

/// The address sanitizer must know which stack it looks at.
struct StackWatch {
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
  void leave_for(const void* to_bottom, std::size_t to_size, bool for_ever = false) {
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &fake, to_bottom, to_size);
  }
  void come_back(StackWatch* from) {
    __sanitizer_finish_switch_fiber(fake, from ? &from->bottom : nullptr, from ? &from->size : nullptr);
  }
#else
  static constexpr const void* bottom = nullptr;
  static constexpr std::size_t size = 0;
  void leave_for(const void*, std::size_t, bool = false) {}
  void come_back(StackWatch*) {}
#endif
};

struct PooledStack {
  static boost::context::stack_context allocate() { throw std::bad_alloc(); }  // it is preallocated
  static void deallocate(boost::context::stack_context& stack) noexcept {
    FiberStacks::of_this_thread().give_back(stack);
  }
};

thread_local Fiber* running = nullptr;

}  // namespace

struct Fiber::Core {
  std::move_only_function<void()> body;
  boost::context::stack_context stack;
  boost::context::fiber inside, outside;  // where it goes on; where whoever resumed it goes on
  Fiber* resumed_by = nullptr;
  ExceptionState exceptions;  // of the side that sleeps
  StackWatch inside_watch, outside_watch;
  std::exception_ptr failure;
  bool killed = false;
  bool finished = false;

  boost::context::fiber run(boost::context::fiber&& from);
};

/// The first thing on the new stack, and the last.
boost::context::fiber Fiber::Core::run(boost::context::fiber&& from) {
  inside_watch.come_back(&outside_watch);
  outside = std::move(from);
  try {
    if (!killed) body();
  } catch (const Killed&) {
  } catch (...) {
    failure = std::current_exception();
  }
  body = nullptr;  // what it holds ends on its own stack, before anybody hears of the end
  finished = true;
  inside_watch.leave_for(outside_watch.bottom, outside_watch.size, true);
  return std::move(outside);
}

Fiber::Fiber(std::move_only_function<void()> body, std::size_t stack_bytes)
    : core_(std::make_unique<Core>()) {
  core_->body = std::move(body);
  core_->stack = FiberStacks::of_this_thread().take(stack_bytes);
  core_->inside = boost::context::fiber(
      std::allocator_arg, boost::context::preallocated(core_->stack.sp, core_->stack.size, core_->stack),
      PooledStack(),
      [core = core_.get()](boost::context::fiber&& from) { return core->run(std::move(from)); });
}

Fiber::~Fiber() {
  kill();
}

void Fiber::resume() {
  Core& core = *core_;
  assert(!core.finished && running != this);
  core.resumed_by = std::exchange(running, this);
  core.exceptions = exchange_exceptions(core.exceptions);
  core.outside_watch.leave_for(static_cast<char*>(core.stack.sp) - core.stack.size, core.stack.size);
  core.inside = std::move(core.inside).resume();
  core.outside_watch.come_back(nullptr);
  core.exceptions = exchange_exceptions(core.exceptions);
  running = core.resumed_by;
}

void Fiber::suspend() {
  assert(running != nullptr);
  Core& core = *running->core_;
  if (!core.killed) {
    core.inside_watch.leave_for(core.outside_watch.bottom, core.outside_watch.size);
    core.outside = std::move(core.outside).resume();
    core.inside_watch.come_back(&core.outside_watch);
  }
  if (core.killed) throw Killed();
}

void Fiber::kill() {
  Core& core = *core_;
  core.killed = true;
  while (!core.finished) resume();
}

bool Fiber::finished() const noexcept {
  return core_->finished;
}

std::exception_ptr Fiber::failure() const noexcept {
  return core_->failure;
}

Fiber* Fiber::current() noexcept {
  return running;
}

}  // namespace celeriac::guest
