#pragma once
// HTTP and HTTPS requests of the host, on Boost.Beast: one request, one bounded answer, a deadline.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::web {

/// Bytes of a body that is read unless the request says more; a longer one fails with out_of_resources.
inline constexpr std::size_t max_body_bytes = std::size_t{16} * 1024 * 1024;
/// Bytes of an answer's headers, all together; more fails with out_of_resources.
inline constexpr std::size_t max_header_bytes = std::size_t{64} * 1024;
/// Answers that send us elsewhere, one after another; one more fails with failed.
inline constexpr int max_redirects = 5;

struct HttpRequest {
  std::string url;  ///< http:// or https://
  std::string method = "GET";
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{180'000};  ///< for all of it: name, connection, redirects, answer
  std::filesystem::path ca_file = {};          ///< certificates that are believed beside the system's, PEM
  std::size_t max_body = max_body_bytes;       ///< of the answer
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

using HttpDone = std::move_only_function<void(protocol::Result<HttpResponse>)>;

/// Any status of an answer is an answer, but for redirects, which are followed: not from https to http, and
/// without Authorization and Cookie to another host. `done` runs once, never inside the call.
///
/// offline: no such host, nobody answers, the certificate is not good (code `certificate`; the message says
/// which); timeout; malformed: no URL, or a method or header that cannot be sent; out_of_resources: the
/// answer is too long; denied: redirected from https to http; failed: redirected for ever, or the answer is
/// no HTTP.
void fetch(boost::asio::any_io_executor executor, HttpRequest request, HttpDone done);

}  // namespace celeriac::web
