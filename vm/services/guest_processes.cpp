#include "vm/services/guest_processes.hpp"

#include <format>

namespace celeriac::vm {

using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Status;

namespace {

auto answer(Responder responder) {
  return [held = std::make_shared<Responder>(std::move(responder))](const Result<void>& result) {
    if (result)
      held->ok();
    else
      held->fail(result.error());
  };
}

}  // namespace

const GuestProcesses::Row GuestProcesses::rows_[] = {
    {"PROC.RUN", &GuestProcesses::run},   {"PROC.PAUSE", &GuestProcesses::pause},
    {"PROC.KILL", &GuestProcesses::kill}, {"PROC.STEP", &GuestProcesses::step},
    {"PROC.WAIT", &GuestProcesses::wait}, {"PROC.STAT", &GuestProcesses::stat},
};

GuestProcesses::GuestProcesses(GuestHost& host) : host_(host), kernel_(host.kernel()) {
  host.on_changed([this](const KernelProcess& process) { changed(process); });
}

void GuestProcesses::serve(Request& request, Responder responder) {
  auto process = kernel_.need(ProcessId{request.arguments.id()});
  if (!process) return responder.fail(process.error());
  for (const Row& row : rows_)
    if (request.operation.long_name == row.operation)
      return (this->*row.serve)(**process, std::move(responder));
  responder.fail({.status = Status::wrong_state,
                  .message = std::format("{} is not for guests.", request.operation.long_name)});
}

void GuestProcesses::run(KernelProcess& process, Responder responder) {
  if (process.state != KernelState::paused) return kernel_.run(process.id, answer(std::move(responder)));
  kernel_.set_paused(process, false);
  host_.resume(process, answer(std::move(responder)));
}

void GuestProcesses::pause(KernelProcess& process, Responder responder) {
  if (process.state != KernelState::running)
    return responder.fail(
        {.status = Status::wrong_state, .message = std::format("The process is {}.", name(process.state))});
  host_.pause(process,
              [this, id = process.id, held = answer(std::move(responder))](const Result<void>& result) {
                if (KernelProcess* paused = kernel_.find(id); paused != nullptr && result)
                  kernel_.set_paused(*paused, true);
                held(result);
              });
}

void GuestProcesses::kill(KernelProcess& process, Responder responder) {
  if (process.spec.kind == ProcessKind::client)
    return responder.fail(
        {.status = Status::wrong_state, .message = "This process is a client: it ends with its stream."});
  kernel_.kill(process.id, answer(std::move(responder)));
}

void GuestProcesses::step(KernelProcess&, Responder responder) {
  responder.fail(
      {.status = Status::wrong_state, .message = "A guest has no steps: it can be paused, and let go on."});
}

void GuestProcesses::wait(KernelProcess& process, Responder responder) {
  auto& waiting = waiting_[process.id];
  if (waiting.size() >= max_guest_waiters)
    return responder.fail(
        {.status = Status::overloaded, .message = "Too many wait for this process already."});
  waiting.push_back(std::move(responder));
}

void GuestProcesses::changed(const KernelProcess& process) {
  if (process.state != KernelState::gone) return;
  const auto found = waiting_.find(process.id);
  if (found == waiting_.end()) return;
  auto waiting = std::move(found->second);
  waiting_.erase(found);
  for (Responder& responder : waiting) {
    if (process.end_cause == EndCause::returned)
      responder.ok();
    else
      responder.fail({.status = process.end_cause == EndCause::killed ? Status::cancelled : Status::failed,
                      .message = process.end_message});
  }
}

void GuestProcesses::stat(KernelProcess& process, Responder responder) {
  responder.document(document(process));
}

void GuestProcesses::append_to(Json& processes) {
  // Clients are processes as long as they talk; nobody looks for them here.
  kernel_.each([&](const KernelProcess& process) {
    if (process.spec.kind == ProcessKind::guest) processes.push_back(document(process));
  });
}

Json GuestProcesses::document(const KernelProcess& process) const {
  const bool waits = process.state == KernelState::running && (process.receiver || process.awaiting != 0);
  return {{"id", number(process.id)},
          {"name", process.spec.name.text()},
          {"code", 0},
          {"state", waits ? std::string_view("waiting") : name(process.state)},
          {"path", process.path},
          {"path_code", 0},
          {"kind", process.spec.kind == ProcessKind::client ? "client" : "guest"},
          {"step", 0},
          {"steps", 0},
          {"steps_done", process.received},
          {"started", process.started_ms != 0 ? Json(process.started_ms) : Json()},
          {"cpu_us", 0},
          {"memory_bytes", process.mailbox_bytes},
          {"waiting_for", !waits                  ? ""
                          : process.awaiting != 0 ? "a response"
                                                  : "a message"},
          {"priority", 0},
          {"iteration", nullptr},
          {"worker", host_.worker_of(process)},
          {"mailbox", process.mailbox.size()},
          {"module", process.spec.module},
          {"error", nullptr}};
}

}  // namespace celeriac::vm
