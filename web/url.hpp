#pragma once
// Addresses of the web, as far as a client needs them: http and https, a host, a port, what is asked for.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace celeriac::web {

/// Characters of an address that is read.
inline constexpr std::size_t max_url_bytes = 8192;

struct Url {
  bool secure = false;
  std::string host;         ///< in lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;  ///< 443 where https names none
  std::string target;       ///< path and query, "/" at least; no fragment

  /// The value of a Host header: the port only where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string text() const;
};

/// malformed: no http or https address, or one with a user name in it.
protocol::Result<Url> parse_url(std::string_view text);

/// Where a Location header leads to: a whole address, one without a scheme, a path, or a query.
protocol::Result<Url> resolve(const Url& base, std::string_view location);

}  // namespace celeriac::web
