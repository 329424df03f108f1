#include "hal/system/updates.hpp"

#include <boost/asio/post.hpp>
#include <format>

namespace celeriac::hal::system {

using protocol::Result;
using protocol::Status;

namespace {

/// Versions of Debian packages are short; a longer one is none.
constexpr std::size_t max_version = 200;

// The rest of the line "  KEY value"; apt says "(none)" for none.
std::optional<std::string> value_of(std::string_view output, std::string_view key) {
  const auto at = output.find(key);
  if (at == output.npos) return std::nullopt;
  auto value = output.substr(at + key.size());
  value = value.substr(0, value.find('\n'));
  const auto first = value.find_first_not_of(' ');
  if (first == value.npos) return std::nullopt;
  value = value.substr(first, value.find_last_not_of(" \r") - first + 1);
  if (value == "(none)" || value.size() > max_version) return std::nullopt;
  return std::string(value);
}

}  // namespace

PackageVersions parse_policy(std::string_view output) {
  return {.installed = value_of(output, "  Installed:"), .candidate = value_of(output, "  Candidate:")};
}

void Updates::check(Completion completion) {
  if (waiting_.size() >= max_update_waiters)
    return completion(protocol::fail(Status::overloaded, "Too many wait for this answer already."));
  waiting_.push_back(std::move(completion));
  if (waiting_.size() > 1) return;
  auto child = Child::start(
      io_, timers_, {program_, {"policy", own_package}, apt_patience}, nullptr, [this](const ChildEnd& end) {
        const auto gone = std::move(child_);  // it is calling
        if (end.good()) return answer(parse_policy(end.output));
        answer(protocol::fail(
            end.timed_out ? Status::timeout : Status::failed,
            std::format("{} {}: {}", program_, end.fate(apt_patience), end.output.substr(0, 300))));
      });
  if (child)
    child_ = std::move(*child);
  else
    boost::asio::post(io_, [this, error = std::move(child.error())] { answer(std::unexpected(error)); });
}

void Updates::answer(const Result<PackageVersions>& versions) {
  for (auto& waiter : std::exchange(waiting_, {})) waiter(versions);
}

}  // namespace celeriac::hal::system
