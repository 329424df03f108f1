#include "vm/sync/web_api.hpp"

#include <format>

#include "protocol/words.hpp"
#include "web/http_client.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Error;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::chrono::milliseconds patience{60'000};

/// What the API says of a refusal: {error: "…"} or {field: ["…"]}; on one line and not too long.
std::string complaint(const std::string& body) {
  constexpr std::size_t longest = 300;
  const json document = json::parse(body, nullptr, false);
  std::string text;
  if (document.is_object())
    for (const auto& [field, value] : document.items())
      text += std::format("{}{}: {}", text.empty() ? "" : ", ", field,
                          value.is_string() ? value.get<std::string>()
                                            : value.dump(-1, ' ', false, json::error_handler_t::replace));
  if (text.empty()) text = "no reason given";
  return protocol::shown(text, longest);
}

}  // namespace

bool is_passing(const Error& error) {
  const bool may_pass = error.status == Status::offline || error.status == Status::timeout ||
                        error.status == Status::overloaded;
  return may_pass && error.code != "certificate";
}

Result<json> answer_of(int status, const std::string& body, const std::string& asked) {
  constexpr int unauthorized = 401, forbidden = 403, not_found = 404, too_many = 429;
  if (status >= 200 && status < 300) {
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return json();
    json document = json::parse(body, nullptr, false);
    if (document.is_discarded())
      return fail(Status::failed,
                  std::format("{} is not answered with JSON: is that address a web API?", asked));
    return document;
  }
  switch (status) {
    case unauthorized:
    case forbidden:
      return fail(
          Status::denied,
          std::format("The web API does not take the token ({}): it has expired, or was revoked. Get a new "
                      "one, put it into the token file, and start the VM again.",
                      status));
    case not_found:
      return fail(Status::not_found, std::format("The web API has nothing at {}.", asked));
    default:
      break;
  }
  if (status == too_many || status >= 500)
    return fail(Status::overloaded,
                std::format("The web API is in trouble: it answers {} with status {}.", asked, status));
  return fail(Status::malformed,
              std::format("The web API refuses {} with status {}: {}.", asked, status, complaint(body)));
}

void AccountApi::ask(std::string method, std::string path, json body, Done done) {
  std::string asked = std::format("{} {}", method, path);
  web::HttpRequest request{.url = account_.server + path,
                           .method = std::move(method),
                           // As its own clients send it: the bare token, without a scheme.
                           .headers = {{"Authorization", account_.token}, {"Accept", "application/json"}},
                           .timeout = patience,
                           .ca_file = account_.ca_file};
  if (!body.is_null()) {
    request.headers["Content-Type"] = "application/json";
    request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  web::fetch(executor_, std::move(request),
             [this, alive = std::weak_ptr(alive_), asked = std::move(asked),
              done = std::move(done)](Result<web::HttpResponse> response) mutable {
               if (alive.expired()) return;
               if (!response) return done(std::unexpected(std::move(response.error())));
               worker_.run(
                   [asked = std::move(asked), response = std::move(*response)] {
                     return answer_of(response.status, response.body, asked);
                   },
                   [alive, done = std::move(done)](Result<json> answer) mutable {
                     if (!alive.expired()) done(std::move(answer));
                   });
             });
}

}  // namespace celeriac::vm
