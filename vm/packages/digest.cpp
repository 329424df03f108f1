#include "vm/packages/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <format>

namespace celeriac::vm {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string text;
  for (const auto byte : digest) text += std::format("{:02x}", byte);
  return text;
}

}  // namespace celeriac::vm
