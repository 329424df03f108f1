#pragma once
// How processes come to rest before the VM ends: each at the boundary of its step, as long as that takes no
// longer than the patience.
//
//   begin() ──► pausing ──(all rest)──────────► ending ──(all are gone)──► done: what was interrupted, and
//   where
//                  └────(the patience is over)────┘
//
// While it pauses, nothing begins that was not running. A process that only waits for time is ended at once:
// no step of it is under way. The ones that still work when the patience is over are killed, which takes
// kill_grace at most.

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "vm/sequences/interruption.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

class Closing {
 public:
  /// Calls a function after a time, never at once.
  using After = std::function<void(std::chrono::milliseconds time, std::move_only_function<void()> then)>;
  using Done = std::move_only_function<void(std::vector<Interruption>)>;

  Closing(StepLoop& loop, After after) : loop_(loop), after_(std::move(after)) {}
  ~Closing() { *alive_ = false; }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

  /// Once.
  void begin(std::chrono::milliseconds patience, Done done);

 private:
  [[nodiscard]] std::vector<ProcessId> in_progress();
  [[nodiscard]] Answer when(void (Closing::*then)());
  void interrupt(const Process& process);
  void rested();
  void end_all();
  void gone();

  StepLoop& loop_;
  After after_;
  Done done_;
  std::vector<Interruption> interruptions_;
  std::size_t restless_ = 0;  // pauses that have not been answered
  std::size_t dying_ = 0;     // kills that have not been answered
  bool ending_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::vm
