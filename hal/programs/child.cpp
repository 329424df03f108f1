#include "hal/programs/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <format>

namespace celeriac::hal::programs {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using protocol::Result;
using protocol::Status;

/// Both ends of a pipe; closed unless released.
class Ends {
 public:
  bool make() { return ::pipe2(fds_, O_CLOEXEC) == 0; }
  ~Ends() {
    for (const int fd : fds_)
      if (fd >= 0) ::close(fd);
  }
  [[nodiscard]] int write_end() const { return fds_[1]; }
  int release_read_end() { return std::exchange(fds_[0], -1); }

 private:
  int fds_[2] = {-1, -1};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> made;
  for (auto& word : words) made.push_back(word.data());
  made.push_back(nullptr);
  return made;
}

/// Ours, in a language that we can read.
std::vector<std::string> environment() {
  std::vector<std::string> made;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (!variable.starts_with("LC_") && !variable.starts_with("LANG")) made.emplace_back(variable);
  }
  made.emplace_back("LC_ALL=C.UTF-8");
  return made;
}

/// What posix_spawn is told.
class SpawnOrders {
 public:
  SpawnOrders(int output, int error) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO);
    // The board's line is among ours.
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none, ours;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &ours);
  }
  ~SpawnOrders() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOrders(const SpawnOrders&) = delete;
  SpawnOrders& operator=(const SpawnOrders&) = delete;

  /// 0, or the errno with which it failed.
  int spawn(pid_t& pid, std::vector<std::string>& words) const {
    auto variables = environment();
    return ::posix_spawnp(&pid, words.front().c_str(), &actions_, &attributes_, pointers(words).data(),
                          pointers(variables).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// How a process ended that nobody killed for its time, from what waitpid says.
std::string fate_of(int status) {
  if (WIFSIGNALED(status))
    return std::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return std::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

/// Lives until its process is reaped, whoever has lost interest meanwhile.
class Child::Process : public std::enable_shared_from_this<Process> {
 public:
  Process(asio::io_context& io, Timers& timers, Events events)
      : events_(std::move(events)), deadline_(timers.make()), output_(io), error_(io), end_(io) {}

  /// 0, or the errno with which it failed.
  int begin(std::vector<std::string> words, Duration patience) {
    Ends output, error;
    if (!output.make() || !error.make()) return errno;
    if (const int why = SpawnOrders(output.write_end(), error.write_end()).spawn(pid_, words); why != 0) {
      pid_ = -1;
      return why;
    }
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (process < 0) {
      const int why = errno;
      kill();
      ::waitpid(std::exchange(pid_, -1), nullptr, 0);
      return why;
    }
    output_.assign(output.release_read_end());
    error_.assign(error.release_read_end());
    end_.assign(process);
    output_.native_non_blocking(true);
    error_.native_non_blocking(true);
    read(output_, Stream::output);
    read(error_, Stream::error);
    await_end();
    deadline_->set(patience, [this, patience] {
      late_ = std::format("did not end within {} s", std::chrono::duration<double>(patience).count());
      kill();
    });
    return 0;
  }

  /// Nobody waits for it any more.
  void abandon() {
    events_ = {};
    deadline_.reset();
    kill();
  }

  void kill() const {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
  }

 private:
  void read(stream_descriptor& from, Stream stream) {
    from.async_wait(stream_descriptor::wait_read, [this, &from, stream, self = shared_from_this()](
                                                      const boost::system::error_code& failed) {
      if (!failed && drain(from, stream)) read(from, stream);
    });
  }

  /// Everything that is there now; false at the end of the stream.
  bool drain(stream_descriptor& from, Stream stream) {
    char buffer[65536];
    while (from.is_open()) {
      const auto got = ::read(from.native_handle(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      if (events_.wrote) events_.wrote(stream, {buffer, static_cast<std::size_t>(got)});
    }
    return false;
  }

  void await_end() {
    end_.async_wait(stream_descriptor::wait_read,
                    [this, self = shared_from_this()](const boost::system::error_code& failed) {
                      if (!failed) reap();
                    });
  }

  void reap() {
    siginfo_t information{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &information, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        information.si_pid != pid_)
      return await_end();
    kill();  // what it has left behind; while it is not reaped, its number is nobody else's
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    drain(output_, Stream::output);
    drain(error_, Stream::error);
    for (auto* descriptor : {&output_, &error_, &end_}) {
      boost::system::error_code ignored;
      descriptor->close(ignored);
    }
    deadline_.reset();
    const bool timed_out = !late_.empty();
    if (auto ended = std::exchange(events_, {}).ended)
      ended({.timed_out = timed_out,
             .good = !timed_out && WIFEXITED(status) && WEXITSTATUS(status) == 0,
             .fate = timed_out ? late_ : fate_of(status)});
  }

  Events events_;
  std::unique_ptr<Timer> deadline_;
  stream_descriptor output_, error_;
  stream_descriptor end_;  // a pidfd: readable once the process has ended
  pid_t pid_ = -1;         // -1: there is none, or it has been waited for
  std::string late_;       // not empty: its time was up
};

Result<std::unique_ptr<Child>> Child::start(asio::io_context& io, Timers& timers,
                                            std::vector<std::string> words, Duration patience,
                                            Events events) {
  const std::string name = words.front();
  auto process = std::make_shared<Process>(io, timers, std::move(events));
  if (const int why = process->begin(std::move(words), patience); why != 0)
    return protocol::fail(Status::not_found,
                          std::format("{} cannot be started: {}.{}", name, std::strerror(why),
                                      why == ENOENT ? " Is it installed?" : ""));
  return std::unique_ptr<Child>(new Child(std::move(process)));
}

Child::~Child() {
  process_->abandon();
}

void Child::kill() const {
  process_->kill();
}

}  // namespace celeriac::hal::programs
