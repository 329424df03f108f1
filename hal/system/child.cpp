#include "hal/system/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>

namespace celeriac::hal::system {
namespace {

namespace asio = boost::asio;
using protocol::Result;
using protocol::Status;

/// What a unit of systemd's has, where the environment names none.
constexpr const char* usual_path = "/usr/local/bin:/usr/bin:/bin";

/// Attributes and file actions of a spawn; freed with it.
class Spawn {
 public:
  explicit Spawn(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Spawn() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  /// The errno, or 0 and the process.
  int run(pid_t& pid, const ChildSpec& spec) {
    std::vector<std::string> words{spec.program};
    words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
    const char* const path = std::getenv("PATH");
    std::vector<std::string> variables{std::format("PATH={}", path != nullptr ? path : usual_path),
                                       "LC_ALL=C"};
    return ::posix_spawnp(&pid, spec.program.c_str(), &actions_, &attributes_, pointers(words).data(),
                          pointers(variables).data());
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> made;
    for (auto& word : words) made.push_back(word.data());
    made.push_back(nullptr);
    return made;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

std::string ChildEnd::fate(Duration patience) const {
  if (timed_out)
    return std::format("did not end within {} s",
                       std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  return std::format("ended with status {}", status);
}

Child::Child(asio::io_context& io, Timers& timers, Output output, Ended ended)
    : output_end_(io),
      process_(io),
      patience_(timers.make()),
      output_(std::move(output)),
      ended_(std::move(ended)) {}

Result<std::unique_ptr<Child>> Child::start(asio::io_context& io, Timers& timers, ChildSpec spec,
                                            Output output, Ended ended) {
  const auto cannot = [&](int error) {
    return protocol::fail(Status::offline,
                          std::format("{} cannot be started: {}.{}", spec.program, std::strerror(error),
                                      error == ENOENT ? " Is it installed?" : ""));
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot(errno);
  std::unique_ptr<Child> child(new Child(io, timers, std::move(output), std::move(ended)));
  child->output_end_.assign(ends[0]);
  child->output_end_.native_non_blocking(true);
  const int error = Spawn(ends[1]).run(child->pid_, spec);
  ::close(ends[1]);
  if (error != 0) {
    child->pid_ = -1;
    return cannot(error);
  }
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child->pid_, 0));
  if (pidfd < 0) return cannot(errno);  // it is killed with the object
  child->process_.assign(pidfd);
  child->patience_->set(spec.patience, [self = child.get()] {
    self->end_.timed_out = true;
    self->kill();
  });
  child->read_on();
  child->await_end();
  return child;
}

Child::~Child() {
  if (pid_ < 0) return;
  kill();
  ::waitpid(pid_, nullptr, 0);
}

void Child::kill() const {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

// Everything that is there now; false at the end of the stream.
bool Child::drain() {
  char buffer[4096];
  while (true) {
    const auto got = ::read(output_end_.native_handle(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::string_view piece(buffer, static_cast<std::size_t>(got));
    end_.output += piece;
    if (end_.output.size() > max_kept_output) end_.output.erase(0, end_.output.size() - max_kept_output);
    if (output_) output_(piece);
  }
}

void Child::read_on() {
  output_end_.async_wait(asio::posix::descriptor_base::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (!error && drain()) read_on();  // `error` first: we may be gone
                         });
}

void Child::await_end() {
  process_.async_wait(asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        int status = 0;
                        kill();  // what it has started and left behind
                        ::waitpid(pid_, &status, 0);
                        pid_ = -1;
                        patience_->cancel();
                        drain();
                        output_end_.cancel();
                        end_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                        auto ended = std::move(ended_);
                        ended(std::move(end_));  // may destroy this
                      });
}

}  // namespace celeriac::hal::system
