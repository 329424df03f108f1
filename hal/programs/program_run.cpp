#include "hal/programs/program_run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <format>
#include <optional>

#include "protocol/words.hpp"

namespace celeriac::hal::programs {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using protocol::Result;
using protocol::Status;

/// The longest piece of a program's complaint in a sentence.
constexpr std::size_t longest_complaint = 200;

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
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return ::posix_spawnp(&pid, pointers.front(), &actions_, &attributes_, pointers.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// The last line that says something.
std::string last_line(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const auto feed = text.rfind('\n');
  return protocol::shown(feed == std::string_view::npos ? text : text.substr(feed + 1), longest_complaint);
}

}  // namespace

/// Lives until its process is reaped, whoever has lost interest meanwhile.
class ProgramRun::Process : public std::enable_shared_from_this<Process> {
 public:
  Process(asio::io_context& io, Timers& timers, std::string name, RunLimits limits, Done done)
      : name_(std::move(name)),
        limits_(limits),
        done_(std::move(done)),
        deadline_(timers.make()),
        output_(io),
        error_(io),
        end_(io) {}

  /// 0, or the errno with which it failed.
  int begin(std::vector<std::string> words) {
    Ends output, error;
    if (!output.make() || !error.make()) return errno;
    if (const int why = SpawnOrders(output.write_end(), error.write_end()).spawn(pid_, words); why != 0)
      return why;
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (process < 0) {
      const int why = errno;
      kill();
      ::waitpid(pid_, nullptr, 0);
      return why;
    }
    output_.assign(output.release_read_end());
    error_.assign(error.release_read_end());
    end_.assign(process);
    output_.native_non_blocking(true);
    error_.native_non_blocking(true);
    read_output();
    read_error();
    await_end();
    deadline_->set(limits_.time, [this] {
      stop({.status = Status::timeout,
            .message = std::format("{} did not end within {} s.", name_,
                                   std::chrono::duration<double>(limits_.time).count())});
    });
    return 0;
  }

  /// Nobody waits for it any more.
  void abandon() {
    done_ = nullptr;
    deadline_.reset();
    kill();
  }

 private:
  void kill() const {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
  }

  void stop(protocol::Error why) {
    if (!stopped_) stopped_ = std::move(why);
    kill();
  }

  void read_output() {
    output_.async_wait(stream_descriptor::wait_read,
                       [this, self = shared_from_this()](const boost::system::error_code& failed) {
                         if (!failed && drain_output()) read_output();
                       });
  }

  /// False at the end of the stream, and when there is too much of it.
  bool drain_output() {
    return drain(output_, [this](std::string_view part) {
      if (output_text_.size() + part.size() > limits_.output_bytes) {
        stop({.status = Status::out_of_resources,
              .message = std::format("{} wrote more than {} bytes.", name_, limits_.output_bytes)});
        return false;
      }
      output_text_ += part;
      return true;
    });
  }

  void read_error() {
    error_.async_wait(stream_descriptor::wait_read,
                      [this, self = shared_from_this()](const boost::system::error_code& failed) {
                        if (!failed && drain_error()) read_error();
                      });
  }

  bool drain_error() {
    return drain(error_, [this](std::string_view part) {
      error_text_ += part;
      if (error_text_.size() > kept_error_bytes) error_text_.erase(0, error_text_.size() - kept_error_bytes);
      return true;
    });
  }

  static bool drain(stream_descriptor& end, const std::function<bool(std::string_view)>& take) {
    char buffer[65536];
    while (end.is_open()) {
      const auto got = ::read(end.native_handle(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0 || !take({buffer, static_cast<std::size_t>(got)})) return false;
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
    drain_output();
    drain_error();
    for (auto* descriptor : {&output_, &error_, &end_}) {
      boost::system::error_code ignored;
      descriptor->close(ignored);
    }
    deadline_.reset();
    if (done_) std::exchange(done_, nullptr)(result(status));
  }

  Result<std::string> result(int status) {
    if (stopped_) return std::unexpected(std::move(*stopped_));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::move(output_text_);
    const std::string how = WIFSIGNALED(status) ? std::format("was killed by signal {} ({})",
                                                              WTERMSIG(status), ::strsignal(WTERMSIG(status)))
                                                : std::format("ended with status {}", WEXITSTATUS(status));
    const auto complaint = last_line(error_text_);
    return protocol::fail(Status::failed,
                          std::format("{} {}{}{}.", name_, how, complaint.empty() ? "" : ": ", complaint));
  }

  std::string name_;
  RunLimits limits_;
  Done done_;
  std::unique_ptr<Timer> deadline_;
  stream_descriptor output_, error_;
  stream_descriptor end_;  // a pidfd: readable once the process has ended
  pid_t pid_ = -1;
  std::string output_text_, error_text_;
  std::optional<protocol::Error> stopped_;
};

Result<std::unique_ptr<ProgramRun>> ProgramRun::start(asio::io_context& io, Timers& timers,
                                                      std::vector<std::string> words, RunLimits limits,
                                                      Done done) {
  const std::string name = words.front();
  auto process = std::make_shared<Process>(io, timers, name, limits, std::move(done));
  if (const int why = process->begin(std::move(words)); why != 0)
    return protocol::fail(Status::not_found,
                          std::format("{} cannot be started: {}.", name, std::strerror(why)));
  return std::unique_ptr<ProgramRun>(new ProgramRun(std::move(process)));
}

ProgramRun::~ProgramRun() {
  process_->abandon();
}

}  // namespace celeriac::hal::programs
