#pragma once
// Runs all processes: calls their micro-steps, carries out what they ask for, and lets clients start, pause,
// step and end them. Everything happens between two micro-steps, so every request can be served at any
// moment.
//
// A turn takes the runnable processes in order, each for one slice of micro-steps, and then hands the thread
// back to the event loop.

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "protocol/error.hpp"
#include "vm/lua/lua_result.hpp"
#include "vm/sequences/interruption.hpp"
#include "vm/sequences/motion_turns.hpp"
#include "vm/sequences/process.hpp"
#include "vm/sequences/process_table.hpp"
#include "vm/sequences/timers.hpp"
#include "vm/sequences/world.hpp"

namespace celeriac::vm {

/// Micro-steps that one process runs before the next has its slice.
inline constexpr int steps_per_slice = 64;
/// Slices before the event loop has its turn: about a millisecond of work.
inline constexpr int slices_per_turn = 64;
/// Sequences inside each other: an `execute` beyond it fails. One that is the last step takes no level.
inline constexpr std::size_t max_depth = 1024;
/// Calls as the last step, in a row and without any operation between them, before it is taken for endless.
inline constexpr std::uint32_t max_calls_in_a_row = 10'000;
/// Answers that one process may owe to clients.
inline constexpr std::size_t max_owed = 4096;
/// How long a killed process waits for the answer to the operation that was cancelled. The hypervisor answers
/// within 0.3 s as a rule, and gives a move that does not stop up to 2.5 s before it stops everything.
inline constexpr std::chrono::milliseconds kill_grace{5000};

/// What PROC.START may say beside the code.
struct StartOptions {
  std::string name;
  std::int32_t priority = 0;
  celeryscript::Scope variables = {};  ///< what its sequence is called with
  bool variables_win = false;          ///< over its constants, as those of a farm event do
  ProcessId party = no_process;        ///< the process whose motion it shares; itself if there is none
};

class StepLoop {
 public:
  explicit StepLoop(World& world) : world_(world) {}
  StepLoop(const StepLoop&) = delete;
  StepLoop& operator=(const StepLoop&) = delete;

  // ---- for clients: process_control.cpp ----

  /// A process in state ready. Status::overloaded beyond max_processes.
  protocol::Result<ProcessId> start(Sequence sequence, const StartOptions& options = {});
  /// `ready` or `paused` becomes `running`. A pause that has not come to rest is taken back.
  protocol::Result<void> run(ProcessId id);
  /// Answered when the process has come to rest: its node has finished, the next has not begun.
  void pause(ProcessId id, Answer answer);
  /// Answered when one node has finished. After the last one the process ends.
  void step(ProcessId id, Answer answer);
  /// Answered when the process is gone.
  void kill(ProcessId id, Answer answer);
  /// Answered when the process ends, with how it ended.
  void wait(ProcessId id, Answer answer);
  /// From now on nothing is started or run by anybody but scripts that run already: wrong_state.
  void close() noexcept { closed_ = true; }
  /// Ends a process that does nothing at this moment, as killed, with this error. False where its last step
  /// has finished: then it is done.
  bool interrupt(ProcessId id, protocol::Error why);
  /// Lists a process that the end of an earlier VM cut short, as killed; nothing where there is no room.
  void remember(const Interruption& interruption);
  /// The emergency lock has engaged: everything in progress fails, what is `ready` stays.
  void engage_lock();
  /// The emergency lock, as the hypervisor tells it.
  void set_locked(bool locked);

  [[nodiscard]] ProcessTable& table() noexcept { return table_; }
  /// Status::not_found with a sentence.
  protocol::Result<Process*> find(ProcessId id);
  [[nodiscard]] ProcessId motion_owner() const noexcept { return motion_.owner(); }
  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }
  void report_all(bool on) noexcept { report_all_ = on; }

  // ---- for the world: step_loop.cpp ----

