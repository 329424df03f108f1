#pragma once
// A process is a record: where it is, what it waits for, and who wants to hear of it. Everything here is
// data; what moves it from state to state is the StepLoop.
//
//              RUN                 a step asks for something
//     ready ─────────► running ◄─────────────────────────────► waiting
//       │ PAUSE, STEP   │ ▲                answered               │ (pauses when its node has finished,
//       ▼         PAUSE ▼ │ RUN, STEP                             │  at once where it waits for motion)
//     paused ◄────────────┘                                       │
//       │                                                         │
//       └────────────► done, failed, killed ◄─────────────────────┘

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "celeryscript/program.hpp"
#include "protocol/error.hpp"
#include "vm/sequences/code.hpp"
#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

enum class State : std::uint8_t { ready, running, waiting, paused, done, failed, killed };

/// The contract's word for a state.
std::string_view name(State state) noexcept;

/// What a waiting process waits for.
enum class Waiting : std::uint8_t {
  nothing,
  operation,  ///< an answer of the World
  position,   ///< the register `position`, whose x, y, z become inputs
  value,      ///< any other register, whose number becomes the input `value`
  timer,
  motion,       ///< its turn to own motion; its node begins anew then
  code,         ///< a stored sequence that is being compiled
  gantry,       ///< `position`, whose x becomes that of a tool slot that the gantry carries
  leg,          ///< `position`, from which the leg of a move begins
  safe_height,  ///< the height that the first leg of a safe move goes to
  lua,          ///< a script whose values do not matter
  lua_number,   ///< a script that returns a number
  assertion,    ///< a script that should return true
};

/// Whether a process in this state waits for a script.
constexpr bool is_script(Waiting waiting) noexcept {
  return waiting >= Waiting::lua;
}

/// How far a single step has come.
enum class Stepping : std::uint8_t { no, may_begin, has_begun };

/// A sequence that runs once for each member of a group.
struct Iteration {
  std::string label;                  ///< of the variable that is one member after another
  std::vector<std::int64_t> members;  ///< ids of points
  std::size_t at = 0;
};

/// A sequence that is being run.
struct Frame {
  std::shared_ptr<Code> code;
  std::shared_ptr<const celeryscript::Scope> scope;  ///< nullptr: no variables
  std::unique_ptr<Iteration> iteration;
  std::unique_ptr<double[]> variables;  ///< while the instance holds another frame's; nullptr: all 0
  CodeId code_id{};
  celeryscript::StepIndex next = 0;  ///< micro-step that comes next, or `end`
  celeryscript::StepIndex node =
      celeryscript::end;  ///< first micro-step of the node in progress; `end`: none
  bool begun = false;     ///< its variables are bound
};

/// Who is told when something has come about; `abandoned` says that nobody listens any more.
struct Answer {
  std::move_only_function<void(protocol::Result<void>)> give;
  std::move_only_function<bool()> abandoned;
};

/// Answers that are owed. Most processes owe none.
struct Owed {
  std::vector<Answer> waits;
  std::vector<Answer> pauses;
  std::vector<Answer> kills;
  std::vector<Answer> steps;

  [[nodiscard]] std::size_t size() const {
    return waits.size() + pauses.size() + kills.size() + steps.size();
  }
};

/// Names one request of a process to the world; answers to an older one are ignored.
struct Ticket {
  ProcessId process = no_process;
  std::uint32_t serial = 0;
  friend bool operator==(Ticket, Ticket) = default;
};

struct Process {
  ProcessId id = no_process;
  State state = State::ready;
  Waiting waiting = Waiting::nothing;
  bool queued = false;   ///< stands in the queue of the runnable
  bool pausing = false;  ///< comes to rest when its node has finished
  bool killing = false;  ///< dies when the operation in flight is answered, or after the grace
  bool watched = false;  ///< somebody has its register open
  Stepping stepping = Stepping::no;
  std::int32_t priority = 0;

  Frame top;
  std::vector<Frame> callers;                  ///< the outermost first
  std::unique_ptr<celeryscript::Scope> given;  ///< what `top` is called with, until it begins
  bool given_wins = false;                     ///< over the constants of the sequence, as a farm event's do
  ProcessId party = no_process;  ///< whose motion it shares: itself, or the process whose script started it

  double value = std::numeric_limits<double>::quiet_NaN();  ///< inputs of the next micro-step
  double x = value, y = value, z = value;

  std::int32_t leg = 0;                                   ///< of a move, while its position is read
  celeryscript::Handle handle = celeryscript::no_handle;  ///< of the move's order or the assertion waited for

  std::uint32_t serial = 0;                        ///< of the latest ticket
  std::uint32_t calls_in_a_row = 0;                ///< tail calls since the last operation
  std::uint64_t call = 0;                          ///< the World's handle of the operation in flight
  const protocol::Operation* operation = nullptr;  ///< waited for
  const std::string* reg = nullptr;                ///< name of the register waited for; outlives the wait

  std::uint32_t nodes_done = 0;  ///< nodes of all levels that have finished
  std::uint32_t steps = 0;       ///< nodes in the top-level body of what it was started from
  std::uint32_t last_step = 0;   ///< once ended, or once its last step was a tail call: step of its document
  bool handed_over = false;      ///< a tail call took the place of the sequence that it was started from
  std::int64_t started_ms = 0;   ///< of the first RUN or STEP since 1970; 0: never
  std::uint64_t cpu_ns = 0;

  CodeId code_id{};                              ///< what it was started from
  std::shared_ptr<const std::string> code_name;  ///< the sequence's name
  std::unique_ptr<std::string> given_name;       ///< START's name for it
  std::unique_ptr<protocol::Error> error;        ///< of a failed or killed one
  std::unique_ptr<Owed> owed;

  [[nodiscard]] bool ended() const noexcept { return state >= State::done; }
  [[nodiscard]] bool in_progress() const noexcept {
    return state >= State::running && state <= State::paused;
  }
  [[nodiscard]] std::size_t depth() const noexcept { return callers.size(); }
  [[nodiscard]] Frame& frame(std::size_t at) { return at == callers.size() ? top : callers[at]; }
  [[nodiscard]] const Frame& bottom() const { return callers.empty() ? top : callers.front(); }
  [[nodiscard]] Ticket ticket() const noexcept { return {id, serial}; }
  /// The node in progress, or the one that comes next; nullptr if there is none. It is one of `top.code_id`.
  [[nodiscard]] const celeryscript::StepNode* node() const;
  /// JSON pointer of node(), or of the node that failed; "" if there is none.
  [[nodiscard]] std::string path() const;
};

}  // namespace celeriac::vm
