#include "hal/settings/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <fstream>
#include <memory>

namespace celeriac::hal::settings {
namespace {

namespace fs = std::filesystem;
using protocol::Json;
using protocol::Result;
using protocol::Status;

std::unexpected<protocol::Error> cannot(std::string_view what, const fs::path& path, int error) {
  return protocol::fail(Status::failed,
                        std::format("{} cannot be {}: {}.", path.string(), what, std::strerror(error)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

// A temporary name, the disk, then the name: in this order nothing is ever half there.
Result<void> write_file(const fs::path& path, std::string_view bytes) {
  const auto temporary = path.string() + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return cannot("written", path, errno);
  const bool written = write_all(fd, bytes) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return cannot("written", path, error);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return cannot("replaced", path, errno);
  if (const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

Result<Json> read_object(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return Json::object();
  if (error) return cannot("read", path, error.value());
  if (size > max_file_bytes)
    return protocol::fail(Status::failed,
                          std::format("{} is larger than {} bytes.", path.string(), max_file_bytes));
  std::ifstream file(path, std::ios::binary);
  if (!file) return cannot("read", path, errno);
  auto object = Json::parse(file, nullptr, false);
  if (!object.is_object())
    return protocol::fail(Status::failed,
                          std::format("{} is no JSON object: repair it, or remove it to begin with the "
                                      "defaults.",
                                      path.string()));
  return object;
}

Store::Store(fs::path path, Background background)
    : path_(std::move(path)), background_(std::move(background)) {}

Result<void> Store::load() {
  auto object = read_object(path_);
  if (!object) return std::unexpected(std::move(object.error()));
  values_ = std::move(*object);
  return {};
}

void Store::set(const std::string& name, Json value, Completion completion) {
  auto values = values_;
  values[name] = std::move(value);
  replace(std::move(values), std::move(completion));
}

void Store::replace(Json values, Completion completion) {
  values_ = std::move(values);
  waiting_.push_back(std::move(completion));
  if (!writing_) write();
}

void Store::write() {
  writing_ = true;
  auto result = std::make_shared<Result<void>>();
  auto completions = std::make_shared<std::vector<Completion>>(std::exchange(waiting_, {}));
  background_([path = path_, text = values_.dump(2) + "\n", result] { *result = write_file(path, text); },
              [this, result, completions] {
                writing_ = false;
                if (!waiting_.empty()) write();
                for (auto& completion : *completions) completion(*result);
              });
}

}  // namespace celeriac::hal::settings
