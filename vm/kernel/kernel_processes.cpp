// Coming, running, ending, coming again.

#include <algorithm>
#include <format>
#include <tuple>

#include "protocol/document.hpp"
#include "protocol/othismo.hpp"
#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

using protocol::Capability;
using protocol::Error;
using protocol::fail;
using protocol::Failure;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<Error> coded(Status status, const char* code, std::string message) {
  return std::unexpected(Error{.status = status, .message = std::move(message), .code = code});
}

constexpr std::string_view state_names[] = {"ready",   "ready",   "running", "paused",
                                            "waiting", "running", "done"};

bool has_instance(const KernelProcess& process) {
  return process.state == KernelState::running || process.state == KernelState::starting ||
         process.state == KernelState::paused;
}

/// Whether a process comes back when the VM does.
bool is_kept(const ProcessSpec& spec) {
  return spec.kind == ProcessKind::guest && (spec.durable || spec.on_exit.kind != OnExit::Kind::none);
}

}  // namespace

std::string_view name(KernelState state) noexcept {
  return state_names[static_cast<std::size_t>(state)];
}

Kernel::Kernel(KernelWorld& world, KernelOptions options) : world_(world), options_(std::move(options)) {}
Kernel::~Kernel() = default;

KernelProcess* Kernel::find(ProcessId id) noexcept {
  const auto found = processes_.find(number(id));
  return found != processes_.end() ? found->second.get() : nullptr;
}
KernelProcess* Kernel::find(const ProcessName& name) noexcept {
  const auto found = names_.find(name);
  return found != names_.end() ? find(found->second) : nullptr;
}
KernelProcess* Kernel::find_path(std::string_view path) noexcept {
  const auto found = paths_.find(path);
  return found != paths_.end() ? find(found->second) : nullptr;
}

Result<KernelProcess*> Kernel::need(ProcessId id) {
  if (auto* process = find(id)) return process;
  return fail(Status::not_found, std::format("There is no process {}, or none any more.", number(id)));
}

void Kernel::each(const std::function<void(KernelProcess&)>& visit) {
  for (auto& [id, process] : processes_) visit(*process);
}

ProcessId Kernel::free_id() {
  // Ids go round, so that one that has just become free is not at once somebody else's.
  do {
    last_id_ = last_id_ >= first_kernel_process + max_kernel_processes - 1
                   ? first_kernel_process
                   : static_cast<std::uint16_t>(last_id_ + 1);
  } while (processes_.contains(last_id_));
  return ProcessId{last_id_};
}

Result<KernelProcess*> Kernel::initialise(ProcessSpec spec) {
  if (spec.kind == ProcessKind::guest || spec.path.empty())
    if (auto good = check_name(spec.name); !good) return std::unexpected(std::move(good.error()));
  const std::string path = spec.path.empty() ? spec.name.path() : spec.path;
  if (auto good = protocol::check_path(path); !good) return std::unexpected(std::move(good.error()));
  if (find(spec.name) != nullptr)
    return coded(Status::wrong_state, "name_taken",
                 std::format("There is a process {} already.", spec.name.text()));
  if (find_path(path) != nullptr)
    return coded(Status::wrong_state, "object_already_exists",
                 std::format("There is something at {} already.", path));
  if (processes_.size() >= max_kernel_processes)
    return fail(Status::overloaded,
                std::format("There are {} processes already, which is the limit.", max_kernel_processes));

  auto made = std::make_unique<KernelProcess>();
  made->id = free_id();
  made->address = address_of(spec.name).text();
  made->path = path;
  made->spec = std::move(spec);
  made->capabilities.add(messaging(made->spec.name));
  KernelProcess& process = *made;
  names_.emplace(process.spec.name, process.id);
  paths_.emplace(process.path, process.id);
  processes_.emplace(number(process.id), std::move(made));
  if (process.spec.kind == ProcessKind::client) process.state = KernelState::running;
  if (is_kept(process.spec)) world_.keep(process, [](const Result<void>&) {});
  world_.changed(process);
  return &process;
}

Result<KernelProcess*> Kernel::restore(ProcessSpec spec, std::vector<Capability> capabilities) {
  auto process = initialise(std::move(spec));
  if (!process) return process;
  for (const auto& capability : capabilities) (*process)->capabilities.add(capability);
  return process;
}

void Kernel::run(ProcessId id, Done done) {
  auto process = need(id);
  if (!process) return done(std::unexpected(std::move(process.error())));
  if ((*process)->state == KernelState::running || (*process)->state == KernelState::starting)
    return done({});
  start(**process, std::move(done));
}