  void turn();
  /// Resumes what was waiting for a time that has come, and sets the next alarm.
  void run_timers();
  /// The answer to World::operate(): its return value.
  void answered(Ticket ticket, protocol::Result<double> value);
  /// The answer to World::read_register().
  void register_read(Ticket ticket, protocol::Result<nlohmann::json> value);
  void sequence_ready(Ticket ticket, protocol::Result<Sequence> sequence);
  /// The answer to World::run_lua().
  void script_done(Ticket ticket, protocol::Result<LuaResult> result);
  /// The script that World::pause() was about executes nothing more.
  void script_rests(Ticket ticket);
  /// Motion for a process outside its steps, for one of its scripts: true if it owns motion now; otherwise it
  /// stands in line, and World::motion_granted() follows.
  bool take_motion(ProcessId id);

 private:
  using Carry = void (StepLoop::*)(Process&, Code&);
  static const std::array<Carry, 5> carry_out_;    // by CallKind
  static const std::array<Carry, 14> host_calls_;  // by HostCall

  void run(Process& process);
  void carry_operation(Process& process, Code& code);
  void carry_wait(Process& process, Code& code);
  void carry_exit(Process& process, Code& code);
  void carry_read(Process& process, Code& code);
  void carry_host(Process& process, Code& code);

  // ---- host_calls.cpp ----
  void carry_execute(Process& process, Code& code);
  void carry_evaluate(Process& process, Code& code);
  void carry_random(Process& process, Code& code);
  void carry_soil_height(Process& process, Code& code);
  void carry_leg(Process& process, Code& code);
  void carry_pin(Process& process, Code& code);
  void carry_pin_value(Process& process, Code& code);
  void carry_pin_was_read(Process& process, Code& code);
  void carry_lua(Process& process, Code& code);
  void carry_assertion(Process& process, Code& code);
  void carry_update(Process& process, Code& code);
  void carry_script(Process& process, Code& code);
  void carry_note(Process& process, Code& code);
  void carry_abort(Process& process, Code& code);
  template <class Entry>
  static const Entry& entry(const Code& code, const std::vector<Entry>& table, std::size_t argument);
  static void set_place(Process& process, const celeryscript::Coordinate& place);
  [[nodiscard]] protocol::Result<NamedPin> named_pin(const celeryscript::PinName& name) const;
  [[nodiscard]] std::string order_of(const Process& process) const;
  bool take_leg(Process& process, const celeryscript::Coordinate& here);
  void run_script(Process& process, const std::string& code, Waiting waiting);
  bool judge(Process& process, const protocol::Result<LuaResult>& result);
  bool begin(Process& process);
  bool next_member(Process& process);

  [[nodiscard]] static bool has_more(const Frame& frame);
  [[nodiscard]] static bool only_locks(const Process& process);
  void enter(Process& process, Sequence sequence);
  void leave(Process& process);
  void own_instance(Process& process, Code& code);
  static void finish_node(Process& process);
  static void disown(Process& process, std::size_t depth);

  Process* waiting_for(Ticket ticket);
  void wait_for(Process& process, Waiting what);
  void read(Process& process, const std::string& name, Waiting what);
  void expect(Process& process, std::uint32_t serial, std::uint64_t call);
  bool may_move(Process& process);
  void pass_motion_on(Process& process);
  static void give_pauses(Process& process);
  void resume(Process& process);
  void enqueue(Process& process);
  void go(Process& process);
  void rest(Process& process);
  void fail(Process& process, const protocol::Error& why);
  void end(Process& process, State state, std::unique_ptr<protocol::Error> error);
  void add_timer(Time deadline, Ticket ticket);
  void report(Process& process);
  bool owe(Process& process, std::vector<Answer> Owed::* list, Answer& answer);

  World& world_;
  ProcessTable table_;
  std::deque<ProcessId> runnable_;
  MotionTurns motion_;
  Timers timers_;
  Process* current_ = nullptr;  // whose slice it is
  Time slice_began_{};
  bool woken_ = false;
  bool report_all_ = false;
  bool locked_ = false;
  bool closed_ = false;
};

/// How an ended process ended.
protocol::Result<void> outcome(const Process& process);

}  // namespace celeriac::vm
