#include "gateway/http/exchange.hpp"

#include <algorithm>
#include <array>
#include <format>

#include "protocol/document.hpp"

namespace celeriac::gateway {

using protocol::as_utf8;
using protocol::fail;
using protocol::Failure;
using protocol::Format;
using protocol::ItemType;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex(text[i + 1]), low = hex(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      made += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      made += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return made;
}

Json object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json made = Json::object();
  for (const auto& [key, value] : pairs) made[as_utf8(key)] = as_utf8(value);
  return made;
}

std::string kinode_body(const HttpQuestion& question, const Binding& binding) {
  const Json message{
      {"Http",
       {{"source_socket_addr", question.peer},
        {"method", question.method},
        {"url", as_utf8(std::format("{}://{}{}", question.scheme, question.host, question.target))},
        {"bound_path", binding.path},
        {"headers", object_of(question.headers)},
        {"url_params", Json::object()},
        {"query_params", object_of(question.query)}}}};
  return message.dump();
}

std::string othismo_body(const HttpQuestion& question, const Binding& binding) {
  const Json message{{"othismo", {{"send_to", binding.object}}},
                     {"othismo.http.request",
                      {{"host", as_utf8(question.host)},
                       {"method", question.method},
                       {"endpoint", as_utf8(question.path)},
                       {"query", object_of(question.query)},
                       {"headers", object_of(question.headers)},
                       {"body", Json::binary({question.body.begin(), question.body.end()})}}}};
  return protocol::to_bson(message);
}

/// What an undelivered message means to a client.
struct FailureRow {
  Failure failure;
  int status;
  std::string_view sentence;
};
constexpr std::array<FailureRow, 9> failures{{
    {Failure::offline, 503, "The process that serves this is not here, and cannot be reached."},
    {Failure::timeout, 504, "The process that serves this did not answer in time."},
    {Failure::no_target, 503, "The process that served this has ended."},
    {Failure::denied, 503, "The process that serves this may not be asked from the network."},
    {Failure::full, 503, "The process that serves this has too much to do. Try again later."},
    {Failure::too_large, 413, "The request is too large for the process that serves this."},
    {Failure::bad_message, 502, "The process that serves this did not understand the request."},
    {Failure::trap, 502, "The process that serves this failed over the request."},
    {Failure::deadlock, 502, "The process that serves this waits for itself."},
}};

