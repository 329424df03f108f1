#include "vm/packages/signature.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <format>
#include <fstream>
#include <memory>
#include <optional>

#include "protocol/package_file.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view untrusted_mark = "untrusted comment:";
constexpr std::string_view trusted_mark = "trusted comment: ";

/// Exactly N bytes of strict Base64.
template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> decode(std::string_view text) {
  constexpr std::size_t groups = (N + 2) / 3;
  constexpr std::size_t padding = groups * 3 - N;
  if (text.size() != groups * 4) return std::nullopt;
  const auto digits = text.substr(0, text.size() - padding);
  const auto legal = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (!std::ranges::all_of(digits, legal)) return std::nullopt;
  if (!std::ranges::all_of(text.substr(digits.size()), [](char c) { return c == '='; })) return std::nullopt;
  std::array<std::uint8_t, groups * 3> bytes{};
  if (EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size())) != static_cast<int>(bytes.size()))
    return std::nullopt;
  std::array<std::uint8_t, N> made;
  std::copy_n(bytes.begin(), N, made.begin());
  return made;
}

/// The next line, without its line feed (and carriage return).
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

template <std::size_t From, std::size_t Count, std::size_t N>
std::array<std::uint8_t, Count> part(const std::array<std::uint8_t, N>& bytes) {
  static_assert(From + Count <= N);
  std::array<std::uint8_t, Count> made;
  std::copy_n(bytes.begin() + From, Count, made.begin());
  return made;
}

/// minisign shows the id as a number whose lowest byte comes first.
std::string id_text(const std::array<std::uint8_t, 8>& id) {
  std::string text;
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte) text += std::format("{:02X}", *byte);
  return text;
}

bool signed_by(const PublicKey& key, const std::array<std::uint8_t, 64>& signature, std::string_view bytes) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.key.data(), key.key.size()), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return public_key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
}

std::unexpected<Error> bad(const PublicKey& key, std::string_view what) {
  Error error{
      .status = Status::denied,
      .message = std::format("The signature is not good: the key {} has not signed {}. The package is "
                             "damaged, or somebody has changed it.",
                             key.name(), what),
      .code = "bad_signature"};
  return std::unexpected(std::move(error));
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view text) {
  auto line = take_line(text);
  if (line.starts_with(untrusted_mark)) line = take_line(text);
  const auto bytes = decode<42>(line);
  if (!bytes || (*bytes)[0] != 'E' || (*bytes)[1] != 'd')
    return fail(Status::malformed, "This is no public key of minisign: 56 characters of Base64, \"RW…\".");
  return PublicKey{.id = part<2, 8>(*bytes), .key = part<10, 32>(*bytes)};
}

std::string PublicKey::name() const {
  return id_text(id);
}

Result<Signature> Signature::parse(std::string_view text) {
  if (text.size() > protocol::max_signature_bytes)
    return fail(Status::malformed, "This is no signature of minisign: it is too long.");
  const auto comment = take_line(text);
  const auto bytes = decode<74>(take_line(text));
  const auto trusted = take_line(text);
  const auto global = decode<64>(take_line(text));
  if (!comment.starts_with(untrusted_mark) || !bytes || (*bytes)[0] != 'E' ||
      ((*bytes)[1] != 'D' && (*bytes)[1] != 'd') || !trusted.starts_with(trusted_mark) || !global)
    return fail(Status::malformed, "This is no signature of minisign (`minisign -S` makes one).");
  return Signature{.prehashed = (*bytes)[1] == 'D',
                   .id = part<2, 8>(*bytes),
                   .signature = part<10, 64>(*bytes),
                   .trusted_comment = std::string(trusted.substr(trusted_mark.size())),
                   .global = *global};
}

std::string Signature::key_name() const {
  return id_text(id);
}

Result<void> verify(const Signature& signature, const PublicKey& key, std::string_view bytes) {
  if (signature.id != key.id) return bad(key, "it: the signature names another key");
  std::array<unsigned char, 64> digest{};
  auto message = bytes;
  if (signature.prehashed) {
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_blake2b512(), nullptr) != 1)
      return fail(Status::internal, "BLAKE2b-512 is not to be had here.");
    message = {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }
  if (!signed_by(key, signature.signature, message)) return bad(key, "it");
  std::string all(reinterpret_cast<const char*>(signature.signature.data()), signature.signature.size());
  all += signature.trusted_comment;
  if (!signed_by(key, signature.global, all)) return bad(key, "its trusted comment");
  return {};
}

std::vector<PublicKey> trusted_keys(const std::filesystem::path& directory,
                                    std::vector<std::string>& trouble) {
  std::vector<PublicKey> keys;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".pub") continue;
    if (keys.size() == max_trusted_keys) {
      trouble.push_back(std::format("{} has more than {} keys: the rest is not looked at.",
                                    directory.string(), max_trusted_keys));
      break;
    }
    std::string text(max_key_bytes, '\0');
    std::ifstream file(entry->path(), std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto key = PublicKey::parse(text);
    if (key)
      keys.push_back(*key);
    else
      trouble.push_back(std::format("{}: {}", entry->path().string(), key.error().message));
  }
  return keys;
}

Result<PublicKey> verify_with_any(const Signature& signature, const std::vector<PublicKey>& keys,
                                  std::string_view bytes) {
  // Two keys may carry the same id, by accident or by malice: each of them is tried.
  Error error{
      .status = Status::denied,
      .message = std::format("The package is signed by the key {}, which is not among the trusted ones. If "
                             "you trust it, give it with --key, or put it into trusted-keys/.",
                             signature.key_name()),
      .code = "unknown_key"};
  for (const PublicKey& key : keys) {
    if (key.id != signature.id) continue;
    auto verified = verify(signature, key, bytes);
    if (verified) return key;
    error = std::move(verified.error());
  }
  return std::unexpected(std::move(error));
}

}  // namespace celeriac::vm
