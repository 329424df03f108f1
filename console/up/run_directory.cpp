#include "console/up/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <string>

namespace celeriac::console {
using protocol::Error;
using protocol::Result;
using protocol::Status;

namespace {

constexpr const char* lock_name = "up.lock";  // holds the number of the process that has the lock

Error unusable(const std::filesystem::path& path, const std::string& why) {
  return {.status = Status::failed,
          .message = std::format("Cannot use the directory {}: {}. Name another one with --dir.",
                                 path.string(), why)};
}

std::string read_start(int descriptor) {
  char text[32] = {};
  const auto got = ::pread(descriptor, text, sizeof text - 1, 0);
  std::string word(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  return word.substr(0, word.find_first_not_of("0123456789"));
}

}  // namespace

Result<RunDirectory> RunDirectory::claim(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return std::unexpected(unusable(path, std::strerror(errno)));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::unexpected(unusable(path, std::strerror(errno)));
  if (!S_ISDIR(info.st_mode)) return std::unexpected(unusable(path, "it is no directory"));
  // In /tmp anybody may have made it first, and would own the sockets.
  if (info.st_uid != ::geteuid()) return std::unexpected(unusable(path, "it belongs to another user"));

  const auto lock_path = path / lock_name;
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return std::unexpected(unusable(path, std::strerror(errno)));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const std::string owner = read_start(lock);
    ::close(lock);
    return protocol::fail(
        Status::wrong_state,
        std::format("A host runs in {} already{}: stop it first, or name another directory with --dir.",
                    path.string(), owner.empty() ? "" : std::format(" (process {})", owner)));
  }
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, number.data(), number.size(), 0) < 0) {
    const int reason = errno;
    ::close(lock);
    return std::unexpected(unusable(path, std::strerror(reason)));
  }
  return RunDirectory(std::filesystem::absolute(path, error), lock);
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace celeriac::console
