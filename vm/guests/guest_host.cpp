#include "vm/guests/guest_host.hpp"

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>
#include <format>

#include "protocol/payload.hpp"
#include "vm/kernel/records.hpp"
#include "vm/log_entry.hpp"
#include "wasm/guest_limits.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Reply;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Where ahead-of-time code is, below the VM's directory.
constexpr const char* compiled_directory = "compiled";

Result<void> outcome(const Reply& reply) {
  if (reply.ok()) return {};
  return std::unexpected(reply.error());
}

/// A text as it may stand in a log: what would move a terminal's cursor is shown as a question mark.
std::string printable(std::string_view text) {
  std::string made = protocol::as_utf8(text);
  std::ranges::replace_if(
      made,
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f; },
      '?');
  return made;
}

}  // namespace

GuestHost::GuestHost(boost::asio::io_context& io, Worker& disk, Image& image, protocol::Registers& registers,
                     GuestHostOptions options)
    : io_(io),
      disk_(disk),
      store_(image.database()),
      registers_(registers),
      options_(std::move(options)),
      alarm_(io),
      compiler_(io, disk, groups_,
                [store = store_](std::string_view sha256) mutable { return store.module(sha256); },
                {.program = options_.program, .directory = options_.directory / compiled_directory}),
      kernel_(*this, options_.kernel) {}

GuestHost::~GuestHost() {
  *alive_ = false;
}

Result<void> GuestHost::open() {
  auto records = store_.processes();
  if (!records) return std::unexpected(std::move(records.error()));
  std::vector<ProcessId> waiting;
  for (const auto& [name, bytes] : *records) {
    auto record = decode_process(bytes);
    if (!record) {
      spdlog::error("{} cannot be brought back: {}", name, record.error().message);
      continue;
    }
    auto process = kernel_.restore(std::move(record->spec), std::move(record->capabilities));
    if (!process) {
      spdlog::error("{} cannot be brought back: {}", name, process.error().message);
      continue;
    }
    waiting.push_back((*process)->id);
  }
  auto messages = store_.messages();
  if (!messages) return std::unexpected(std::move(messages.error()));
  for (const StoredMessage& row : *messages) {
    auto message = decode_message(row.bytes);
    if (!message) {
      spdlog::error("A message for {} is lost: {}", row.target, message.error().message);
      forget_message(row.number);
      continue;
    }
    (*message)->stored = row.number;
    kernel_.restore_message(std::move(*message));
  }
  // All are there before the first one runs, and before anybody hears that another has ended with the VM.
  for (const ProcessId id : waiting)
    if (KernelProcess* process = kernel_.find(id)) kernel_.send_exit_requests(*process);
  for (const ProcessId id : waiting) kernel_.run(id, [](const Result<void>&) {});
  return {};
}

std::string GuestHost::room_of(const KernelProcess& process) {
  return process.spec.ahead_of_time ? process.spec.name.text() : process.package();
}

std::string GuestHost::code_of(const KernelProcess& process) {
  if (!process.spec.ahead_of_time) return {};
  return std::format("{} {} {}", process.spec.module, process.spec.abi,
                     process.spec.configuration.value("limits", Json()).dump());
}

Result<GuestHost::Room*> GuestHost::enter(const KernelProcess& process) {
  const std::string name = room_of(process);
  // An idle worker with ahead-of-time code of another version can do nothing with this one.
  if (const auto found = rooms_.find(name);
      found != rooms_.end() && found->second.processes == 0 && found->second.code != code_of(process))
    rooms_.erase(found);
  if (const auto found = rooms_.find(name); found != rooms_.end()) {
    found->second.idle.reset();
    ++found->second.processes;
    return &found->second;
  }
  guests::WorkerSpec spec{
      .program = options_.program, .package = process.package(), .ahead_of_time = process.spec.ahead_of_time};
  if (spec.ahead_of_time) spec.compiled = compiler_.directory();
  const Json limits = process.spec.configuration.value("limits", Json::object());
  spec.instances = limits.value("instances", spec.instances);
  spec.memory = limits.value("worker_bytes", spec.memory);
  auto worker = guests::GuestWorker::start(io_, std::move(spec), &dispatcher_, groups_);
  if (!worker) return std::unexpected(std::move(worker.error()));
  (*worker)->on_ended([this, name, alive = alive_](const guests::GuestWorker::End& end) {
    if (*alive) worker_died(name, end);
  });
  auto& room = rooms_[name];
  room.worker = std::move(*worker);
  room.code = code_of(process);
  room.processes = 1;
  return &room;
}

