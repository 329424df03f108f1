#pragma once
// Lines out of bytes as they come.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace celeriac::hal::firmware {

/// Longest line that is kept; the firmware's own longest is an echo of 99 characters. What is longer is
/// noise.
inline constexpr std::size_t max_reply_line = 256;

class LineReader {
 public:
  /// Calls `take` for every line that these bytes end, without CR and LF, unless it was too long.
  template <class Take>
  void feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      append(bytes.substr(0, end));
      if (end == bytes.npos) return;
      bytes.remove_prefix(end + 1);
      const bool whole = !overflowed_;
      overflowed_ = false;
      std::string line;
      line.swap(line_);
      if (whole) {
        while (!line.empty() && line.back() == '\r') line.pop_back();
        take(std::string_view(line));
      }
      if (line_.empty()) line.clear(), line_.swap(line);  // keep the memory
    }
  }
  /// Forgets an unfinished line: what comes next does not belong to it.
  void drop() noexcept { line_.clear(), overflowed_ = false; }
  [[nodiscard]] bool unfinished() const noexcept { return !line_.empty() || overflowed_; }

 private:
  void append(std::string_view bytes) {
    if (line_.size() + bytes.size() > max_reply_line) {
      line_.clear();
      overflowed_ = true;
    }
    if (!overflowed_) line_ += bytes;
  }
  std::string line_;
  bool overflowed_ = false;
};

}  // namespace celeriac::hal::firmware
