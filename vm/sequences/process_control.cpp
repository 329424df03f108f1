// What clients do to processes, and how processes end.

#include <format>

#include "vm/sequences/failure.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

std::unexpected<Error> wrong_state(const Process& process, std::string_view wish) {
  return protocol::fail(Status::wrong_state,
                        std::format("Process {} cannot be {}: it is {}.", number(process.id), wish,
                                    process.killing ? "being killed" : name(process.state)));
}

std::unexpected<Error> host_stops() {
  return protocol::fail(Status::wrong_state, "The host is stopping: nothing begins any more.");
}

void give_all(std::vector<Answer>& answers, const Result<void>& result) {
  for (Answer& answer : std::exchange(answers, {})) answer.give(result);
}

}  // namespace

Result<void> outcome(const Process& process) {
  if (process.error == nullptr) return {};
  return std::unexpected(*process.error);
}

Result<Process*> StepLoop::find(ProcessId id) {
  if (Process* process = table_.find(id)) return process;
  return protocol::fail(
      Status::not_found,
      std::format("There is no process {}. It never was, or it ended so long ago that it is forgotten.",
                  number(id)));
}

Result<ProcessId> StepLoop::start(Sequence sequence, const StartOptions& options) {
  if (closed_ && options.party == no_process) return host_stops();
  Process* process = table_.make();
  if (process == nullptr)
    return protocol::fail(
        Status::overloaded,
        std::format("{} processes exist already: wait for some to end, or kill them.", max_processes));
  process->code_id = sequence.id;
  process->code_name = sequence.code->name();
  process->steps = sequence.code->program().body_nodes;
  process->priority = options.priority;
  if (!options.name.empty()) process->given_name = std::make_unique<std::string>(options.name);
  process->top.code_id = sequence.id;
  process->top.next = sequence.code->program().steps.empty() ? celeryscript::end : 0;
  process->top.code = std::move(sequence.code);
  process->party = options.party != no_process ? options.party : process->id;
  process->given_wins = options.variables_win;
  if (!options.variables.empty()) process->given = std::make_unique<celeryscript::Scope>(options.variables);
  report(*process);
  return process->id;
}

void StepLoop::go(Process& process) {
  if (process.started_ms == 0) {
    process.started_ms = world_.wall_clock();
    world_.began(process);
  }
  if (is_script(process.waiting)) {  // it was paused inside one
    process.state = State::waiting;
    if (process.stepping == Stepping::may_begin) process.stepping = Stepping::has_begun;
    report(process);
    return world_.resume(process.call);
  }
  process.state = State::running;
  enqueue(process);
  report(process);
}

Result<void> StepLoop::run(ProcessId id) {
  auto found = find(id);
  if (!found) return std::unexpected(std::move(found.error()));
  Process& process = **found;
  if (closed_ && process.party == id) return host_stops();
  if (process.pausing && !process.killing) {
    process.pausing = false;
    if (is_script(process.waiting)) world_.resume(process.call);
    give_all(process.owed->pauses,
             protocol::fail(Status::cancelled, "The pause was taken back before it took effect."));
    return {};
  }
  if (process.state != State::ready && process.state != State::paused) return wrong_state(process, "run");
  go(process);
  return {};
}

/// Keeps an answer for later; refuses it where too many are kept already.
bool StepLoop::owe(Process& process, std::vector<Answer> Owed::* list, Answer& answer) {
  if (!process.owed) process.owed = std::make_unique<Owed>();
  if (process.owed->size() >= max_owed) {
    for (auto* each :
         {&process.owed->waits, &process.owed->pauses, &process.owed->kills, &process.owed->steps})
      std::erase_if(*each, [](Answer& kept) { return kept.abandoned(); });
  }
  if (process.owed->size() >= max_owed) {
    answer.give(protocol::fail(Status::overloaded, std::format("{} requests wait for process {} already.",
                                                               max_owed, number(process.id))));
    return false;
  }
  ((*process.owed).*list).push_back(std::move(answer));
  return true;
}

void StepLoop::pause(ProcessId id, Answer answer) {
  auto found = find(id);
  if (!found) return answer.give(std::unexpected(std::move(found.error())));
  Process& process = **found;
  if (process.ended() || process.killing) return answer.give(wrong_state(process, "paused"));
  if (process.state == State::paused) return answer.give({});
  if (process.state != State::ready && process.waiting != Waiting::motion) {
    if (!owe(process, &Owed::pauses, answer) || std::exchange(process.pausing, true)) return;
    if (is_script(process.waiting)) world_.pause(process.call);
    return;
  }
  if (process.waiting == Waiting::motion) motion_.leave(id);
  if (process.stepping != Stepping::no)
    give_all(process.owed->steps,
             protocol::fail(Status::cancelled, "The process was paused before the step began."));
  rest(process);
  answer.give({});
}

void StepLoop::step(ProcessId id, Answer answer) {
  auto found = find(id);
  if (!found) return answer.give(std::unexpected(std::move(found.error())));
  Process& process = **found;
  if (process.state != State::ready && process.state != State::paused)
    return answer.give(wrong_state(process, "stepped"));
  if (closed_) return answer.give(host_stops());
  if (!owe(process, &Owed::steps, answer)) return;
  process.stepping = Stepping::may_begin;
  go(process);
}

void StepLoop::wait(ProcessId id, Answer answer) {
  auto found = find(id);
  if (!found) return answer.give(std::unexpected(std::move(found.error())));
  if ((*found)->ended()) return answer.give(outcome(**found));
  owe(**found, &Owed::waits, answer);
}

