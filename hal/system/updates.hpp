#pragma once
// Whether apt knows a newer Celeriac: asked without the network, and never installed from here.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/programs/program_run.hpp"

namespace celeriac::hal::system {

/// apt-cache builds its index anew where it may not write one: some seconds on a Pi.
inline constexpr std::chrono::seconds apt_patience{60};
/// A policy is some hundred bytes for each repository that has the package.
inline constexpr std::size_t max_policy_bytes = 64 * 1024;
/// Who waits for one answer at once; the next is answered `overloaded`.
inline constexpr std::size_t max_update_waiters = 256;
inline constexpr const char* own_package = "celeriac";

/// What apt knows of a package.
struct PackageVersions {
  std::optional<std::string> installed;  ///< nothing: it was not installed as a package
  std::optional<std::string> candidate;  ///< what apt would install; nothing: its lists have none
  [[nodiscard]] bool newer() const { return installed && candidate && *installed != *candidate; }
};

/// Reads what `apt-cache policy PACKAGE` prints, in the C locale. A package that apt has never heard of
/// prints nothing.
PackageVersions parse_policy(std::string_view output);

class Updates {
 public:
  using Completion = std::move_only_function<void(protocol::Result<PackageVersions>)>;

  /// `program` is apt-cache, or what stands in for it. Both references must outlive it.
  Updates(boost::asio::io_context& io, Timers& timers, std::string program = "apt-cache")
      : io_(io), timers_(timers), program_(std::move(program)) {}

  /// Asks apt; who asks while it is being asked gets the same answer. Status::not_found where there is no
  /// apt, Status::failed or timeout where it did not answer properly.
  void check(Completion completion);

 private:
  void answer(const protocol::Result<PackageVersions>& versions);

  boost::asio::io_context& io_;
  Timers& timers_;
  std::string program_;
  std::unique_ptr<programs::ProgramRun> run_;
  std::vector<Completion> waiting_;
};

}  // namespace celeriac::hal::system
