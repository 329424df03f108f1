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
constexpr Condition executable = when(2, PROT_EXEC, PROT_EXEC);
constexpr auto loading = Stage::loading;

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
    // until compiled code is loaded: its file, which Landlock lets be read, and pages that it can run in
    {"openat", allow, when(2, O_RDONLY, O_ACCMODE), false, false, loading},
    {"newfstatat", allow, {}, false, true, loading},
    {"statx", allow, {}, false, false, loading},
    {"lseek", allow, {}, false, false, loading},
    {"mmap", allow, executable, false, false, loading},
    {"mprotect", allow, executable, false, false, loading},
    {"seccomp", allow, {}, false, false, loading},  // seal_filter()
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

namespace {

std::unexpected<protocol::Error> cannot_load(std::string_view what, int error) {
  return protocol::fail(Status::denied, std::format("The filter of system calls cannot be loaded: {}: {}.",
                                                    what, std::strerror(-error)));
}

/// Adds a row to a filter, with this action.
Result<void> add(const Filter& filter, const SystemCall& row, std::uint32_t action) {
  const int number = ::seccomp_syscall_resolve_name(std::string(row.name).c_str());
  if (number == __NR_SCMP_ERROR && row.may_be_missing) return {};
  scmp_arg_cmp compare{};
  if (row.condition.present)
    compare = {row.condition.argument, SCMP_CMP_MASKED_EQ, row.condition.mask, row.condition.value};
  else if (row.own_process)
    compare = {0, SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid()), 0};
  const unsigned conditions = row.condition.present || row.own_process ? 1 : 0;
  const int bad = ::seccomp_rule_add_array(filter.get(), action, number, conditions, &compare);
  if (bad != 0 && !(row.may_be_missing && bad == -EDOM)) return cannot_load(row.name, bad);
  return {};
}

}  // namespace

Result<void> load_filter(bool with_loading) {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return cannot_load("it cannot be made", -ENOMEM);
  // Calls by another architecture's numbers have no business here.
  if (const int bad = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
      bad != 0)
    return cannot_load("foreign architectures", bad);
  for (const SystemCall& row : table) {
    if (row.stage == loading && !with_loading) continue;
    const std::uint32_t action = row.verdict == allow ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
    if (auto added = add(filter, row, action); !added) return added;
  }
  if (const int bad = ::seccomp_load(filter.get()); bad != 0)
    return cannot_load("the kernel refuses it", bad);
  return {};
}

Result<void> seal_filter() {
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return cannot_load("it cannot be made", -ENOMEM);
  // The process has no new privileges already, and may not say so again.
  if (const int bad = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0); bad != 0)
    return cannot_load("privileges", bad);
  for (const SystemCall& row : table) {
    if (row.stage != loading) continue;
    if (auto added = add(filter, row, SCMP_ACT_ERRNO(EPERM)); !added) return added;
  }
  if (const int bad = ::seccomp_load(filter.get()); bad != 0)
    return cannot_load("the kernel refuses it", bad);
  return {};
}

}  // namespace celeriac::guest
