#include "guest/sandbox/probe.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace celeriac::guest {
namespace {

/// Both of an attempt: -1 and errno, as system calls have it.
struct Attempt {
  const char* name;
  long (*tried)(const ProbeTargets& targets);
};

long connect_to(const sockaddr* address, socklen_t size, int family) {
  const int made = ::socket(family, SOCK_STREAM, 0);
  return made < 0 ? -1 : ::connect(made, address, size);
}

long connect_unix(const ProbeTargets& targets) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  targets.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX);
}

long connect_tcp(const ProbeTargets&) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_INET);
}

long executable_page(const ProbeTargets&) {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                 MAP_FAILED
             ? -1
             : 0;
}

long made_executable(const ProbeTargets&) {
  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? -1 : ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

long more_memory(const ProbeTargets&) {
  constexpr std::size_t much = std::size_t{1} << 46;
  return ::mmap(nullptr, much, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED
             ? -1
             : 0;
}

long more_writable_memory(const ProbeTargets&) {
  constexpr std::size_t much = std::size_t{1} << 30;
  return ::mmap(nullptr, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
                 MAP_FAILED
             ? -1
             : 0;
}

long raised_limit(const ProbeTargets&) {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  return ::setrlimit(RLIMIT_AS, &all);
}

long other_memory(const ProbeTargets&) {
  char byte = 0;
  const iovec here{&byte, 1}, there{reinterpret_cast<void*>(0x10000), 1};
  return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0);
}

long passed_descriptor(const ProbeTargets&) {
  iovec nothing{nullptr, 0};
  msghdr message{};
  message.msg_iov = &nothing;
  message.msg_iovlen = 1;
  return ::sendmsg(STDERR_FILENO, &message, 0);
}

constexpr Attempt attempts[] = {
    // files
    {"read a file", [](const ProbeTargets& to) -> long { return ::open(to.file.c_str(), O_RDONLY); }},
    {"make a file",
     [](const ProbeTargets&) -> long {
       return ::open("/tmp/celeriac-probe", O_WRONLY | O_CREAT | O_EXCL, 0600);
     }},
    {"list a directory", [](const ProbeTargets&) -> long { return ::open("/", O_RDONLY | O_DIRECTORY); }},
    {"remove a file", [](const ProbeTargets&) -> long { return ::unlink("/tmp/celeriac-probe-other"); }},
    {"make a directory", [](const ProbeTargets&) -> long { return ::mkdir("/tmp/celeriac-probe-d", 0700); }},
    {"open a device", [](const ProbeTargets&) -> long { return ::open("/dev/zero", O_RDWR); }},
    {"open by handle of a descriptor",
     [](const ProbeTargets&) -> long { return ::open("/proc/self/fd/2", O_WRONLY); }},
    {"make a memory file",
     [](const ProbeTargets&) -> long { return ::syscall(SYS_memfd_create, "probe", 0); }},
    {"write to another descriptor",
     [](const ProbeTargets& to) -> long { return ::write(to.descriptor, "x", 1); }},
    // network
    {"make a unix socket", [](const ProbeTargets&) -> long { return ::socket(AF_UNIX, SOCK_STREAM, 0); }},
    {"make a TCP socket", [](const ProbeTargets&) -> long { return ::socket(AF_INET, SOCK_STREAM, 0); }},
    {"make a UDP socket", [](const ProbeTargets&) -> long { return ::socket(AF_INET, SOCK_DGRAM, 0); }},
    {"make a raw socket", [](const ProbeTargets&) -> long { return ::socket(AF_PACKET, SOCK_RAW, 0); }},
    {"connect to the VM's socket", connect_unix},
    {"connect over TCP", connect_tcp},
    {"make a pair of sockets",
     [](const ProbeTargets&) -> long {
       int pair[2];
       return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
     }},
    {"pass a descriptor on", passed_descriptor},
    // processes
    {"fork", [](const ProbeTargets&) -> long { return ::fork(); }},
    {"make a thread",
     [](const ProbeTargets&) -> long {
       return ::syscall(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, nullptr);
     }},
    {"run a program",
     [](const ProbeTargets&) -> long {
       char name[] = "/bin/true";
       char* const words[] = {name, nullptr};
       return ::execv(name, words);
     }},
    {"trace the parent",
     [](const ProbeTargets&) -> long { return ::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0); }},
    {"read the parent's memory", other_memory},
    {"signal the parent", [](const ProbeTargets&) -> long { return ::kill(::getppid(), 0); }},
    {"signal everybody", [](const ProbeTargets&) -> long { return ::kill(-1, 0); }},
    {"signal a thread of another process",
     [](const ProbeTargets&) -> long { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
    {"open another process",
     [](const ProbeTargets&) -> long { return ::syscall(SYS_pidfd_open, ::getppid(), 0); }},
    // memory
    {"map an executable page", executable_page},
    {"make a page executable", made_executable},
    {"reserve more address space", more_memory},
    {"take more memory", more_writable_memory},
    // privileges
    {"become root", [](const ProbeTargets&) -> long { return ::setuid(0); }},
    {"raise a limit", raised_limit},
    {"become dumpable", [](const ProbeTargets&) -> long { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"take another namespace", [](const ProbeTargets&) -> long { return ::unshare(CLONE_NEWUSER); }},
    {"mount", [](const ProbeTargets&) -> long { return ::mount("none", "/tmp", "tmpfs", 0, nullptr); }},
    {"change the root", [](const ProbeTargets&) -> long { return ::chroot("/tmp"); }},
    {"load a BPF program", [](const ProbeTargets&) -> long { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
    {"make an I/O ring",
     [](const ProbeTargets&) -> long {
       io_uring_params parameters{};
       return ::syscall(SYS_io_uring_setup, 1, &parameters);
     }},
    {"watch page faults", [](const ProbeTargets&) -> long { return ::syscall(SYS_userfaultfd, 0); }},
    {"count events",
     [](const ProbeTargets&) -> long {
       perf_event_attr attributes{};
       attributes.size = sizeof attributes;
       return ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
     }},
    {"set the clock",
     [](const ProbeTargets&) -> long {
       const timespec time{1, 0};
       return ::clock_settime(CLOCK_REALTIME, &time);
     }},
    {"allow itself calls again",
     [](const ProbeTargets&) -> long { return ::prctl(PR_SET_SECCOMP, 0, 0, 0, 0); }},
};

/// The attempt in a process of its own behind the walls.
std::string outcome(const Attempt& attempt, const ProbeTargets& targets, Allowance allowance) {
  int answer[2];
  if (::pipe(answer) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child < 0) return "no process";
  if (child == 0) {
    allowance.descriptors = {answer[1]};
    int result = -1;
    if (enter_sandbox(allowance)) {
      errno = 0;
      result = attempt.tried(targets) == -1 ? errno : 0;
    }
    [[maybe_unused]] const auto written = ::write(answer[1], &result, sizeof result);
    ::_exit(0);
  }
  ::close(answer[1]);
  int result = -1;
  const bool answered = ::read(answer[0], &result, sizeof result) == sizeof result;
  ::close(answer[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("killed by SIG") + ::sigabbrev_np(WTERMSIG(status));
  if (!answered) return "no answer";
  if (result == -1) return "no sandbox";
  return result == 0 ? "allowed" : ::strerrorname_np(result);
}

}  // namespace

nlohmann::json probe(const ProbeTargets& targets) {
  constexpr std::uint64_t megabyte = 1024 * 1024;
  const Allowance all{.instances = 4, .memory = 64 * megabyte};
  Allowance filter_alone = all, landlock_alone = all;
  filter_alone.landlock = false;
  landlock_alone.filter = false;
  auto list = nlohmann::json::array();
  for (const Attempt& attempt : attempts)
    list.push_back({{"name", attempt.name},
                    {"all", outcome(attempt, targets, all)},
                    {"filter_alone", outcome(attempt, targets, filter_alone)},
                    {"landlock_alone", outcome(attempt, targets, landlock_alone)}});
  nlohmann::json walls;
  if (const auto entered = enter_sandbox({.descriptors = {}, .filter = false}))
    walls = {{"landlock", entered->landlock},
             {"own_network", entered->own_network},
             {"own_user", entered->own_user},
             {"missing", entered->missing}};
  return {{"walls", std::move(walls)}, {"attempts", std::move(list)}};
}

}  // namespace celeriac::guest
