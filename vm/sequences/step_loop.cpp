#include "vm/sequences/step_loop.hpp"

#include <cmath>
#include <format>
#include <utility>

#include "vm/sequences/failure.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

constexpr auto no_step = celeryscript::end;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A register's value as a step computes with it.
double number_of(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return value.is_number() ? value.get<double>() : unknown;
}

double component(const nlohmann::json& position, const char* axis) {
  const auto found = position.is_object() ? position.find(axis) : position.end();
  return position.is_object() && found != position.end() ? number_of(*found) : unknown;
}

bool is_lock(const protocol::Operation* operation) {
  static const protocol::Operation& lock = "SYS.EMERGENCY_LOCK"_op;
  return operation == &lock;
}

}  // namespace

const std::array<StepLoop::Carry, 5> StepLoop::carry_out_ = [] {
  std::array<Carry, 5> made{};
  made[std::to_underlying(CallKind::operation)] = &StepLoop::carry_operation;
  made[std::to_underlying(CallKind::wait)] = &StepLoop::carry_wait;
  made[std::to_underlying(CallKind::exit)] = &StepLoop::carry_exit;
  made[std::to_underlying(CallKind::read_register)] = &StepLoop::carry_read;
  made[std::to_underlying(CallKind::host)] = &StepLoop::carry_host;
  return made;
}();

// ---- turns ---------------------------------------------------------------------------------------

void StepLoop::turn() {
  slice_began_ = world_.now();
  for (int slices = 0; slices < slices_per_turn && !runnable_.empty(); ++slices) {
    Process* process = table_.find(runnable_.front());
    runnable_.pop_front();
    // An entry may be older than a kill; its id may even have a new holder.
    if (process == nullptr || !std::exchange(process->queued, false)) continue;
    if (process->state != State::running) continue;
    current_ = process;
    run(*process);
    const Time now = world_.now();
    if (current_ != nullptr) current_->cpu_ns += static_cast<std::uint64_t>((now - slice_began_).count());
    current_ = nullptr;
    slice_began_ = now;
  }
  if (runnable_.empty())
    woken_ = false;
  else
    world_.wake();
}

void StepLoop::enqueue(Process& process) {
  if (process.queued) return;
  process.queued = true;
  runnable_.push_back(process.id);
  if (!std::exchange(woken_, true)) world_.wake();
}

// ---- one process ---------------------------------------------------------------------------------

void StepLoop::run(Process& process) {
  for (int left = steps_per_slice; left > 0; --left) {
    Frame& frame = process.top;
    if (!frame.begun) {
      if (!begin(process)) return;
      continue;
    }
    if (frame.next == no_step) {
      finish_node(process);
      if (process.pausing && has_more(frame)) return rest(process);
      if (next_member(process)) continue;
      if (!process.callers.empty()) {
        leave(process);
        continue;
      }
      if (process.pausing) return rest(process);
      return end(process, State::done, nullptr);
    }
    Code& code = *frame.code;
    const auto& step = code.program().steps[static_cast<std::size_t>(frame.next)];
    if (step.begins_node) {
      finish_node(process);
      if (process.pausing || process.stepping == Stepping::has_begun) return rest(process);
      if (process.stepping == Stepping::may_begin) process.stepping = Stepping::has_begun;
      frame.node = frame.next;
      report(process);
    }
    own_instance(process, code);
    if (step.reads_inputs) code.set_inputs(process.value, process.x, process.y, process.z);
    const auto next = code.call(frame.next);
    if (!next) return fail(process, next.error());
    const bool exists =
        *next == no_step || (*next >= 0 && static_cast<std::size_t>(*next) < code.program().steps.size());
    if (!exists || code.asked().calls > 1)
      return fail(process,
                  {.status = Status::internal, .message = "The compiled sequence misbehaves at this step."});
    frame.next = *next;
    if (code.asked().calls == 0) continue;
    (this->*carry_out_[std::to_underlying(code.asked_call().kind)])(process, code);
    if (process.state != State::running) return;
  }
  enqueue(process);
}

void StepLoop::finish_node(Process& process) {
  if (std::exchange(process.top.node, no_step) != no_step) ++process.nodes_done;
}

