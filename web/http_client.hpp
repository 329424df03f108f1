#pragma once
// HTTP and HTTPS requests of the host, on Boost.Beast: one request, one bounded answer, a deadline.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "protocol/error.hpp"

namespace celeriac::web {

/// Bytes of a body that is read; a longer one fails with out_of_resources.
inline constexpr std::size_t max_body_bytes = std::size_t{16} * 1024 * 1024;
inline constexpr int max_redirects = 5;

struct HttpRequest {
  std::string url;  ///< http:// or https://
  std::string method = "GET";
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{180'000};
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

using HttpDone = std::move_only_function<void(protocol::Result<HttpResponse>)>;

/// offline: no such host, nobody answers, the certificate is not good (the message says which); timeout;
/// malformed: no URL; out_of_resources: the answer is too long.
void fetch(boost::asio::any_io_executor executor, HttpRequest request, HttpDone done);

}  // namespace celeriac::web
