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
  auto run = programs::ProgramRun::start(io_, timers_, {program_, "policy", own_package},
                                         {apt_patience, max_policy_bytes},
                                         [this](const Result<std::string>& output) {
                                           const auto gone = std::move(run_);  // it is calling
                                           answer(output.transform(parse_policy));
                                         });
  if (run)
    run_ = std::move(*run);
  else
    boost::asio::post(io_, [this, error = std::move(run.error())] { answer(std::unexpected(error)); });
}

void Updates::answer(const Result<PackageVersions>& versions) {
  for (auto& waiter : std::exchange(waiting_, {})) waiter(versions);
}

}  // namespace celeriac::hal::system