void StepLoop::own_instance(Process& process, Code& code) {
  const std::uint32_t variables = code.program().variables;
  if (variables == 0) return;
  if (code.owner.process == &process && code.owner.depth == process.depth()) return;
  if (code.owner.process != nullptr) {
    Frame& before = code.owner.process->frame(code.owner.depth);
    if (!before.variables) before.variables = std::make_unique<double[]>(variables);
    for (std::uint32_t i = 0; i < variables; ++i) before.variables[i] = code.variable(i);
  }
  const Frame& frame = process.top;
  for (std::uint32_t i = 0; i < variables; ++i)
    code.set_variable(i, frame.variables ? frame.variables[i] : 0);
  code.owner.process = &process;
  code.owner.depth = process.depth();
}

/// A frame goes: what its instance holds is nobody's then.
void StepLoop::disown(Process& process, std::size_t depth) {
  auto& code = process.frame(depth).code;
  if (code && code->owner.process == &process && code->owner.depth == depth) code->owner.process = nullptr;
}

/// Whether anything of the sequence is left to do.
bool StepLoop::has_more(const Frame& frame) {
  return frame.next != no_step ||
         (frame.iteration != nullptr && frame.iteration->at + 1 < frame.iteration->members.size());
}

void StepLoop::enter(Process& process, Sequence sequence) {
  if (!has_more(process.top)) {
    world_.completed(process);
    if (process.callers.empty()) {
      process.handed_over = true;
      process.last_step = process.steps;
    }
    finish_node(process);
    disown(process, process.depth());
  } else {
    process.callers.push_back(std::move(process.top));
  }
  process.top = Frame();
  process.top.code = std::move(sequence.code);
  process.top.code_id = sequence.id;
  process.top.next = process.top.code->program().steps.empty() ? no_step : 0;
}

void StepLoop::leave(Process& process) {
  disown(process, process.depth());
  process.top = std::move(process.callers.back());
  process.callers.pop_back();
}

// ---- what steps ask for --------------------------------------------------------------------------

void StepLoop::carry_operation(Process& process, Code& code) {
  Call& call = code.asked_call();
  process.calls_in_a_row = 0;
  if (call.operation->motion && !may_move(process)) {
    // Its node begins anew when its turn comes: what it read before (the position) may not be true then.
    process.top.next = std::exchange(process.top.node, no_step);
    if (process.stepping == Stepping::has_begun) process.stepping = Stepping::may_begin;
    wait_for(process, Waiting::motion);
    return report(process);
  }
  process.operation = call.operation;
  const auto payload = call.payload.make(code.asked().values(), code.program().tables.texts);
  if (!payload) return fail(process, payload.error());
  wait_for(process, Waiting::operation);
  const auto serial = process.serial;
  expect(process, serial, world_.operate(*call.operation, *payload, process.ticket()));
}

void StepLoop::carry_read(Process& process, Code& code) {
  process.calls_in_a_row = 0;
  const auto handle = static_cast<std::size_t>(code.asked().arguments[0].i32());
  if (handle >= code.program().tables.texts.size())
    return fail(process, {.status = Status::internal,
                          .message = "The compiled sequence reads a register without name."});
  const std::string& name = code.program().tables.texts[handle];
  read(process, name, name == "position" ? Waiting::position : Waiting::value);
}

/// Waits for a register; `name` must outlive the wait.
void StepLoop::read(Process& process, const std::string& name, Waiting what) {
  process.reg = &name;
  wait_for(process, what);
  const auto serial = process.serial;
  expect(process, serial, world_.read_register(name, process.ticket()));
}

/// Keeps the handle of what the process waits for, unless the answer has come already.
void StepLoop::expect(Process& process, std::uint32_t serial, std::uint64_t call) {
  if (process.state != State::waiting || process.serial != serial) return;
  process.call = call;
  report(process);
}

void StepLoop::carry_wait(Process& process, Code& code) {
  process.calls_in_a_row = 0;
  process.operation = code.asked_call().operation;
  constexpr double longest = 86'400'000;  // the table's limit, a day
  const double milliseconds = code.asked().arguments[0].f64();
  if (!(milliseconds >= 0 && milliseconds <= longest))
    return fail(process, {.status = Status::malformed,
                          .message = std::format("A wait must be from 0 to {} ms.", longest)});
  wait_for(process, Waiting::timer);
  add_timer(world_.now() + std::chrono::duration_cast<Time::duration>(
                               std::chrono::duration<double, std::milli>(milliseconds)),
            process.ticket());
  report(process);
}

