#include "console/up/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>

namespace celeriac::console {
using protocol::Result;
using protocol::Status;

namespace {

/// Both ends of a pipe; closed unless released.
class Ends {
 public:
  bool make() { return ::pipe2(fds_, O_CLOEXEC) == 0; }
  ~Ends() {
    for (const int fd : fds_)
      if (fd >= 0) ::close(fd);
  }
  [[nodiscard]] int write_end() const { return fds_[1]; }
  [[nodiscard]] int read_end() const { return fds_[0]; }
  int release_read_end() { return std::exchange(fds_[0], -1); }
  void close_write_end() { ::close(std::exchange(fds_[1], -1)); }

 private:
  int fds_[2] = {-1, -1};
};

/// What the new process does until it is another program: only calls that are safe after fork().
[[noreturn]] void become(const char* program, char* const* words, int output, int error, int trouble,
                         pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  ::execv(program, words);
  const int reason = errno;
  [[maybe_unused]] const auto written = ::write(trouble, &reason, sizeof reason);
  ::_exit(127);
}

/// The errno that execv() failed with, 0 if it succeeded: the pipe closes itself then.
int exec_error(int descriptor) {
  int reason = 0;
  while (true) {
    const auto got = ::read(descriptor, &reason, sizeof reason);
    if (got < 0 && errno == EINTR) continue;
    return got == sizeof reason ? reason : 0;
  }
}

}  // namespace

Child::Child(boost::asio::io_context& io, ChildSpec spec, Events events)
    : spec_(std::move(spec)),
      ended_(std::move(events.ended)),
      output_{boost::asio::posix::stream_descriptor(io), std::move(events.output)},
      error_{boost::asio::posix::stream_descriptor(io), std::move(events.error)},
      process_(io) {}

Result<std::unique_ptr<Child>> Child::start(boost::asio::io_context& io, ChildSpec spec, Events events) {
  const auto cannot = [&](int reason) {
    return protocol::fail(Status::not_found, std::format("Cannot start {}: {}: {}.", spec.name,
                                                         spec.program.string(), std::strerror(reason)));
  };
  Ends output, error, trouble;
  if (!output.make() || !error.make() || !trouble.make()) return cannot(errno);
  const std::string program = spec.program.string();
  std::vector<std::string> words{program};
  words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return cannot(errno);
  if (pid == 0)
    become(program.c_str(), pointers.data(), output.write_end(), error.write_end(), trouble.write_end(),
           parent);
  trouble.close_write_end();
  const int reason = exec_error(trouble.read_end());
  if (reason != 0) {
    ::waitpid(pid, nullptr, 0);
    return cannot(reason);
  }
  std::unique_ptr<Child> child(new Child(io, std::move(spec), std::move(events)));
  child->pid_ = pid;
  child->running_ = true;
  child->output_.end.assign(output.release_read_end());
  child->error_.end.assign(error.release_read_end());
  child->process_.assign(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  child->output_.end.native_non_blocking(true);
  child->error_.end.native_non_blocking(true);
  child->read_on(child->output_);
  child->read_on(child->error_);
  child->await_end();
  return child;
}

Child::~Child() {
  if (!running_) return;
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  if (running_) ::kill(pid_, number);
}

/// Passes on every whole line that is there; false at the end of the stream.
bool Child::drain(Pipe& pipe) {
  char buffer[4096];
  while (true) {
    const auto got = ::read(pipe.end.native_handle(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    pipe.rest.append(buffer, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (auto feed = pipe.rest.find('\n'); feed != std::string::npos; feed = pipe.rest.find('\n', begin)) {
      pipe.line(std::string_view(pipe.rest).substr(begin, feed - begin));
      begin = feed + 1;
    }
    pipe.rest.erase(0, begin);
    if (pipe.rest.size() > max_child_line) pipe.line(std::exchange(pipe.rest, {}));
  }
}

void Child::read_on(Pipe& pipe) {
  pipe.end.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this, &pipe](const boost::system::error_code& error) {
                        if (!error && drain(pipe))
                          read_on(pipe);  // `error` first: it may mean that we are gone
                      });
}

void Child::await_end() {
  process_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (!error) reap();
                      });
}

void Child::reap() {
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return await_end();
  running_ = false;
  for (auto* pipe : {&output_, &error_}) {
    if (!pipe->end.is_open()) continue;
    drain(*pipe);
    if (!pipe->rest.empty()) pipe->line(std::exchange(pipe->rest, {}));
    boost::system::error_code ignored;
    pipe->end.close(ignored);
  }
  ended_();
}

std::optional<int> Child::exit_status() const {
  if (running_ || !WIFEXITED(status_)) return std::nullopt;
  return WEXITSTATUS(status_);
}

std::string Child::fate() const {
  if (running_) return "is running";
  if (WIFSIGNALED(status_))
    return std::format("was killed by signal {} ({})", WTERMSIG(status_), ::strsignal(WTERMSIG(status_)));
  return std::format("ended with status {}", WEXITSTATUS(status_));
}

}  // namespace celeriac::console
