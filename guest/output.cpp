#include "guest/output.hpp"

#include <format>
#include <utility>

#include "protocol/document.hpp"

namespace celeriac::guest {

std::optional<std::string> Output::line(bool error, std::string_view text, protocol::TokenBucket::Time now) {
  if (error) {
    error_.append(text.substr(text.size() - std::min(text.size(), kept_error_bytes)));
    error_.push_back('\n');
    if (error_.size() > 2 * kept_error_bytes) error_.erase(0, error_.size() - kept_error_bytes);
  }
  if (!lines_.take(now)) {
    ++left_out_;
    return std::nullopt;
  }
  std::string shown = protocol::as_utf8(text.substr(0, max_line_bytes));
  if (text.size() > max_line_bytes) shown += "…";
  if (const std::size_t missing = std::exchange(left_out_, 0); missing != 0)
    shown = std::format("({} lines left out) {}", missing, shown);
  return shown;
}

std::string Output::error_end() const {
  return protocol::as_utf8(
      std::string_view(error_).substr(error_.size() - std::min(error_.size(), kept_error_bytes)));
}

}  // namespace celeriac::guest
