#pragma once
// What the step loop needs of everything around it: the seam between sequences and devices, clocks and the
// store.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "vm/assets/assets.hpp"
#include "vm/sequences/process.hpp"
#include "vm/sequences/timers.hpp"

namespace celeriac::vm {

/// A stored sequence that an `execute` enters.
struct Sequence {
  CodeId id{};
  std::shared_ptr<Code> code;
};

class World {
 public:
  virtual ~World() = default;

  /// Carries out an operation of a step. The answer goes to StepLoop::answered(), perhaps before this
  /// returns. The payload is valid during the call. Returns a handle for abort() and abandon(), 0 for what
  /// needs neither.
  virtual std::uint64_t operate(const protocol::Operation& operation, std::string_view payload,
                                Ticket ticket) = 0;
  /// Reads a register afresh; the answer goes to StepLoop::register_read(). Otherwise as operate().
  virtual std::uint64_t read_register(const std::string& name, Ticket ticket) = 0;
  /// Cancels an operation that is waited for; its answer comes soon.
  virtual void abort(std::uint64_t call) = 0;
  /// Nobody waits for the answer any more. What has not been sent yet is not sent.
  virtual void abandon(std::uint64_t call) = 0;
  /// The sequence that `execute` names: by the resource's id, else by the code's. nullopt: it is being
  /// compiled, and StepLoop::sequence_ready() follows.
  virtual std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t sequence_id,
                                                                  Ticket ticket) = 0;

  [[nodiscard]] virtual const Assets& assets() const = 0;
  /// 64 random bits; tests give the same ones again.
  virtual std::uint64_t random() = 0;

  /// Runs Lua in the process's name and with the variables of its top frame; the values go to
  /// StepLoop::script_done(). The handle is for abort(), abandon(), pause() and resume().
  virtual std::uint64_t run_lua(const Process& process, const std::string& code, Ticket ticket) = 0;
  /// The script of the handle rests soon: StepLoop::script_rests() follows.
  virtual void pause(std::uint64_t call) = 0;
  virtual void resume(std::uint64_t call) = 0;
  /// Runs an installed package; the answer goes to StepLoop::answered().
  virtual std::uint64_t run_script(const Process& process, const celeryscript::ScriptCall& call,
                                   Ticket ticket) = 0;
  /// Changes an asset, whose texts are filled in as those of messages. `resource` is not an Identifier.
  /// Otherwise as run_script().
  virtual std::uint64_t update(const Process& process, const celeryscript::DataValue& resource,
                               const celeryscript::ResourceUpdate& update, Ticket ticket) = 0;
  /// A step has read a pin: for the log, and for the readings of sensors.
  virtual void pin_was_read(const Process& process, int pin, int mode, double value) = 0;
  /// An entry `{type, message, verbosity, channels, meta}` for the log, in the name of a process.
  virtual void log(const Process& process, nlohmann::json entry) = 0;
  /// Whether people want every step in the log.
  [[nodiscard]] virtual bool logs_every_step() const = 0;
  /// The top frame begins to run, anew for each member of a group; or it has come to its end.
  virtual void entered(const Process& process) = 0;
  virtual void completed(const Process& process) = 0;
  /// It is the turn of a process, one of whose scripts has asked for motion.
  virtual void motion_granted(const Process& process) = 0;

  /// Calls StepLoop::turn() soon, when others have had their turn.
  virtual void wake() = 0;
  /// The earliest deadline may have changed: StepLoop::run_timers() is to be called then.
  virtual void set_alarm(Time deadline) = 0;
  [[nodiscard]] virtual Time now() const = 0;
  /// Milliseconds since 1970.
  [[nodiscard]] virtual std::int64_t wall_clock() const = 0;

  /// The document of a process has changed. Only for processes that are watched, or all while
  /// StepLoop::report_all() is on.
  virtual void changed(Process& process) = 0;
  /// A process runs for the first time.
  virtual void began(const Process& process) = 0;
  /// A process has failed, and not because of the emergency lock: for the log.
  virtual void failed(const Process& process) = 0;
  /// A process has ended: what it holds of the machine goes back.
  virtual void ended(const Process& process) = 0;
};

}  // namespace celeriac::vm
