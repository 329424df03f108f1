#pragma once
// The archive of a package: a tar, as it is or compressed with gzip or zstd, unpacked in memory.
//
//   manifest.json     what its processes are and want
//   metadata.json     its name, publisher and version
//   pkg/…             modules and data; the drive of the package
//
// Only regular files of these names are taken. Anything that could reach outside (absolute paths, `..`,
// links, devices) or stand twice refuses the whole archive; other files beside them are left out and named.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Bytes of all files together.
inline constexpr std::size_t max_unpacked_bytes = std::size_t{64} * 1024 * 1024;
/// Entries of the archive, directories among them.
inline constexpr std::size_t max_archive_entries = 4096;
/// Bytes of a path in the archive.
inline constexpr std::size_t max_archive_path = 255;

struct Archive {
  std::string manifest;
  std::string metadata;
  std::map<std::string, std::string> files;  ///< below pkg/, by path without it
  std::vector<std::string> left_out;
};

/// malformed: no archive, or one with something in it that must not be; the message names it.
/// out_of_resources: it goes over one of the bounds.
protocol::Result<Archive> unpack(std::string_view bytes);

}  // namespace celeriac::vm
