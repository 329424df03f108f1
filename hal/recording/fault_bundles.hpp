#pragma once
// When something goes wrong, what a person needs to find out why is put aside by itself:
// DIR/faults/2026-05-04T10-11-12Z-stalled/ with README.txt, the trace of the last ten minutes, the log,
// parameters, settings, versions and the status tree.
//
//   quiet ──fault()──► collecting, so that what follows is in it ──collect_time──► the background writes ──►
//   quiet
//
// One at a time and at most one in spacing; of several faults in a row the first that says more than "an
// error" gives the name. Nothing of it runs on the motion path.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "hal/firmware/link.hpp"
#include "hal/recording/recorder.hpp"
#include "hal/recording/ring.hpp"

namespace celeriac::hal::recording {

/// The oldest goes when there are more.
inline constexpr std::size_t max_bundles = 20;
inline constexpr std::chrono::minutes bundle_spacing{1};
/// What happens next often says more: it is waited for so long.
inline constexpr std::chrono::seconds collect_time{2};
/// Of the trace.
inline constexpr std::chrono::minutes bundle_trace{10};

class FaultBundles {
 public:
  /// What stands in a bundle beside trace and log: file name → text.
  using Describe = std::function<std::vector<std::pair<std::string, std::string>>()>;
  using Report = std::function<void(firmware::Severity, std::string)>;

  /// `recorder`, `ring` and `timers` must outlive it.
  FaultBundles(std::filesystem::path directory, Timers& timers, Ring& ring, const Recorder& recorder,
               settings::Background background, Describe describe, Report report);
  ~FaultBundles();
  FaultBundles(const FaultBundles&) = delete;
  FaultBundles& operator=(const FaultBundles&) = delete;

  void fault(const std::string& code, const std::string& message);
  /// What is being collected is written now: the hypervisor ends.
  void finish();

 private:
  struct Fault {
    std::string code, message;
    std::int64_t wall_ms = 0;
  };
  void collect();
  void done(const std::string& path, const std::string& trouble);

  std::filesystem::path directory_;
  Timers& timers_;
  Ring& ring_;
  const Recorder& recorder_;
  settings::Background background_;
  Describe describe_;
  Report report_;
  std::unique_ptr<Timer> timer_;
  std::optional<Fault> fault_;
  std::optional<Instant> last_;
  bool in_trouble_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal::recording
