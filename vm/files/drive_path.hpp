#pragma once
// Where a file is, as guests name it: /package:publisher/drive/path/in/it.

#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Bytes of a path, the drive included, and directories inside each other.
inline constexpr std::size_t max_file_path = 1024;
inline constexpr std::size_t max_file_depth = 32;
/// Bytes of one name: what the file systems take.
inline constexpr std::size_t max_file_name = 255;

struct DrivePath {
  std::string package;  ///< first part of the package's id
  std::string publisher;
  std::string drive;  ///< [a-z0-9_-]+
  std::string rest;   ///< path in the drive, without slashes at its ends; "" for the drive itself

  /// Status::malformed: no such path, or one with empty segments, `.`, `..`, control characters, or bytes
  /// that are not UTF-8.
  static protocol::Result<DrivePath> parse(std::string_view text);
  /// "/package:publisher/drive"
  [[nodiscard]] std::string drive_text() const { return '/' + package + ':' + publisher + '/' + drive; }
  [[nodiscard]] std::string text() const { return rest.empty() ? drive_text() : drive_text() + '/' + rest; }
  /// "package:publisher"
  [[nodiscard]] std::string package_id() const { return package + ':' + publisher; }
};

/// Whether `name` may be the name of a drive.
bool is_drive_name(std::string_view name);

}  // namespace celeriac::vm
