#include "vm/guests/worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>
#include <iterator>
#include <utility>

#include "protocol/document.hpp"
#include "vm/guests/child.hpp"

namespace celeriac::vm::guests {
using protocol::Result;
using protocol::Status;

namespace {

/// Where the worker finds its socket.
constexpr int worker_socket = 3;
/// guest/worker.hpp's; this folder does not include it.
constexpr int out_of_memory_status = 12;
/// What the worker itself may use beside its instances, in its cgroup: code of the engine that is resident
/// counts too.
constexpr std::uint64_t worker_overhead = 64ULL * 1024 * 1024;

std::vector<std::string> words_of(const WorkerSpec& spec) {
  std::vector<std::string> words{spec.program.string(), "--socket", std::to_string(worker_socket),
                                 "--instances", std::to_string(spec.instances)};
  if (spec.memory != 0) words.insert(words.end(), {"--memory", std::to_string(spec.memory)});
  if (spec.ahead_of_time && !spec.compiled.empty())
    words.insert(words.end(), {"--compiled", spec.compiled.string()});
  return words;
}

/// A name for its cgroup: a package's has characters that a directory may not begin with.
std::string group_name(const WorkerSpec& spec) {
  static std::uint64_t last = 0;
  std::string name = std::format("guest-{}-{}", ++last, spec.package);
  std::ranges::replace_if(
      name, [](char c) { return !(std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.'); },
      '_');
  return name;
}

}  // namespace

GuestWorker::GuestWorker(boost::asio::io_context& io, WorkerSpec spec)
    : spec_(std::move(spec)), process_(io), errors_(io) {}

Result<std::unique_ptr<GuestWorker>> GuestWorker::start(boost::asio::io_context& io, WorkerSpec spec,
                                                        const protocol::Dispatcher* dispatcher,
                                                        const ControlGroups& groups) {
  const auto cannot = [&](int reason) {
    const bool no_program = reason == ENOENT || reason == EACCES || reason == ENOEXEC;
    return protocol::fail(no_program ? Status::not_found : Status::out_of_resources,
                          std::format("The worker of {} cannot be started: {}: {}.", spec.package,
                                      spec.program.string(), std::strerror(reason)));
  };
  int pair[2], pipe[2];
  Descriptor ours, theirs, reading, writing, null;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return cannot(errno);
  if (!ours.take(pair[0]) | !theirs.take(pair[1])) return cannot(errno);
  if (::pipe2(pipe, O_CLOEXEC) != 0) return cannot(errno);
  if (!reading.take(pipe[0]) | !writing.take(pipe[1])) return cannot(errno);
  if (!null.take(::open("/dev/null", O_RDWR | O_CLOEXEC))) return cannot(errno);

  const auto memory = spec.memory == 0 ? 0 : spec.memory + worker_overhead;
  auto group =
      groups.make(group_name(spec), {.memory = memory, .processes = 1, .cpu_weight = spec.cpu_weight});
  const int descriptors[] = {null.number(), null.number(), writing.number(), theirs.number()};
  static_assert(std::size(descriptors) == worker_socket + 1);
  const auto pid = start_child(words_of(spec), descriptors, group);
  if (!pid) return cannot(pid.error());

  std::unique_ptr<GuestWorker> worker(new GuestWorker(io, std::move(spec)));
  worker->pid_ = *pid;
  worker->running_ = true;
  worker->group_ = std::move(group);
  // Nobody but us reaps it, so the number is still its own.
  worker->process_.assign(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  worker->errors_.assign(reading.release());
  worker->errors_.native_non_blocking(true);
  worker->session_ =
      protocol::Session::start(io, protocol::Stream::of_socket(io, ours.release()),
                               {.name = "worker of " + worker->spec_.package, .pid = *pid}, dispatcher);
  worker->session_->local<WorkerIdentity>().package = worker->spec_.package;
  worker->read_lines();
  worker->await_end();
  return worker;
}

GuestWorker::~GuestWorker() {
  if (running_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (session_) session_->close();
}

void GuestWorker::kill() {
  if (!running_) return;
  killed_ = true;
  ::kill(pid_, SIGKILL);  // it has not been reaped, so the number is its own
}

// ---- what it says --------------------------------------------------------------------------------

void GuestWorker::show(std::string_view line) {
  if (!lines_.take(std::chrono::steady_clock::now())) {
    ++left_out_;
    return;
  }
  if (const std::size_t missing = std::exchange(left_out_, 0); missing != 0)
    spdlog::warn("worker of {}: {} lines left out", spec_.package, missing);
  auto level = spdlog::level::warn;
  if (const auto colon = line.find(": "); colon != std::string_view::npos) {
    const auto named = spdlog::level::from_str(std::string(line.substr(0, colon)));
    if (named != spdlog::level::off) {
      level = named;
      line.remove_prefix(colon + 2);
    }
  }
  std::string shown = protocol::as_utf8(line);
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  spdlog::log(level, "worker of {}: {}", spec_.package, shown);
}

/// Shows every whole line that is there; false at the end of the stream.
bool GuestWorker::drain() {
  constexpr int most_reads = 16;  // of 4 KiB: a worker that floods does not keep the loop
  char buffer[4096];
  for (int i = 0; i < most_reads; ++i) {
    const auto got = ::read(errors_.native_handle(), buffer, sizeof buffer);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    rest_.append(buffer, static_cast<std::size_t>(got));
    std::string_view lines = rest_;
    while (!lines.empty()) {
      const auto feed = lines.find('\n');
      if (feed == std::string_view::npos && lines.size() < max_worker_line) break;
      const auto length = std::min(feed, max_worker_line);
      show(lines.substr(0, length));
      lines.remove_prefix(std::min(lines.size(), length + (length == feed ? 1 : 0)));
    }
    rest_.erase(0, rest_.size() - lines.size());
  }
  return true;
}

void GuestWorker::read_lines() {
  errors_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error && drain()) read_lines();  // `error` first: it may mean that we are gone
                     });
}

// ---- its end -------------------------------------------------------------------------------------

void GuestWorker::await_end() {
  process_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (!error) reap();
                      });
}

GuestWorker::End GuestWorker::fate(int status) const {
  End end{.how = {}, .asked_for = killed_};
  end.out_of_memory = (WIFEXITED(status) && WEXITSTATUS(status) == out_of_memory_status) ||
                      (group_ && group_->out_of_memory_kills() != 0);
  if (end.out_of_memory)
    end.how = "ended because its processes used more memory than they may";
  else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    end.how = "was ended by its sandbox: it called the system for what no worker may do";
  else
    end.how = how_it_ended(status);
  return end;
}

void GuestWorker::reap() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return await_end();
  running_ = false;
  drain();
  if (!rest_.empty()) show(std::exchange(rest_, {}));
  boost::system::error_code ignored;
  errors_.close(ignored);
  const End end = fate(status);
  group_.reset();
  session_->close();
  if (!end.asked_for) spdlog::warn("the worker of {} {}", spec_.package, end.how);
  if (auto handler = std::exchange(ended_, nullptr)) handler(end);
}

}  // namespace celeriac::vm::guests