void StepLoop::carry_exit(Process& process, Code& code) {
  const auto exit_code = code.asked().arguments[0].i32();
  if (exit_code == 0) return end(process, State::done, nullptr);
  process.operation = nullptr;
  fail(process, {.status = Status::failed,
                 .message = std::format("The sequence ended itself with the code {}.", exit_code)});
}

// ---- answers -------------------------------------------------------------------------------------

void StepLoop::wait_for(Process& process, Waiting what) {
  process.state = State::waiting;
  process.waiting = what;
  process.call = 0;
  ++process.serial;
}

/// The process that waits for this answer; nullptr if nobody does any more.
Process* StepLoop::waiting_for(Ticket ticket) {
  Process* process = table_.find(ticket.process);
  const bool waits =
      process != nullptr && process->state == State::waiting && process->serial == ticket.serial;
  return waits ? process : nullptr;
}

/// Whether the process, or the one whose script started it, owns motion now; otherwise it stands in line.
bool StepLoop::may_move(Process& process) {
  return motion_.owner() == process.party || motion_.take(process.id);
}

bool StepLoop::take_motion(ProcessId id) {
  Process* process = table_.find(id);
  return process != nullptr && may_move(*process);
}

void StepLoop::resume(Process& process) {
  process.state = State::running;
  process.waiting = Waiting::nothing;
  process.call = 0;
  if (&process != current_) enqueue(process);
}

void StepLoop::answered(Ticket ticket, Result<double> value) {
  Process* process = waiting_for(ticket);
  if (process == nullptr) return;
  process->call = 0;
  if (process->killing) return end(*process, State::killed, killed(*process));
  if (value && is_lock(process->operation)) {
    engage_lock();
    if (!process->ended()) resume(*process);
    return;
  }
  if (!value && value.error().status == Status::locked && !locked_) {
    engage_lock();
    if (process->ended()) return;
  }
  if (!value) {
    if (process->operation != nullptr && process->operation->motion) {
      if (const auto trouble = movement_trouble(value.error()); !trouble.empty())
        world_.log(*process, {{"type", "error"}, {"verbosity", 1}, {"message", trouble}});
    }
    return fail(*process, value.error());
  }
  process->value = *value;
  resume(*process);
}

void StepLoop::register_read(Ticket ticket, Result<nlohmann::json> value) {
  Process* process = waiting_for(ticket);
  if (process == nullptr) return;
  process->call = 0;
  process->operation = nullptr;
  if (!value) return fail(*process, value.error());
  const celeryscript::Coordinate here{component(*value, "x"), component(*value, "y"), component(*value, "z")};
  switch (process->waiting) {
    case Waiting::position:
      set_place(*process, here);
      break;
    case Waiting::gantry:
      process->x = here.x;
      break;
    case Waiting::leg:
      if (!take_leg(*process, here)) return;
      break;
    case Waiting::safe_height:
      process->z = std::isnan(number_of(*value)) ? 0 : number_of(*value);
      break;
    default:
      process->value = number_of(*value);
  }
  resume(*process);
}

void StepLoop::sequence_ready(Ticket ticket, Result<Sequence> sequence) {
  Process* process = waiting_for(ticket);
  if (process == nullptr) return;
  if (!sequence) return fail(*process, sequence_not_found(sequence.error()));
  enter(*process, std::move(*sequence));
  resume(*process);
}

void StepLoop::add_timer(Time deadline, Ticket ticket) {
  timers_.add(deadline, ticket);
  if (timers_.next() == deadline) world_.set_alarm(deadline);
}

void StepLoop::run_timers() {
  const Time now = world_.now();
  while (const auto due = timers_.take_due(now)) {
    Process* process = waiting_for(*due);
    if (process == nullptr) continue;
    if (process->killing)
      end(*process, State::killed, killed(*process));
    else if (process->waiting == Waiting::timer)
      resume(*process);
  }
  if (const auto next = timers_.next()) world_.set_alarm(*next);
}

void StepLoop::report(Process& process) {
  if (process.watched || report_all_) world_.changed(process);
}

}  // namespace celeriac::vm
