#include "vm/objects/spoken.hpp"

#include <algorithm>
#include <cctype>
#include <format>

#include "protocol/othismo.hpp"
#include "protocol/payload.hpp"

namespace celeriac::vm {

using protocol::Error;
using protocol::Format;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

std::unexpected<Error> bad(std::string message) {
  return std::unexpected(
      Error{.status = Status::malformed, .message = std::move(message), .code = "bad_message"});
}

Result<Spoken> read_json(const std::string& body) {
  auto json = Json::parse(body, nullptr, false);
  if (json.is_string()) return Spoken{.name = json.get<std::string>()};
  if (json.is_number()) return Spoken{.name = "", .arguments = std::move(json)};
  if (!json.is_object() || json.size() != 1)
    return bad(
        "The body of a request is JSON with one key, what is asked for: {\"move_absolute\": {\"x\": 100, "
        "\"y\": 0, \"z\": 0}}.");
  return Spoken{.name = json.begin().key(), .arguments = std::move(json.begin().value())};
}

Result<Spoken> read_frame(const Message& message) {
  std::string space, wire;
  for (const auto& [key, value] : message.content.pairs.value_or(protocol::Pairs())) {
    if (key == "namespace") space = value;
    if (key == "operation") wire = value;
  }
  const auto* operation = protocol::find_operation(space, wire);
  if (operation == nullptr)
    return bad(std::format("There is no operation {}.{} in the protocol.", space, wire));
  auto arguments = protocol::Arguments::decode(*operation, message.content.body);
  if (!arguments) return std::unexpected(std::move(arguments.error()));
  return Spoken{.name = std::string(operation->long_name), .arguments = arguments->fields()};
}

}  // namespace

Result<Spoken> read_spoken(const Message& message) {
  if (message.content.format == Format::farm) return read_frame(message);
  if (message.content.format != Format::othismo) return read_json(message.content.body);
  auto document = protocol::read_othismo(message.content.body);
  if (!document) return std::unexpected(std::move(document.error()));
  const auto& part = document->parts.front();
  return Spoken{.name = part.name, .arguments = part.json()};
}

NativeReply answer_spoken(const Message& message, const Spoken& spoken, const Json& result) {
  NativeReply reply;
  reply.content.format = message.content.format;
  if (message.content.format != Format::othismo) {
    reply.content.body = result.dump(-1, ' ', false, Json::error_handler_t::replace);
    return reply;
  }
  protocol::OthismoMessage out{.send_to = message.source_path,
                               .response_id = static_cast<std::int64_t>(message.id)};
  out.parts.push_back(protocol::OthismoMessage::Part::of(protocol::response_name(spoken.name), result));
  reply.content.body = protocol::write_othismo(out);
  return reply;
}

const protocol::Operation* spoken_operation(std::string_view name) {
  std::string upper(name.starts_with("farmbot.") ? name.substr(8) : name);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  if (upper.starts_with("SYS.") || upper.starts_with("PROC.")) return protocol::find_operation(upper);
  return protocol::find_operation("SYS." + upper);
}

}  // namespace celeriac::vm