void GuestHost::leave(const std::string& name) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end() || found->second.processes == 0 || --found->second.processes != 0) return;
  found->second.idle = std::make_unique<boost::asio::steady_timer>(io_, worker_idle);
  found->second.idle->async_wait([this, name, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    const auto idle = rooms_.find(name);
    if (idle == rooms_.end() || idle->second.processes != 0) return;
    rooms_.erase(idle);
  });
}

void GuestHost::worker_died(const std::string& name, const guests::GuestWorker::End& end) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  const std::string how = std::format("Its worker {}.", end.how);
  log(nullptr, 0, std::format("The worker of {} {}.", name, end.how));
  const auto worker = std::move(found->second.worker);
  rooms_.erase(found);
  if (const auto own = parse_process_name(name)) {
    if (const KernelProcess* process = kernel_.find(*own)) kernel_.ended(process->id, "killed", how);
  } else {
    kernel_.worker_ended(name, how);
  }
}

Json GuestHost::start_fields(const KernelProcess& process, bool restore) const {
  Json fields{{"id", number(process.id)},
              {"address", process.address},
              {"path", process.path},
              {"module", process.spec.module},
              {"restore", restore}};
  if (!process.spec.abi.empty()) fields["abi"] = process.spec.abi;
  for (const char* key : {"arguments", "topics", "exchanges", "directories", "limits"})
    if (process.spec.configuration.contains(key)) fields[key] = process.spec.configuration[key];
  return fields;
}

const KernelProcess* GuestHost::still_starting(ProcessId id, std::uint32_t incarnation) {
  const KernelProcess* process = kernel_.find(id);
  return process != nullptr && process->incarnation == incarnation && process->state == KernelState::starting
             ? process
             : nullptr;
}

void GuestHost::start(const KernelProcess& process, Done done) {
  if (!process.spec.ahead_of_time) return move_in(process, std::move(done));
  const auto limits = wasm::guest_limits(process.spec.configuration.value("limits", Json()));
  if (!limits)
    return boost::asio::post(io_, [done = std::move(done), error = limits.error()]() mutable {
      done(std::unexpected(std::move(error)));
    });
  compiler_.need(process.spec.module, *limits,
                 [this, id = process.id, incarnation = process.incarnation,
                  done = std::move(done)](Result<void> compiled) mutable {
                   if (!compiled) return done(std::move(compiled));
                   const KernelProcess* still = still_starting(id, incarnation);
                   if (still == nullptr)
                     return done(fail(Status::cancelled, "The process was ended before it ran."));
                   move_in(*still, std::move(done));
                 });
}

/// Has a worker start it, the package's or one of its own.
void GuestHost::move_in(const KernelProcess& process, Done done) {
  auto room = enter(process);
  if (!room)
    return boost::asio::post(io_, [done = std::move(done), error = std::move(room.error())]() mutable {
      done(std::unexpected(std::move(error)));
    });
  const auto session = (*room)->worker->session();
  const auto launch = [this, session, id = process.id, incarnation = process.incarnation,
                       name = room_of(process),
                       held = std::make_shared<Done>(std::move(done))](bool restore) {
    const KernelProcess* still = kernel_.find(id);
    if (still == nullptr || still->incarnation != incarnation)
      return (*held)(fail(Status::cancelled, "The process was ended before it ran."));
    auto payload = protocol::encode("GUEST.START"_op, start_fields(*still, restore));
    if (!payload) return (*held)(std::unexpected(std::move(payload.error())));
    session->request("GUEST.START"_op, *payload, [this, name, held, alive = alive_](const Reply& reply) {
      if (*alive && !reply.ok()) leave(name);
      (*held)(outcome(reply));
    });
  };
  if (!process.spec.durable) return launch(false);
  disk_.run([this, name = process.spec.name.text()] { return store_.snapshot(name); },
            [launch, alive = alive_](const Result<std::optional<protocol::Snapshot>>& snapshot) {
              if (*alive) launch(snapshot && *snapshot);
            });
}

void GuestHost::tell(const KernelProcess& process, const char* operation, Done done) {
  const auto room = rooms_.find(room_of(process));
  if (room == rooms_.end()) return done(fail(Status::wrong_state, "The process does not run."));
  room->second.worker->session()->request(
      *protocol::find_operation(operation), protocol::encode_id(number(process.id)),
      [done = std::move(done)](const Reply& reply) mutable { done(outcome(reply)); });
}

void GuestHost::stop(const KernelProcess& process, Done done) {
  const std::string name = room_of(process);
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return done({});
  auto held = std::make_shared<Done>(std::move(done));
  auto late = std::make_shared<boost::asio::steady_timer>(io_, guest_kill_grace);
  room->second.worker->session()->request("GUEST.KILL"_op, protocol::encode_id(number(process.id)),
                                          [this, held, late, name, alive = alive_](const Reply&) {
                                            // Gone, whatever it says: a worker that is no more has no
                                            // instance either.
                                            late->cancel();
                                            if (*alive) leave(name);
                                            if (*held) std::exchange(*held, {})({});
                                          });
  late->async_wait([this, late, name, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    const auto stuck = rooms_.find(name);
    if (stuck == rooms_.end()) return;
    spdlog::warn("The worker of {} does not end a process: all of it is ended.", name);
    stuck->second.worker->kill();
  });
}

