#include "gateway/http/client_service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <format>

#include "gateway/spawn.hpp"
#include "protocol/document.hpp"
#include "web/http_client.hpp"

namespace celeriac::gateway {

namespace asio = boost::asio;
using protocol::fail;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

/// {"HttpRequest": {…}}, or the fields bare.
Result<web::HttpRequest> read_request(const Incoming& message) {
  const auto document = Json::parse(message.body, nullptr, false);
  const auto fields = document.is_object() ? document.value("HttpRequest", document) : Json();
  if (!fields.is_object() || !fields.contains("url") || !fields["url"].is_string())
    return fail(Status::malformed, "A request is {\"HttpRequest\": {\"method\", \"url\", \"headers\"}}.");
  web::HttpRequest request{.url = fields["url"].get<std::string>()};
  if (const auto method = fields.find("method"); method != fields.end() && method->is_string())
    request.method = method->get<std::string>();
  if (const auto headers = fields.find("headers"); headers != fields.end()) {
    if (!headers->is_object())
      return fail(Status::malformed, "The headers of a request are an object of texts.");
    for (const auto& [name, value] : headers->items()) {
      if (!value.is_string())
        return fail(Status::malformed, std::format("The header \"{}\" is no text.", name));
      request.headers[name] = value.get<std::string>();
    }
  }
  if (message.blob_missing) return fail(Status::out_of_resources, "The body of the request is too long.");
  request.body = message.blob_bytes;
  request.timeout = client_deadline;
  if (message.expects && *message.expects > 0)
    request.timeout = std::min(request.timeout, std::chrono::milliseconds(*message.expects));
  return request;
}

Outgoing failed(const char* kind, const std::string& sentence) {
  Outgoing response;
  response.body = Json{{"Err", {{kind, sentence}}}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

asio::awaitable<Result<web::HttpResponse>> fetched(web::HttpRequest request) {
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<web::HttpResponse>)>(
      [&](auto handler) {
        web::fetch(executor, std::move(request),
                   [handler = std::move(handler)](Result<web::HttpResponse> result) mutable {
                     std::move(handler)(std::move(result));
                   });
      },
      asio::use_awaitable);
}

}  // namespace

HttpClientService::HttpClientService(VmLink& link, std::filesystem::path ca_file)
    : ca_file_(std::move(ca_file)) {
  process_ =
      link.add({.name = "http-client:distro:sys"}, [this](Incoming request) { taken(std::move(request)); });
}

void HttpClientService::taken(Incoming request) {
  spawn(process_->io(), "a request of http-client", fetch(std::move(request)));
}

asio::awaitable<void> HttpClientService::fetch(Incoming message) {
  auto request = read_request(message);
  Outgoing response;
  if (!request) {
    response = failed("MalformedRequest", request.error().message);
  } else if (auto& busy = busy_[message.source];
             busy >= max_client_requests_per_process || all_busy_ >= max_client_requests) {
    if (busy == 0) busy_.erase(message.source);
    response = failed("RequestFailed",
                      std::format("Too many requests are under way: at most {}, and {} of one process.",
                                  max_client_requests, max_client_requests_per_process));
  } else {
    ++busy;
    ++all_busy_;
    request->ca_file = ca_file_;
    auto answer = co_await fetched(std::move(*request));
    --all_busy_;
    if (const auto at = busy_.find(message.source); at != busy_.end() && --at->second == 0) busy_.erase(at);
    if (answer) {
      const Json head{{"Ok", {{"HttpResponse", {{"status", answer->status}, {"headers", answer->headers}}}}}};
      response.body = head.dump(-1, ' ', false, Json::error_handler_t::replace);
      response.blob_bytes = std::move(answer->body);
      if (const auto type = answer->headers.find("content-type"); type != answer->headers.end())
        response.mime = protocol::as_utf8(type->second);
    } else {
      response = failed(answer.error().status == Status::malformed ? "BadUrl" : "RequestFailed",
                        answer.error().message);
    }
  }
  static_cast<void>(co_await process_->respond(message, std::move(response)));
}

}  // namespace celeriac::gateway