/// Names of headers are the same in capitals.
bool equal_names(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Ours to set, because they describe the connection.
bool is_framing(std::string_view name) {
  constexpr std::array<std::string_view, 8> ours = {
      "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "date"};
  return std::ranges::any_of(ours, [&](auto each) { return equal_names(each, name); });
}

HttpAnswer bad_answer(const Binding& binding, std::string_view why) {
  return plain_answer(502,
                      std::format("{} answered with what is no answer of HTTP: {}.", binding.owner, why));
}

/// {status, headers} of both personalities.
HttpAnswer made_answer(const Json& head, std::string body, const Binding& binding) {
  HttpAnswer answer{.body = std::move(body)};
  if (!head.is_object()) return bad_answer(binding, "it is no document");
  const auto status = head.find("status");
  if (status == head.end() || !status->is_number_integer()) return bad_answer(binding, "it has no status");
  answer.status = static_cast<int>(std::clamp<std::int64_t>(status->get<std::int64_t>(), 0, 1000));
  if (answer.status < 200 || answer.status > 599)
    return bad_answer(binding, "its status is not from 200 to 599");
  if (answer.body.size() > max_response_body) return bad_answer(binding, "it is too long");
  std::size_t bytes = 0;
  if (const auto headers = head.find("headers"); headers != head.end() && headers->is_object())
    for (const auto& [name, value] : headers->items()) {
      if (!value.is_string()) return bad_answer(binding, "a header is no text");
      const auto& text = value.get_ref<const std::string&>();
      if (!is_header_name(name) ||
          std::ranges::any_of(text, [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; }))
        return bad_answer(binding, "a header cannot be sent");
      bytes += name.size() + text.size() + 4;
      if (bytes > max_response_header) return bad_answer(binding, "its headers are too long");
      if (!is_framing(name)) answer.headers.emplace_back(name, text);
    }
  return answer;
}

HttpAnswer kinode_answer(Incoming& item, const Binding& binding) {
  const auto document = Json::parse(item.body, nullptr, false);
  if (!document.is_object()) return bad_answer(binding, "its body is no JSON");
  const auto wrapped = document.find("HttpResponse");
  auto answer =
      made_answer(wrapped != document.end() ? *wrapped : document, std::move(item.blob_bytes), binding);
  const auto is_type = [](const auto& header) { return equal_names(header.first, "content-type"); };
  if (item.blob && item.blob->mime && !item.blob->mime->empty() &&
      std::ranges::none_of(answer.headers, is_type) &&
      std::ranges::none_of(*item.blob->mime, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    answer.headers.emplace_back("content-type", *item.blob->mime);
  return answer;
}

HttpAnswer othismo_answer(const Incoming& item, const Binding& binding) {
  const auto document = protocol::from_bson(item.body);
  if (!document) return bad_answer(binding, "its body is no BSON");
  if (const auto error = document->find("othismo.error"); error != document->end() && error->is_object()) {
    const auto message = error->find("message");
    return plain_answer(
        502,
        std::format("{} failed: {}", binding.object.empty() ? binding.owner : binding.object,
                    message != error->end() && message->is_string() ? message->get<std::string>()
                                                                    : std::string("it does not say why.")));
  }
  const auto head = document->find("othismo.http.request.response");
  if (head == document->end()) return bad_answer(binding, "it is no othismo.http.request.response");
  std::string body;
  if (head->is_object())
    if (const auto given = head->find("body"); given != head->end()) {
      if (given->is_binary())
        body.assign(given->get_binary().begin(), given->get_binary().end());
      else if (given->is_string())
        body = given->get<std::string>();
      else if (!given->is_null())
        return bad_answer(binding, "its body is neither binary nor text");
    }
  return made_answer(*head, std::move(body), binding);
}

}  // namespace

std::string_view HttpQuestion::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

bool is_header_name(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
  });
}

HttpAnswer plain_answer(int status, std::string sentence) {
  return {.status = status,
          .headers = {{"content-type", "text/plain; charset=utf-8"}},
          .body = std::move(sentence) + "\n"};
}

Result<void> read_target(HttpQuestion& question) {
  const std::string_view target = question.target;
  if (!target.starts_with('/'))
    return fail(Status::malformed, "The request asks for something that is no path of this server.");
  const auto mark = target.find('?');
  auto path = decoded(target.substr(0, mark), false);
  if (!path)
    return fail(Status::malformed, "A percent sign in the path is not followed by two hexadecimal digits.");
  question.path = std::move(*path);
  auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    auto key = decoded(pair.substr(0, equals), true);
    auto value =
        decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!key || !value)
      return fail(Status::malformed,
                  "A percent sign in the query is not followed by two hexadecimal digits.");
    if (!pair.empty()) question.query.emplace_back(std::move(*key), std::move(*value));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return {};
}

Outgoing question_message(const HttpQuestion& question, const Binding& binding) {
  Outgoing message;
  if (binding.format == Format::othismo) {
    message.format = Format::othismo;
    message.body = othismo_body(question, binding);
  } else {
    message.body = kinode_body(question, binding);
    if (!question.body.empty()) {
      message.blob_bytes = question.body;
      if (const auto type = question.header("content-type"); !type.empty()) message.mime = as_utf8(type);
    }
  }
  return message;
}

HttpAnswer answer_of(Result<Incoming> item, const Binding& binding) {
  if (!item) {
    const bool late = item.error().status == Status::timeout;
    return plain_answer(late ? 504 : 503, item.error().message);
  }
  if (item->type == ItemType::error)
    for (const auto& row : failures)
      if (row.failure == item->failure) return plain_answer(row.status, std::string(row.sentence));
  if (item->blob_missing) return bad_answer(binding, "it is too long");
  return binding.format == Format::othismo ? othismo_answer(*item, binding) : kinode_answer(*item, binding);
}

}  // namespace celeriac::gateway
