#include "web/url.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

namespace celeriac::web {

using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::uint16_t http_port = 80, https_port = 443;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), [](char c) { return lower(c); });
  return made;
}

/// Blanks and control characters would end the request line early.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == ':' || c == '%';
  });
}

struct Authority {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<Authority> parse_authority(std::string_view text) {
  Authority made;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    made.host = lower(text.substr(1, end - 1));
    port = text.substr(end + 1);
    if (made.host.find(':') == std::string::npos) return std::nullopt;
  } else {
    const auto colon = text.find(':');
    made.host = lower(text.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (!is_host(made.host)) return std::nullopt;
  if (port.empty()) return made;
  if (!port.starts_with(':')) return std::nullopt;
  port.remove_prefix(1);
  if (port.empty()) return made;
  std::uint16_t number = 0;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size() || number == 0) return std::nullopt;
  made.port = number;
  return made;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.contains(':') ? std::format("[{}]", host) : host;
  return port == (secure ? https_port : http_port) ? name : std::format("{}:{}", name, port);
}

std::string Url::text() const {
  return std::format("{}://{}{}", secure ? "https" : "http", authority(), target);
}

Result<Url> parse_url(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Status::malformed,
                std::format("\"{}\" is no address of the web: {}.", text.substr(0, 200), why));
  };
  if (text.size() > max_url_bytes) return wrong("it is too long");
  if (!is_plain(text)) return wrong("blanks and control characters must be written as %20 and the like");
  Url url;
  const auto colon = text.find("://");
  const std::string scheme = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (scheme != "http" && scheme != "https") return wrong("it begins with http:// or https://");
  url.secure = scheme == "https";
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  const auto end = text.find_first_of("/?");
  const auto authority = text.substr(0, end);
  if (authority.contains('@')) return wrong("a user name in an address is not supported");
  auto parsed = parse_authority(authority);
  if (!parsed) return wrong("its host or port is not good");
  url.host = std::move(parsed->host);
  url.port = parsed->port.value_or(url.secure ? https_port : http_port);
  if (end != std::string_view::npos) url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

Result<Url> resolve(const Url& base, std::string_view location) {
  const auto stop = location.find_first_of(":/?#");
  if (stop != std::string_view::npos && location[stop] == ':') return parse_url(location);
  if (location.starts_with("//"))
    return parse_url(std::format("{}:{}", base.secure ? "https" : "http", location));
  const std::string root = std::format("{}://{}", base.secure ? "https" : "http", base.authority());
  if (location.starts_with('/')) return parse_url(root + std::string(location));
  const std::string_view path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (location.empty() || location.starts_with('?') || location.starts_with('#'))
    return parse_url(std::format("{}{}{}", root, path, location));
  return parse_url(std::format("{}{}{}", root, path.substr(0, path.rfind('/') + 1), location));
}

}  // namespace celeriac::web
