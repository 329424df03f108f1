#pragma once
// How the firmware's code runs here: a routine is a coroutine that reads like the original and gives way
// where the original would let time pass. A routine starts when it is awaited and goes back to who awaited
// it.

#include <coroutine>
#include <exception>
#include <utility>

namespace celeriac::firmware_sim {

template <class T>
class Routine;

namespace detail {

struct BackToCaller {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    return finished.promise().caller;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> caller = std::noop_coroutine();

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] BackToCaller final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  T value{};

  Routine<T> get_return_object();
  void return_value(T result) { value = std::move(result); }
  T take() { return std::move(value); }
};

template <>
struct Promise<void> : PromiseBase {
  Routine<void> get_return_object();
  void return_void() const {}
  void take() const {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Routine {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Routine() = default;
  explicit Routine(Handle handle) : handle_(handle) {}
  Routine(Routine&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Routine& operator=(Routine&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Routine() {
    if (handle_) handle_.destroy();  // and with it every routine that it awaits
  }

  [[nodiscard]] std::coroutine_handle<> handle() const { return handle_; }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().caller = caller;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_{};
};

template <class T>
Routine<T> detail::Promise<T>::get_return_object() {
  return Routine<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Routine<void> detail::Promise<void>::get_return_object() {
  return Routine<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace celeriac::firmware_sim
