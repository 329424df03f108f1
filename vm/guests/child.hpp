#pragma once
// Starting a program with nothing but what it is given: no environment, no signal blocked or handled, a
// session of its own, and the descriptors named, no others.

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vm/guests/control_group.hpp"

namespace celeriac::vm::guests {

/// What is passed to a child must not be among the numbers that it gets there.
inline constexpr int above_the_childs = 10;

/// A descriptor that is closed unless released.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }
  /// Takes the descriptor and moves it above those that a child gets; false, with errno, if there is none.
  bool take(int number) noexcept {
    if (number >= 0 && number < above_the_childs) {
      const int moved = ::fcntl(number, F_DUPFD_CLOEXEC, above_the_childs);
      ::close(number);
      number = moved;
    }
    number_ = number;
    return number >= 0;
  }

 private:
  int number_ = -1;
};

/// Starts words[0], which must be a path. The child's descriptor n is descriptors[n]. The error is errno's.
std::expected<pid_t, int> start_child(std::vector<std::string> words, std::span<const int> descriptors,
                                      const std::optional<ControlGroup>& group);

/// Of a status of waitpid(): "was killed by signal 9 (Killed)", "ended with status 1".
std::string how_it_ended(int status);

}  // namespace celeriac::vm::guests
