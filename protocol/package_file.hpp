#pragma once
// How a package and its signature travel as one blob, to PACKAGE.INSPECT and PACKAGE.INSTALL:
//
//   "CELPKG1\n"  length of the signature (u32 big endian)  the .minisig file's text  the archive
//
// A blob that does not begin so is an archive without a signature.

#include <cstdint>
#include <string>
#include <string_view>

namespace celeriac::protocol {

inline constexpr std::string_view package_file_magic = "CELPKG1\n";
/// Bytes of a package, the archive as it comes: the console sends none that is longer, the VM takes none.
inline constexpr std::size_t max_package_bytes = std::size_t{64} * 1024 * 1024;
/// Bytes of a .minisig file.
inline constexpr std::size_t max_signature_bytes = 8192;

struct PackageFile {
  std::string_view signature;  ///< "" for none
  std::string_view archive;
};

inline std::string join_package_file(std::string_view signature, std::string_view archive) {
  if (signature.empty() && !archive.starts_with(package_file_magic)) return std::string(archive);
  std::string bytes(package_file_magic);
  const auto size = static_cast<std::uint32_t>(signature.size());
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
  bytes.append(signature).append(archive);
  return bytes;
}

/// Views into `bytes`. What is cut off in the middle of the signature is an empty archive, which is none.
inline PackageFile split_package_file(std::string_view bytes) {
  constexpr std::size_t head = package_file_magic.size() + 4;
  if (!bytes.starts_with(package_file_magic) || bytes.size() < head) return {{}, bytes};
  std::size_t size = 0;
  for (std::size_t i = package_file_magic.size(); i < head; ++i)
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  const auto rest = bytes.substr(head);
  if (size > rest.size()) return {rest, {}};
  return {rest.substr(0, size), rest.substr(size)};
}

}  // namespace celeriac::protocol
