#pragma once
// Values by name in one JSON file, replaced as a whole: a reader, or a crash, meets the old file or the new
// one.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/document.hpp"
#include "protocol/error.hpp"

namespace celeriac::hal::settings {

/// Runs `job` where it may take its time, then `done` on the event loop.
using Background =
    std::function<void(std::move_only_function<void()> job, std::move_only_function<void()> done)>;

/// Largest file that is read.
inline constexpr std::uintmax_t max_file_bytes = 1024 * 1024;

/// Reads a JSON object. An absent file is an empty object; Status::failed with a sentence for anything else.
protocol::Result<protocol::Json> read_object(const std::filesystem::path& path);

/// Writes a file: whole and on the disk, or it stays as it was. Status::failed with a sentence.
protocol::Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

class Store {
 public:
  using Completion = std::move_only_function<void(protocol::Result<void>)>;

  Store(std::filesystem::path path, Background background);
  /// Reads the file. On failure the store stays empty.
  protocol::Result<void> load();
  [[nodiscard]] const protocol::Json& values() const noexcept { return values_; }
  /// Sets a value and writes the file in the background; completes when it is on the disk. Changes that come
  /// while a write goes on share the next one.
  void set(const std::string& name, protocol::Json value, Completion completion);
  /// The same for all values at once: those that are not in `values` go.
  void replace(protocol::Json values, Completion completion);

 private:
  void write();

  std::filesystem::path path_;
  Background background_;
  protocol::Json values_ = protocol::Json::object();
  std::vector<Completion> waiting_;  // for the next write
  bool writing_ = false;
};

}  // namespace celeriac::hal::settings
