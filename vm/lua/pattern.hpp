#pragma once
// Lua's patterns, matched with a bound on the work: the same language as string.find of Lua 5.4.

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace celeriac::vm::lua {

/// "malformed pattern (ends with '%')", "the pattern takes too long".
struct PatternError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Capture {
  std::size_t begin = 0;
  std::ptrdiff_t size = 0;  ///< or one of the two below
  static constexpr std::ptrdiff_t open = -1, position = -2;
};

class Matcher {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// `pattern` without the anchor. `steps`: how many comparisons it may make, all match() together.
  Matcher(std::string_view text, std::string_view pattern, std::uint64_t steps)
      : text_(text), pattern_(pattern), steps_(steps), all_(steps) {}
  /// Matches exactly at `at`: where the match ends, or none. Throws PatternError.
  std::size_t match(std::size_t at);
  [[nodiscard]] const std::vector<Capture>& captures() const { return captures_; }
  [[nodiscard]] std::uint64_t used() const { return all_ - steps_; }

 private:
  std::size_t match(std::size_t at, std::size_t p);
  void step();
  [[nodiscard]] std::size_t class_end(std::size_t p) const;
  [[nodiscard]] bool matches_set(unsigned char c, std::size_t p, std::size_t end);
  bool matches_one(std::size_t at, std::size_t p, std::size_t end);
  std::size_t repeat_most(std::size_t at, std::size_t p, std::size_t end);
  std::size_t repeat_least(std::size_t at, std::size_t p, std::size_t end);
  std::size_t balance(std::size_t at, std::size_t p);
  std::size_t open(std::size_t at, std::size_t p, std::ptrdiff_t kind);
  std::size_t close(std::size_t at, std::size_t p);
  std::size_t back_reference(std::size_t at, unsigned char digit);

  std::string_view text_, pattern_;
  std::uint64_t steps_, all_;
  int depth_ = 0;
  std::vector<Capture> captures_;
};

}  // namespace celeriac::vm::lua
