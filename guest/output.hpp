#pragma once
// What a guest writes to its standard output and error: how much of it goes to the log, and the end of the
// standard error, which is shown when the guest has ended.

#include <optional>
#include <string>
#include <string_view>

#include "protocol/token_bucket.hpp"

namespace celeriac::guest {

/// Bytes of the standard error that are kept.
inline constexpr std::size_t kept_error_bytes = 5000;
/// Bytes of a line that go to the log, and lines in the long run and at once.
inline constexpr std::size_t max_line_bytes = 2000;
inline constexpr double lines_per_second = 20;
inline constexpr double lines_at_once = 200;

class Output {
 public:
  /// What of a line goes to the log, UTF-8; nothing when there were too many of late. After such lines
  /// the next one that goes begins with their number.
  std::optional<std::string> line(bool error, std::string_view text, protocol::TokenBucket::Time now);
  /// The last bytes of the standard error, UTF-8.
  [[nodiscard]] std::string error_end() const;

 private:
  protocol::TokenBucket lines_{lines_per_second, lines_at_once};
  std::size_t left_out_ = 0;
  std::string error_;  // up to twice as much as is kept
};

}  // namespace celeriac::guest