void GuestHost::keep(const KernelProcess& process, Done done) {
  const bool kept = process.spec.kind == ProcessKind::guest &&
                    (process.spec.durable || process.spec.on_exit.kind != OnExit::Kind::none);
  if (!kept) return done({});
  disk_.run([this, name = process.spec.name.text(),
             record = encode_process(process)] { return store_.put_process(name, record); },
            [done = std::move(done)](Result<void> result) mutable { done(std::move(result)); });
}

void GuestHost::forget(const KernelProcess& process) {
  if (process.spec.kind != ProcessKind::guest) return;
  disk_.run([this, name = process.spec.name.text()] { return store_.remove_process(name); },
            [](const Result<void>& result) {
              if (!result) spdlog::error("{}", result.error().message);
            });
}

void GuestHost::keep_message(MessageRef message, Done done) {
  disk_.run(
      [this, message] {
        return store_.put_message(
            {message->stored, message->target.address.process.text(), encode_message(*message)});
      },
      [done = std::move(done)](Result<void> result) mutable { done(std::move(result)); });
}

void GuestHost::forget_message(std::uint64_t row) {
  disk_.run([this, row] { return store_.remove_message(row); },
            [](const Result<void>& result) {
              if (!result) spdlog::error("{}", result.error().message);
            });
}

void GuestHost::commit(const KernelProcess& process, Commit commit, Done done) {
  disk_.run(
      [this, name = process.spec.name.text(), commit = std::move(commit)] {
        std::vector<StoredMessage> outbox;
        for (const MessageRef& message : commit.outbox)
          outbox.push_back(
              {message->stored, message->target.address.process.text(), encode_message(*message)});
        return store_.commit(name, commit.snapshot, commit.dealt_with, outbox);
      },
      [done = std::move(done)](Result<void> result) mutable { done(std::move(result)); });
}

void GuestHost::forward(MessageRef message, Done done) {
  if (forward_) return forward_(std::move(message), std::move(done));
  done(fail(Status::offline, "No network is connected: the gateway does not run."));
}

void GuestHost::log(const KernelProcess* process, int verbosity, std::string_view text) {
  const std::string source = process != nullptr ? process->spec.name.package_id() : std::string("kernel");
  const std::string line = printable(text);
  write_log(registers_,
            {{"message", process != nullptr ? process->spec.name.process + ": " + line : line},
             {"type", verbosity == 0 ? "warn" : "info"},
             {"verbosity", verbosity}},
            source);
  spdlog::log(verbosity == 0 ? spdlog::level::warn : spdlog::level::info, "{}: {}",
              process != nullptr ? process->spec.name.text() : source, line);
}

void GuestHost::print(const KernelProcess* process, int verbosity, std::string_view text) {
  if (verbosity <= std::max(options_.verbosity, 1)) log(process, verbosity, text);
}

void GuestHost::print_line(const KernelProcess& process, int verbosity, std::string_view text) {
  if (verbosity > options_.verbosity) return;
  const std::string line = printable(text);
  write_log(registers_, {{"message", line}, {"type", "info"}, {"verbosity", verbosity}},
            process.spec.name.package_id());
  spdlog::info("{}: {}", process.spec.name.text(), line);
}

void GuestHost::changed(const KernelProcess& process) {
  for (const auto& hook : changed_) hook(process);
}

void GuestHost::topic(std::string_view topic, bool wanted) {
  if (topic_) topic_(topic, wanted);
}

void GuestHost::set_alarm(Time deadline) {
  if (deadline >= alarm_at_) return;
  alarm_at_ = deadline;
  alarm_.expires_at(deadline);
  alarm_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    alarm_at_ = Time::max();
    kernel_.run_deadlines();
  });
}

std::uint64_t GuestHost::random() {
  if (entropy_left_ == 0) {
    if (getrandom(entropy_.data(), sizeof entropy_, 0) != static_cast<ssize_t>(sizeof entropy_))
      throw std::runtime_error("the system gives no random numbers");
    entropy_left_ = entropy_.size();
  }
  return entropy_[--entropy_left_];
}

pid_t GuestHost::worker_of(const KernelProcess& process) const {
  const auto room = rooms_.find(room_of(process));
  return room != rooms_.end() ? room->second.worker->pid() : 0;
}

}  // namespace celeriac::vm
