#pragma once
// Signatures of packages, as the stock `minisign` tool makes them: Ed25519 over the archive's bytes ("Ed",
// the older form) or over their BLAKE2b-512 digest ("ED"), and a second one over the first and the trusted
// comment.
//
//   untrusted comment: …                 anything, believed by nobody
//   Base64 of algorithm (2), key id (8), signature (64)
//   trusted comment: …
//   Base64 of a signature (64) over signature and trusted comment
//
// A public key is Base64 of "Ed", key id (8), key (32), alone or below an untrusted comment, as in
// minisign.pub.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace celeriac::vm {

/// Files read from the directory of trusted keys.
inline constexpr std::size_t max_trusted_keys = 64;
/// Bytes of a file with a key.
inline constexpr std::size_t max_key_bytes = 4096;

struct PublicKey {
  std::array<std::uint8_t, 8> id{};
  std::array<std::uint8_t, 32> key{};

  /// Base64, or the text of a minisign.pub. Status::malformed.
  static protocol::Result<PublicKey> parse(std::string_view text);
  /// 16 hex digits, as minisign shows it.
  [[nodiscard]] std::string name() const;
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

struct Signature {
  bool prehashed = true;
  std::array<std::uint8_t, 8> id{};
  std::array<std::uint8_t, 64> signature{};
  std::string trusted_comment;
  std::array<std::uint8_t, 64> global{};

  /// The text of a .minisig file. Status::malformed.
  static protocol::Result<Signature> parse(std::string_view text);
  /// Of the key that is said to have made it.
  [[nodiscard]] std::string key_name() const;
};

/// Status::denied (code `bad_signature`) if the key has not signed these bytes, or not the trusted comment.
protocol::Result<void> verify(const Signature& signature, const PublicKey& key, std::string_view bytes);

/// The keys in the files *.pub of a directory; none if there is no such directory. A file that holds no key
/// is passed over and named in `trouble`.
std::vector<PublicKey> trusted_keys(const std::filesystem::path& directory,
                                    std::vector<std::string>& trouble);

/// Finds the key that made the signature among `keys` and verifies with it. Status::denied, code
/// `unknown_key` if it is not there.
protocol::Result<PublicKey> verify_with_any(const Signature& signature, const std::vector<PublicKey>& keys,
                                            std::string_view bytes);

}  // namespace celeriac::vm
