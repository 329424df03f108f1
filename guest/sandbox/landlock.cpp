#include "guest/sandbox/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <format>

namespace celeriac::guest {
using protocol::Status;

namespace {

/// What a version of the interface can take away that those before it cannot.
struct Version {
  int number;
  std::uint64_t files, network, scopes;
};
constexpr Version versions[] = {
    {1,
     LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
         LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
         LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
         LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
         LANDLOCK_ACCESS_FS_MAKE_SYM,
     0, 0},
    {2, LANDLOCK_ACCESS_FS_REFER, 0, 0},
    {3, LANDLOCK_ACCESS_FS_TRUNCATE, 0, 0},
    {4, 0, LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP, 0},
    {5, LANDLOCK_ACCESS_FS_IOCTL_DEV, 0, 0},
    {6, 0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL},
};

/// What writing new files takes.
constexpr std::uint64_t used = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                               LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                               LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;

}  // namespace

protocol::Result<int> enter_landlock(const OpenDirectory& open) {
  const auto found = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (found < 1) return 0;
  landlock_ruleset_attr attributes{};
  for (const auto& version : versions) {
    if (version.number > found) break;
    attributes.handled_access_fs |= version.files;
    attributes.handled_access_net |= version.network;
    attributes.scoped |= version.scopes;
  }
  // An older kernel takes a longer structure, as long as what it does not know is zero.
  const auto rules =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (rules >= 0 && !open.path.empty()) {
    landlock_path_beneath_attr beneath{
        open.writable ? used & attributes.handled_access_fs : LANDLOCK_ACCESS_FS_READ_FILE,
        ::open(open.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const bool added = beneath.parent_fd >= 0 &&
                       ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    const int why = errno;
    if (beneath.parent_fd >= 0) ::close(beneath.parent_fd);
    if (!added) {
      ::close(rules);
      return protocol::fail(Status::denied,
                            std::format("{} cannot be used: {}.", open.path, std::strerror(why)));
    }
  }
  const bool in_force = rules >= 0 && ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  const int reason = errno;
  if (rules >= 0) ::close(rules);
  if (!in_force)
    return protocol::fail(Status::denied,
                          std::format("Landlock cannot be entered: {}.", std::strerror(reason)));
  return static_cast<int>(found);
}

}  // namespace celeriac::guest
