#include "vm/guests/child.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <format>

namespace celeriac::vm::guests {
namespace {

/// What posix_spawn() takes; both are destroyed with it.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

std::expected<pid_t, int> start_child(std::vector<std::string> words, std::span<const int> descriptors,
                                      const std::optional<ControlGroup>& group) {
  SpawnPlan plan;
  const auto count = static_cast<int>(descriptors.size());
  for (int number = 0; number < count; ++number)
    ::posix_spawn_file_actions_adddup2(&plan.actions, descriptors[static_cast<std::size_t>(number)], number);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, count);
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID;
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  if (group) {
    flags = static_cast<short>(flags | POSIX_SPAWN_SETCGROUP);
    ::posix_spawnattr_setcgroup_np(&plan.attributes, group->descriptor());
  }
  ::posix_spawnattr_setflags(&plan.attributes, flags);

  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  char* const no_environment[] = {nullptr};
  pid_t pid = -1;
  const auto spawn = [&] {
    return ::posix_spawn(&pid, words.front().c_str(), &plan.actions, &plan.attributes, pointers.data(),
                         no_environment);
  };
  int reason = spawn();
  if (reason == ENOTSUP && group) {
    // Without clone3(), which systemd takes from those whose namespaces it restricts, nobody is born in a
    // group.
    ::posix_spawnattr_setflags(&plan.attributes, static_cast<short>(flags & ~POSIX_SPAWN_SETCGROUP));
    reason = spawn();
    if (reason == 0 && !group->take_in(pid)) {
      reason = errno;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  if (reason != 0) return std::unexpected(reason);
  return pid;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return std::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return std::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace celeriac::vm::guests
