#pragma once
// All of the recording of one hypervisor: made before it, handed to it, and told when it is there.
//
//   Recording recording(io, dir, timers, opener, background, own_background);
//   Hypervisor hypervisor(io, recording.timers(), recording.opener(), registers, recording.background(),
//                         {.dir = dir, .recorder = &recording.recorder()});
//   recording.attach(hypervisor);

#include <filesystem>

#include "hal/recording/fault_bundles.hpp"
#include "hal/recording/recorder.hpp"
#include "hal/recording/ring.hpp"

namespace celeriac::hal {
class Hypervisor;
}

namespace celeriac::hal::recording {

class Recording {
 public:
  /// Writes to DIR/trace and DIR/faults through `own_background`, so that the hypervisor's own jobs never
  /// wait behind a bundle. Timers and opener must outlive it.
  Recording(boost::asio::io_context& io, std::filesystem::path dir, Timers& timers,
            firmware::PortOpener& opener, settings::Background background,
            settings::Background own_background);

  [[nodiscard]] Timers& timers() noexcept { return recorded_timers_; }
  [[nodiscard]] firmware::PortOpener& opener() noexcept { return recorded_opener_; }
  [[nodiscard]] const settings::Background& background() const noexcept { return background_; }
  [[nodiscard]] Recorder& recorder() noexcept { return recorder_; }

  /// The hypervisor must outlive it.
  void attach(Hypervisor& hypervisor);
  /// Writes what is left, also a bundle, then calls.
  void finish(std::move_only_function<void()> finished);

 private:
  void say(firmware::Severity severity, std::string message);

  Ring ring_;
  Recorder recorder_;
  RecordedTimers recorded_timers_;
  RecordedOpener recorded_opener_;
  settings::Background background_;
  Hypervisor* hypervisor_ = nullptr;
  FaultBundles bundles_;
};

}  // namespace celeriac::hal::recording
