#pragma once
// What a reset is about to throw away, in a folder, each in a file named by its kind and time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "hal/settings/store.hpp"

namespace celeriac::hal::settings {

/// Of a kind, so many of the newest stay.
inline constexpr std::size_t max_backups = 20;

class Backups {
 public:
  using Written = std::move_only_function<void(protocol::Result<std::filesystem::path>)>;

  /// Makes the folder when it is needed.
  Backups(std::filesystem::path folder, Background background)
      : folder_(std::move(folder)), background_(std::move(background)) {}

  /// Writes `content` into "KIND-2026-11-29T19-45-19Z.json"; completes with the whole path when it is on the
  /// disk. Status::failed if it cannot be written.
  void write(std::string kind, std::int64_t time_ms, const protocol::Json& content, Written written) const;

 private:
  std::filesystem::path folder_;
  Background background_;
};

}  // namespace celeriac::hal::settings
