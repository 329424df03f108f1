#pragma once
// An HTTP request and its answer, apart from the connection; and how they become messages and come back.

#include <string>
#include <utility>
#include <vector>

#include "gateway/http/bindings.hpp"
#include "gateway/vm_link.hpp"

namespace celeriac::gateway {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a client asks.
struct HttpQuestion {
  std::string peer;    ///< "127.0.0.1:40312"
  bool local = false;  ///< it comes from this machine
  std::string method;
  std::string scheme = "http";
  std::string host;                                        ///< the Host header
  std::string target;                                      ///< as sent: "/a%20b?c=d"
  std::string path;                                        ///< decoded: "/a b"
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  Headers headers;                                         ///< names in lower case, one entry a name
  std::string body;

  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;  ///< "" if there is none
};

struct HttpAnswer {
  int status = 200;
  Headers headers = {};
  std::string body = {};
};

/// One plain sentence, for a person.
HttpAnswer plain_answer(int status, std::string sentence);

/// Fills in path and query from the target. malformed: no path of this server, or a percent sign that stands
/// for nothing.
protocol::Result<void> read_target(HttpQuestion& question);

/// The message that asks a process, in the terms of its binding: without address and deadline.
protocol::Outgoing question_message(const HttpQuestion& question, const Binding& binding);

/// The answer that came back, or what went wrong: 413, 502, 503 or 504 with a sentence.
HttpAnswer answer_of(protocol::Result<Incoming> item, const Binding& binding);

/// True for names that may stand before the colon of a header.
bool is_header_name(std::string_view text) noexcept;

}  // namespace celeriac::gateway
