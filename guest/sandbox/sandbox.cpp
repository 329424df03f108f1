#include "guest/sandbox/sandbox.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>
#include <limits>
#include <span>

#include "guest/sandbox/landlock.hpp"
#include "guest/sandbox/system_calls.hpp"

namespace celeriac::guest {
using protocol::Result;
using protocol::Status;

namespace {

constexpr uid_t nobody = 65534;

std::unexpected<protocol::Error> cannot(std::string_view what) {
  return protocol::fail(Status::denied, std::format("The worker cannot {}: {}.", what, std::strerror(errno)));
}

/// Everything but 0 to 2 and what is to stay.
void close_descriptors(std::vector<int> stay) {
  std::ranges::sort(stay);
  unsigned from = STDERR_FILENO + 1;
  for (const int descriptor : stay) {
    const auto kept = static_cast<unsigned>(descriptor);
    if (kept > from) ::close_range(from, kept - 1, 0);
    from = std::max(from, kept + 1);
  }
  ::close_range(from, ~0U, 0);
}

struct Limit {
  __rlimit_resource resource;
  rlim_t value;
};

Result<void> set_limits(std::span<const Limit> limits) {
  for (const auto& [resource, value] : limits) {
    rlimit now{};
    if (::getrlimit(resource, &now) != 0) return cannot("read its limits");
    const rlim_t least = std::min(value, now.rlim_max);  // what is lower already stays so
    const rlimit wanted{least, least};
    if (::setrlimit(resource, &wanted) != 0) return cannot("set its limits");
  }
  return {};
}

Result<void> set_limits(const Allowance& allowance) {
  const rlim_t address_space = worker_address_space + allowance.instances * instance_address_space;
  const rlim_t memory = allowance.memory == 0 ? RLIM_INFINITY : memory_limit(allowance);
  const Limit limits[] = {
      {RLIMIT_AS, address_space},
      {RLIMIT_DATA, memory},
      {RLIMIT_CORE, 0},
      {RLIMIT_FSIZE, 0},
      {RLIMIT_NOFILE, most_descriptors},
      {RLIMIT_NPROC, 0},
      {RLIMIT_MEMLOCK, 0},
      {RLIMIT_MSGQUEUE, 0},
      {RLIMIT_NICE, 0},
      {RLIMIT_RTPRIO, 0},
      {RLIMIT_SIGPENDING, 16},
  };
  return set_limits(limits);
}

/// A network, IPC and host name of its own; as a user of its own where that is possible without privileges.
void take_namespaces(Walls& walls) {
  constexpr int flags = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  // Root needs none, and would stay root outside of it.
  if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER | flags) == 0) {
    walls.own_user = walls.own_network = true;
  } else if (::unshare(flags) == 0) {
    walls.own_network = true;
  } else {
    walls.missing.push_back(std::format("no namespaces of its own ({})", std::strerror(errno)));
  }
}

Result<void> drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capset, &header, none) != 0) return cannot("give up its capabilities");
  return {};
}

/// Root becomes nobody, and whoever has capabilities loses them for ever.
Result<void> drop_privileges() {
  constexpr int highest_capability = 63;
  for (int capability = 0; capability <= highest_capability; ++capability)
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0,
            0);  // fails without privileges, and for those that do not exist
  ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
  if (::geteuid() == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
        ::setresuid(nobody, nobody, nobody) != 0)
      return cannot("become another user than root");
  }
  return drop_capabilities();
}

}  // namespace

std::uint64_t memory_limit(const Allowance& allowance) noexcept {
  if (allowance.memory == 0) return 0;
  return worker_memory + allowance.memory + allowance.instances * (allowance.stack + instance_overhead);
}

Result<void> seal_sandbox() {
  return seal_filter();
}

Result<void> enter_compiler_sandbox(const std::string& directory) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("give up new privileges");
  ::clearenv();
  ::umask(022);
  if (::chdir("/") != 0) return cannot("leave its directory");
  close_descriptors({});
  Walls walls;
  take_namespaces(walls);
  if (auto dropped = drop_capabilities(); !dropped) return dropped;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return cannot("tie its life to the VM's");
  constexpr Limit limits[] = {
      {RLIMIT_DATA, compiler_memory},
      {RLIMIT_CPU, compiler_seconds},
      {RLIMIT_FSIZE, most_compiled_bytes},
      {RLIMIT_CORE, 0},
      {RLIMIT_NPROC, 0},
      {RLIMIT_NOFILE, 64},
  };
  if (auto set = set_limits(limits); !set) return set;
  if (auto version = enter_landlock({.path = directory, .writable = true}); !version)
    return std::unexpected(version.error());
  return {};
}

Result<Walls> enter_sandbox(const Allowance& allowance) {
  Walls walls;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return cannot("give up new privileges");
  ::clearenv();
  ::umask(077);
  // Compiled code is found from where the process stands: its user may not be able to walk there.
  if (::chdir(allowance.compiled.empty() ? "/" : allowance.compiled.c_str()) != 0)
    return cannot(allowance.compiled.empty() ? "leave its directory"
                                             : "enter the directory of compiled code");
  ::setsid();  // fails if it is done already
  close_descriptors(allowance.descriptors);
  take_namespaces(walls);
  if (auto dropped = drop_privileges(); !dropped) return std::unexpected(dropped.error());
  // After the change of user, which would undo both.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return cannot("make itself undumpable");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return cannot("tie its life to the VM's");
  if (auto set = set_limits(allowance); !set) return std::unexpected(set.error());
  if (allowance.landlock) {
    auto version = enter_landlock({.path = allowance.compiled.empty() ? "" : "."});
    if (!version) return std::unexpected(version.error());
    walls.landlock = *version;
    if (walls.landlock == 0)
      walls.missing.emplace_back("no Landlock in this kernel: files are refused by the filter alone");
  }
  if (allowance.filter)
    if (auto loaded = load_filter(!allowance.compiled.empty()); !loaded)
      return std::unexpected(loaded.error());
  return walls;
}

}  // namespace celeriac::guest