/// The topics of its configuration, for those that cannot subscribe by themselves; what comes now waits in
/// the mailbox.
void Kernel::subscribe_configured(KernelProcess& process) {
  const auto topics = process.spec.configuration.find("topics");
  if (topics == process.spec.configuration.end() || !topics->is_array()) return;
  for (const auto& topic : *topics)
    if (topic.is_string())
      std::ignore = subscribe(process, topic.get<std::string>());  // a refusal is in the log
}

void Kernel::start(KernelProcess& process, Done done) {
  process.state = KernelState::starting;
  ++process.incarnation;
  subscribe_configured(process);
  world_.changed(process);
  world_.start(process, [this, id = process.id, incarnation = process.incarnation,
                         done = std::move(done)](Result<void> started) mutable {
    KernelProcess* started_one = find(id);
    if (started_one == nullptr || started_one->incarnation != incarnation)
      return done(fail(Status::cancelled, "The process was ended before it ran."));
    if (!started) {
      // What cannot even be made is not made again and again: it is gone, unless it has something to lose.
      world_.print(started_one, 0, started.error().message);
      if (started_one->spec.durable || started_one->spec.on_exit.kind == OnExit::Kind::restart)
        restart(*started_one, started.error().message);
      else
        end(*started_one, false, started.error().message);
      return done(std::move(started));
    }
    started_one->state = KernelState::running;
    started_one->started = world_.now();
    started_one->started_ms = protocol::now_milliseconds();
    world_.changed(*started_one);
    done({});
    if (KernelProcess* still = find(id)) hand_out(*still);
  });
}

void Kernel::ended(ProcessId id, std::string_view how, std::string_view message) {
  KernelProcess* process = find(id);
  if (process == nullptr || process->state == KernelState::resting || process->state == KernelState::ending)
    return;
  const bool returned = how == "returned";
  world_.print(process, returned ? 1 : 0,
               returned ? std::string("has ended.") : std::format("has ended ({}): {}", how, message));
  process->end_cause = returned ? EndCause::returned : how == "killed" ? EndCause::killed : EndCause::failed;
  process->end_message = message;
  const std::string why = std::format("{} has ended while it dealt with the message.", process->address);
  if (process->spec.durable || process->spec.on_exit.kind == OnExit::Kind::restart)
    restart(*process, why, how == "killed");
  else
    end(*process, process->spec.on_exit.kind == OnExit::Kind::requests, why);
}

void Kernel::worker_ended(std::string_view package, std::string_view how) {
  std::vector<ProcessId> lost;
  each([&](KernelProcess& process) {
    if (process.spec.kind == ProcessKind::guest && has_instance(process) && !process.spec.ahead_of_time &&
        process.package() == package)
      lost.push_back(process.id);
  });
  for (const ProcessId id : lost) ended(id, "killed", how);
}

void Kernel::set_paused(KernelProcess& process, bool paused) {
  process.state = paused ? KernelState::paused : KernelState::running;
  world_.changed(process);
}

void Kernel::closed(ProcessId id) {
  if (KernelProcess* process = find(id)) end(*process, false, "The client has gone.");
}

void Kernel::kill(ProcessId id, Done done, bool keep_issued) {
  auto process = need(id);
  if (!process) return done(std::unexpected(std::move(process.error())));
  if ((*process)->state == KernelState::ending) return done({});
  if ((*process)->spec.kind == ProcessKind::guest && has_instance(**process)) {
    (*process)->state = KernelState::ending;
    world_.stop(**process, [this, id, keep_issued, done = std::move(done)](Result<void> stopped) mutable {
      if (KernelProcess* stopped_one = find(id))
        end(*stopped_one, false, "The process was killed.", keep_issued);
      done(std::move(stopped));
    });
  } else {
    end(**process, false, "The process was killed.", keep_issued);
    done({});
  }
}

void Kernel::restart(KernelProcess& process, std::string_view why, bool cut_short) {
  const bool ran = process.started != Time{};
  const auto uptime = ran ? world_.now() - process.started : Time::duration::zero();
  empty(process, Failure::trap, why, put_down(process, cut_short));
  const auto pause = process.back_off.ended(std::chrono::duration_cast<BackOff::Duration>(uptime));
  if (!pause) {
    world_.print(
        &process, 0,
        std::format("It has failed {} times in a row, and is not started again.", BackOff::max_restarts));
    return end(process, false, why);
  }
  process.state = KernelState::resting;
  process.started = {};
  world_.changed(process);
  if (*pause > BackOff::Duration::zero())
    world_.print(&process, 1, std::format("It is started again in {} s.", pause->count() / 1000));
  Time at = world_.now() + *pause;
  while (restarts_.contains(at)) at += std::chrono::nanoseconds(1);
  restarts_.emplace(at, process.id);
  if (at < alarm_) world_.set_alarm(alarm_ = at);
}

