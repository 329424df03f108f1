// on_exit of a manifest: requests in the JSON that Kinode's own types have.

#include <format>

#include "vm/packages/manifest.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<protocol::Error> bad(std::string_view what) {
  return fail(Status::malformed, std::format("on_exit: {}.", what));
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "our@p:k:u", or {node, process: "p:k:u" or {process_name, package_name, publisher_node}}.
Result<std::string> address_of(const json& value) {
  std::string text;
  if (value.is_string()) {
    text = value.get<std::string>();
  } else if (value.is_object() && value.contains("process")) {
    const json& process = value["process"];
    text = text_of(value, "node") + '@' +
           (process.is_string() ? process.get<std::string>()
                                : text_of(process, "process_name") + ':' + text_of(process, "package_name") +
                                      ':' + text_of(process, "publisher_node"));
  }
  const auto address = parse_address(text);
  if (!address) return bad("a request's address is not node@process:package:publisher");
  return text;
}

/// Bytes as serde writes them, an array of numbers; or a text.
Result<std::string> bytes_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return bad("bytes are an array of numbers from 0 to 255, or a text");
  std::string bytes;
  for (const json& each : value) {
    if (!each.is_number_unsigned() || each.get<std::uint64_t>() > 255)
      return bad("bytes are an array of numbers from 0 to 255, or a text");
    bytes += static_cast<char>(each.get<std::uint64_t>());
  }
  return bytes;
}

Result<OnExit::Request> request_of(const json& entry) {
  if (!entry.is_array() || entry.size() < 2 || entry.size() > 3 || !entry[1].is_object())
    return bad("a request is [address, request, blob or null]");
  OnExit::Request made;
  auto to = address_of(entry[0]);
  if (!to) return std::unexpected(std::move(to.error()));
  made.message.to = std::move(*to);
  auto body = bytes_of(entry[1].value("body", json("")));
  if (!body) return std::unexpected(std::move(body.error()));
  if (body->size() > protocol::max_body) return bad("a request's body is too long");
  made.message.body = std::move(*body);
  if (const auto metadata = entry[1].find("metadata"); metadata != entry[1].end() && metadata->is_string())
    made.message.metadata = metadata->get<std::string>();
  if (entry.size() == 3 && !entry[2].is_null()) {
    if (!entry[2].is_object()) return bad("a blob is {mime, bytes}");
    auto bytes = bytes_of(entry[2].value("bytes", json("")));
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    made.blob = BlobRef{.blob = std::make_shared<const Blob>(std::move(*bytes)), .mime = std::nullopt};
    if (auto mime = text_of(entry[2], "mime"); !mime.empty()) made.blob->mime = std::move(mime);
  }
  return made;
}

}  // namespace

Result<OnExit> read_manifest_on_exit(const json& value) {
  if (value == "None" || value == "none" || value.is_null()) return OnExit{};
  if (value == "Restart" || value == "restart") return OnExit{.kind = OnExit::Kind::restart};
  const json* requests = nullptr;
  if (value.is_object() && value.size() == 1)
    for (const char* key : {"Requests", "requests"})
      if (value.contains(key)) requests = &value[key];
  if (requests == nullptr || !requests->is_array())
    return bad(R"(it is "None", "Restart" or {"Requests": [[address, request, blob or null], …]})");
  if (requests->size() > max_on_exit_requests)
    return bad(std::format("there are more than {} requests", max_on_exit_requests));
  OnExit made{.kind = OnExit::Kind::requests};
  for (const json& entry : *requests) {
    auto request = request_of(entry);
    if (!request) return std::unexpected(std::move(request.error()));
    made.requests.push_back(std::move(*request));
  }
  return made;
}

}  // namespace celeriac::vm
