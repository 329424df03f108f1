#include "vm/guests/control_group.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <format>
#include <fstream>
#include <utility>

namespace celeriac::vm::guests {
namespace fs = std::filesystem;

namespace {

/// A file of the tree takes one write, and must be there.
bool write_value(const fs::path& file, std::string_view value) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool written = ::write(descriptor, value.data(), value.size()) == static_cast<ssize_t>(value.size());
  ::close(descriptor);
  return written;
}

/// The path of the line "0::/system.slice/…", below the root; "" if there is no such line.
fs::path own_group(const fs::path& file) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("0::/")) return line.substr(4);
  return {};
}

/// Whether systemd has given a group to the service in it (Delegate=), and says so on it.
bool is_delegated(const fs::path& group) {
  char value = 0;
  for (const char* name : {"user.delegate", "trusted.delegate"})
    if (::getxattr(group.c_str(), name, &value, 1) == 1 && value == '1') return true;
  return false;
}

}  // namespace

ControlGroup::ControlGroup(ControlGroup&& other) noexcept
    : path_(std::exchange(other.path_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}

ControlGroup& ControlGroup::operator=(ControlGroup&& other) noexcept {
  if (this == &other) return *this;
  leave();
  path_ = std::exchange(other.path_, {});
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

ControlGroup::~ControlGroup() {
  leave();
}

void ControlGroup::leave() noexcept {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  ::rmdir(path_.c_str());
}

bool ControlGroup::take_in(pid_t process) const {
  return write_value(path_ / "cgroup.procs", std::to_string(process));
}

std::uint64_t ControlGroup::out_of_memory_kills() const {
  std::ifstream events(path_ / "memory.events");
  for (std::string word; events >> word;) {
    std::uint64_t count = 0;
    if (events >> count && word == "oom_kill") return count;
  }
  return 0;
}

ControlGroups ControlGroups::delegated(const fs::path& root, const fs::path& own) {
  ControlGroups made;
  const fs::path group = own_group(own);
  if (group.empty()) return made;
  // We are in a group of our own inside the delegated one, whose other children the workers become.
  const fs::path parent = (root / group).parent_path();
  if (!is_delegated(parent)) return made;  // somebody else's, even if we could write there
  if (!write_value(parent / "cgroup.subtree_control", "+memory +pids +cpu")) return made;
  made.path_ = parent;
  return made;
}

std::optional<ControlGroup> ControlGroups::make(std::string_view name,
                                                const ControlGroupLimits& limits) const {
  if (path_.empty()) return std::nullopt;
  const fs::path path = path_ / name;
  ::rmdir(path.c_str());  // of a VM that was killed
  std::error_code error;
  if (!fs::create_directory(path, error)) return std::nullopt;
  const auto memory = limits.memory == 0 ? std::string("max") : std::to_string(limits.memory);
  const bool set = write_value(path / "memory.max", memory) &&
                   write_value(path / "pids.max", std::to_string(limits.processes)) &&
                   write_value(path / "cpu.weight", std::to_string(limits.cpu_weight));
  write_value(path / "memory.swap.max", "0");  // not there on a machine without swap accounting
  const int descriptor = set ? ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (descriptor >= 0) return ControlGroup(path, descriptor);
  spdlog::warn("no cgroup for the worker {}: its limits cannot be set", name);
  ::rmdir(path.c_str());
  return std::nullopt;
}

}  // namespace celeriac::vm::guests