/// What a durable process was dealing with. If its worker has been ended under it, it is not the message's
/// fault, unless it happens time and again: then it is returned, for another try. Nothing of the run that was
/// cut short has been kept, nor has it sent anything.
MessageRef Kernel::put_down(KernelProcess& process, bool cut_short) {
  MessageRef message = std::exchange(process.in_hand, nullptr);
  if (message == nullptr || message->stored == 0) return nullptr;
  if (cut_short && ++process.cut_short <= max_redeliveries) return message;
  process.cut_short = 0;
  world_.forget_message(message->stored);
  return nullptr;
}

/// What belongs to one run goes with it. A durable process keeps the messages that it has not dealt with;
/// `again` is the first of them.
void Kernel::empty(KernelProcess& process, Failure failure, std::string_view why, MessageRef again) {
  stop_waiting(process);
  auto mailbox = std::exchange(process.mailbox, {});
  process.mailbox_bytes = 0;
  auto answerable = std::exchange(process.answerable, {});
  process.answerable_order.clear();
  process.prompting.reset();
  process.current_blob.reset();
  process.item_blob.reset();
  process.last_blob.reset();
  process.outstanding.clear();
  process.awaiting = 0;
  process.handles.clear();
  process.offered.clear();
  // Who waits for an answer hears at once; a Kinode process hears when its time is over, as the published
  // runtime has it.
  const auto tell = [&](const MessageRef& request) {
    if (request->rsvp && request->content.format != protocol::Format::kinode)
      bounce(request, failure, std::string(why));
  };
  for (const auto& [id, request] : answerable)
    if (request != again) tell(request);
  if (again != nullptr) enqueue(process, {std::move(again), std::nullopt, {}});
  for (MailItem& mail : mailbox) {
    if (process.spec.durable && process.alive()) {
      enqueue(process, std::move(mail));
    } else if (!mail.failure && !mail.message->response) {
      tell(mail.message);
    }
  }
}

void Kernel::send_exit_requests(KernelProcess& process) {
  const auto requests = process.spec.on_exit.requests;
  for (auto request : requests) {
    request.message.expects.reset();
    send(process, std::move(request.message), {.blob = std::move(request.blob)}, [](const Result<void>&) {});
  }
}

void Kernel::end(KernelProcess& process, bool send_requests, std::string_view why, bool keep_issued) {
  if (send_requests) send_exit_requests(process);
  process.state = KernelState::gone;
  put_down(process, false);
  empty(process, Failure::trap, why);
  for (const auto& topic : std::vector(process.topics)) unsubscribe(process, topic);
  if (!keep_issued) revoke_issued_by(process.address);
  world_.forget(process);
  world_.changed(process);
  bury(process.id);
}

void Kernel::bury(ProcessId id) {
  const auto found = processes_.find(number(id));
  names_.erase(found->second->spec.name);
  paths_.erase(found->second->path);
  graveyard_.push_back(std::move(found->second));
  processes_.erase(found);
  world_.set_alarm(alarm_ = world_.now());
}

void Kernel::revoke_issued_by(const std::string& address) {
  each([&](KernelProcess& holder) {
    if (holder.capabilities.remove_issued_by(address) != 0 && is_kept(holder.spec) && holder.alive())
      world_.keep(holder, [](const Result<void>&) {});
  });
}

void Kernel::set_on_exit(KernelProcess& process, OnExit on_exit, Done done) {
  process.spec.on_exit = std::move(on_exit);
  if (is_kept(process.spec)) return world_.keep(process, std::move(done));
  world_.forget(process);
  done({});
}

void Kernel::spawn(KernelProcess& parent, ProcessSpec spec, std::vector<Capability> request,
                   std::vector<std::pair<ProcessName, std::string>> grants,
                   std::move_only_function<void(Result<ProcessId>)> done) {
  spec.name.package = parent.spec.name.package;
  spec.name.publisher = parent.spec.name.publisher;
  if (spec.name.process.empty()) spec.name.process = std::to_string(world_.random());
  auto child = initialise(std::move(spec));
  if (!child) return done(std::unexpected(std::move(child.error())));
  // All rights are there before its first instruction.
  for (const auto& wanted : request) {
    const Capability capability = resolved(wanted);
    if (capability.issuer == parent.address || parent.capabilities.holds(capability))
      (*child)->capabilities.add(capability);
  }
  (*child)->capabilities.add(messaging(parent.spec.name));
  grant(parent, messaging((*child)->spec.name));
  for (const auto& [name, params] : grants)
    if (KernelProcess* holder = find(name)) grant(*holder, {(*child)->address, params});
  run((*child)->id, [id = (*child)->id, done = std::move(done)](Result<void> started) mutable {
    if (!started)
      return done(coded(Status::not_found, "no_file_at_path", std::move(started.error().message)));
    done(id);
  });
}

}  // namespace celeriac::vm