void StepLoop::kill(ProcessId id, Answer answer) {
  auto found = find(id);
  if (!found) return answer.give(std::unexpected(std::move(found.error())));
  Process& process = **found;
  if (process.ended()) return answer.give(wrong_state(process, "killed"));
  if (!owe(process, &Owed::kills, answer) || process.killing) return;
  // An operation that is under way has to stop before the process is gone: a move must not outlive its
  // program, and a pin that waits behind a move must not be written later.
  const bool works = process.waiting == Waiting::operation || is_script(process.waiting);
  if (!works || process.call == 0) return end(process, State::killed, killed(process));
  process.state = State::waiting;  // also where a script was paused
  process.killing = true;
  add_timer(world_.now() + kill_grace, process.ticket());
  report(process);
  world_.abort(process.call);
}

bool StepLoop::interrupt(ProcessId id, Error why) {
  Process* process = table_.find(id);
  if (process == nullptr || process->ended()) return false;
  const bool finished = process->state == State::paused && process->top.begun && process->callers.empty() &&
                        process->top.node == celeryscript::end && !has_more(process->top);
  if (finished)
    end(*process, State::done, nullptr);
  else
    end(*process, State::killed, std::make_unique<Error>(std::move(why)));
  return !finished;
}

void StepLoop::remember(const Interruption& interruption) {
  if (interruption.id == no_process || number(interruption.id) > last_sequence_process) return;
  table_.go_on_from(interruption.id);
  Process* process = table_.make();
  if (process == nullptr) return;
  process->code_id = interruption.code;
  process->code_name = std::make_shared<const std::string>(interruption.name);
  process->steps = interruption.steps;
  process->last_step = interruption.step;
  process->nodes_done = interruption.nodes_done;
  process->started_ms = interruption.started_ms;
  process->party = process->id;
  process->error = std::make_unique<Error>(interrupted(interruption));
  process->state = State::killed;
  table_.ended(*process);
}

void StepLoop::rest(Process& process) {
  process.state = State::paused;
  process.waiting = Waiting::nothing;
  process.pausing = false;
  process.stepping = Stepping::no;
  ++process.serial;
  report(process);
  if (!process.owed) return;
  give_pauses(process);
  give_all(process.owed->steps, {});
}

void StepLoop::give_pauses(Process& process) {
  give_all(process.owed->pauses, {});
}

void StepLoop::set_locked(bool locked) {
  const bool engages = locked && !locked_;
  locked_ = locked;
  if (engages) engage_lock();
}

/// A request whose last step is the lock has done what it was asked for.
bool StepLoop::only_locks(const Process& process) {
  static const auto& lock = "SYS.EMERGENCY_LOCK"_op;
  return process.state == State::waiting && process.operation == &lock && process.callers.empty() &&
         !has_more(process.top) && process.top.code->program().kind == "rpc_request";
}

void StepLoop::engage_lock() {
  motion_.clear();
  table_.each([this](Process& process) {
    if (process.in_progress() && !only_locks(process)) end(process, State::failed, emergency_locked(process));
  });
}

void StepLoop::fail(Process& process, const Error& why) {
  if (why.status == Status::locked) return end(process, State::failed, emergency_locked(process));
  end(process, State::failed, step_failed(process, why));
}

/// Motion goes back to the process whose script started this one, or to the next in line.
void StepLoop::pass_motion_on(Process& process) {
  const Process* party = process.party != process.id ? table_.find(process.party) : nullptr;
  if (party != nullptr && !party->ended()) return motion_.hand_over(party->id);
  Process* next = table_.find(motion_.release());
  if (next == nullptr) return;
  if (next->waiting == Waiting::motion)
    resume(*next);
  else
    world_.motion_granted(*next);
}

void StepLoop::end(Process& process, State state, std::unique_ptr<Error> error) {
  const Frame& bottom = process.bottom();
  if (state == State::done)
    process.last_step = process.steps;
  else if (!process.handed_over)
    process.last_step = bottom.code->body_step(bottom.node != celeryscript::end ? bottom.node : bottom.next);
  const bool had_timer = process.waiting == Waiting::timer || process.killing;
  const bool in_line = process.waiting == Waiting::motion || is_script(process.waiting);
  process.error = std::move(error);
  process.state = state;
  process.waiting = Waiting::nothing;
  process.queued = false;
  ++process.serial;
  if (&process == current_) {
    process.cpu_ns += static_cast<std::uint64_t>((world_.now() - slice_began_).count());
    current_ = nullptr;
  }
  if (const auto call = std::exchange(process.call, 0); call != 0) world_.abandon(call);
  if (had_timer) timers_.dropped([this](Ticket ticket) { return waiting_for(ticket) != nullptr; });
  if (motion_.owner() == process.id) {
    pass_motion_on(process);
  } else if (in_line) {
    motion_.leave(process.id);
  }
  for (std::size_t depth = 0; depth <= process.callers.size(); ++depth) disown(process, depth);
  process.callers = std::vector<Frame>();
  process.top = Frame();
  const auto owed = std::move(process.owed);
  const Result<void> how = outcome(process);
  if (state == State::failed && process.error->status != Status::locked) world_.failed(process);
  world_.ended(process);
  report(process);
  table_.ended(process);  // may forget another one, never this
  if (!owed) return;
  give_all(owed->waits, how);
  give_all(owed->kills, {});
  give_all(owed->steps, how);
  give_all(owed->pauses, protocol::fail(Status::wrong_state, "The process ended before it could be paused."));
}

}  // namespace celeriac::vm
