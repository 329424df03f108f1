#include "guest/sandbox/system_calls.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <memory>
#include <string>

namespace celeriac::guest {
using protocol::Result;
using protocol::Status;

namespace {

constexpr auto allow = Verdict::allow;
constexpr auto end = Verdict::end;

constexpr Condition when(unsigned argument, std::uint64_t value, std::uint64_t mask = ~std::uint64_t{0}) {
  return {true, argument, mask, value};
}
constexpr Condition not_executable = when(2, 0, PROT_EXEC);

// What takes a descriptor works on those that were inherited: no call that makes one of anything but the
// loop's own is in the table. Sending is send() alone: no address, and no sendmsg, which could pass
// descriptors on.
constexpr SystemCall table[] = {
    // the socket, standard error, the file of the memory watch
    {"read", allow},
    {"readv", allow},
    {"pread64", allow},
    {"write", allow},
    {"writev", allow},
    {"recvfrom", allow},
    {"sendto", allow, when(4, 0)},
    {"close", allow},
    {"shutdown", allow},
    {"fstat", allow},
    {"fcntl", allow, when(1, F_GETFL)},
    {"fcntl", allow, when(1, F_SETFL)},
    {"fcntl", allow, when(1, F_GETFD)},
    {"fcntl", allow, when(1, F_SETFD)},
    {"ioctl", allow, when(1, FIONBIO)},
    // the loop
    {"poll", allow, {}, false, true},
    {"ppoll", allow},
    {"epoll_create1", allow},
    {"epoll_ctl", allow},
    {"epoll_wait", allow, {}, false, true},
    {"epoll_pwait", allow},
    {"eventfd2", allow},
    {"timerfd_create", allow},
    {"timerfd_settime", allow},
    {"timerfd_gettime", allow},
    // memory, never executable
    {"mmap", allow, not_executable},
    {"mprotect", allow, not_executable},
    {"munmap", allow},
    {"mremap", allow},
    {"madvise", allow},
    {"brk", allow},
    // time, chance, itself
    {"clock_gettime", allow},
    {"clock_getres", allow},
    {"clock_nanosleep", allow},
    {"nanosleep", allow},
    {"gettimeofday", allow},
    {"time", allow, {}, false, true},
    {"getrandom", allow},
    {"getrusage", allow},
    {"getpid", allow},
    {"gettid", allow},
    {"futex", allow},
    {"sched_yield", allow},
    {"membarrier", allow},
    {"rseq", allow},
    {"rt_sigaction", allow},
    {"rt_sigprocmask", allow},
    {"rt_sigreturn", allow},
    {"sigaltstack", allow},
    {"restart_syscall", allow},
    {"tgkill", allow, {}, true},  // abort()
    {"exit", allow},
    {"exit_group", allow},
    // what only somebody else's code would do
    {"execve", end},
    {"execveat", end},
    {"fork", end, {}, false, true},
    {"vfork", end, {}, false, true},
    {"clone", end},
    {"socket", end},
    {"connect", end},
    {"bind", end},
    {"listen", end},
    {"sendmsg", end},
    {"sendmmsg", end},
    {"ptrace", end},
    {"process_vm_readv", end},
    {"process_vm_writev", end},
    {"pidfd_open", end},
    {"pidfd_getfd", end},
    {"kill", end},
    {"tkill", end},
    {"mount", end},
    {"unshare", end},
    {"setns", end},
    {"bpf", end},
    {"init_module", end},
    {"finit_module", end},
    {"kexec_load", end},
    {"io_uring_setup", end},
    {"userfaultfd", end},
    {"perf_event_open", end},
    {"keyctl", end},
};

using Filter = std::unique_ptr<void, decltype([](void* filter) { ::seccomp_release(filter); })>;

}  // namespace

std::span<const SystemCall> system_calls() noexcept {
  return table;
}

Result<void> load_filter() {
  const auto cannot = [](std::string_view what, int error) {
    return protocol::fail(Status::denied, std::format("The filter of system calls cannot be loaded: {}: {}.",
                                                      what, std::strerror(-error)));
  };
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return cannot("it cannot be made", -ENOMEM);
  // Calls of another architecture's numbers have no business here: libseccomp ends the process.
  if (const int bad = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
      bad != 0)
    return cannot("foreign architectures", bad);
  for (const SystemCall& row : table) {
    const std::string name(row.name);
    const int number = ::seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR && row.may_be_missing) continue;
    const std::uint32_t action = row.verdict == allow ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
    int bad = 0;
    if (row.condition.present) {
      const auto& [present, argument, mask, value] = row.condition;
      const scmp_arg_cmp compare{argument, SCMP_CMP_MASKED_EQ, mask, value};
      bad = ::seccomp_rule_add_array(filter.get(), action, number, 1, &compare);
    } else if (row.own_process) {
      const scmp_arg_cmp compare{0, SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid()), 0};
      bad = ::seccomp_rule_add_array(filter.get(), action, number, 1, &compare);
    } else {
      bad = ::seccomp_rule_add_array(filter.get(), action, number, 0, nullptr);
    }
    if (bad != 0 && !(row.may_be_missing && bad == -EDOM)) return cannot(row.name, bad);
  }
  if (const int bad = ::seccomp_load(filter.get()); bad != 0) return cannot("the kernel refuses it", bad);
  return {};
}

}  // namespace celeriac::guest
