#pragma once
// Control groups for workers, in the part of the tree that systemd hands to us (Delegate=yes with
// DelegateSubgroup=, so that the part's own group has no process in it).

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace celeriac::vm::guests {

struct ControlGroupLimits {
  std::uint64_t memory = 0;  ///< memory.max in bytes; 0: none. Swap is not counted, and not allowed beyond it
  std::uint32_t processes = 1;  ///< pids.max
  std::uint32_t cpu_weight = 100;
};

/// One worker's; removed when this goes, which succeeds once the worker has been reaped.
class ControlGroup {
 public:
  ControlGroup(std::filesystem::path path, int descriptor) noexcept
      : path_(std::move(path)), descriptor_(descriptor) {}
  ControlGroup(ControlGroup&& other) noexcept;
  ControlGroup& operator=(ControlGroup&& other) noexcept;
  ~ControlGroup();

  /// The open directory, as clone3() takes it.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Moves a process into it; false with errno where that is not allowed.
  [[nodiscard]] bool take_in(pid_t process) const;
  /// How often the kernel has ended a process because of memory.max.
  [[nodiscard]] std::uint64_t out_of_memory_kills() const;

 private:
  void leave() noexcept;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Where groups are made; without a path none are.
class ControlGroups {
 public:
  ControlGroups() = default;
  /// The part of the tree at `root` that is delegated to this process, if there is one: `own` is what
  /// /proc/self/cgroup says. Groups that systemd has not marked as delegated are left alone.
  static ControlGroups delegated(const std::filesystem::path& root = "/sys/fs/cgroup",
                                 const std::filesystem::path& own = "/proc/self/cgroup");

  [[nodiscard]] bool available() const noexcept { return !path_.empty(); }
  /// Nothing if there are none here or one of the limits cannot be set.
  [[nodiscard]] std::optional<ControlGroup> make(std::string_view name,
                                                 const ControlGroupLimits& limits) const;

 private:
  std::filesystem::path path_;
};

}  // namespace celeriac::vm::guests
