#include "vm/kernel/records.hpp"

#include <format>

namespace celeriac::vm {

using protocol::Capability;
using protocol::fail;
using protocol::Json;
using protocol::Outgoing;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view on_exit_names[] = {"none", "restart"};

Json binary(std::string_view bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}

std::string text_of(const Json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

Json document_of(const Endpoint& endpoint) {
  return endpoint.address.text();
}

/// The part of a message that an envelope has, with its blob inside.
std::string envelope_of(const protocol::Content& content, const std::optional<BlobRef>& blob) {
  Outgoing out;
  static_cast<protocol::Content&>(out) = content;
  if (blob) {
    out.blob_bytes = blob->blob->bytes;
    out.mime = blob->mime;
  }
  return protocol::encode(out);
}

std::optional<BlobRef> blob_of(Outgoing& out) {
  if (!out.blob_bytes) return std::nullopt;
  return BlobRef{std::make_shared<Blob>(std::move(*out.blob_bytes)), std::move(out.mime)};
}

}  // namespace

Json document(const OnExit& on_exit) {
  if (on_exit.kind != OnExit::Kind::requests) return on_exit_names[static_cast<std::size_t>(on_exit.kind)];
  Json requests = Json::array();
  for (const auto& request : on_exit.requests) {
    Outgoing out = request.message;
    if (request.blob) {
      out.blob_bytes = request.blob->blob->bytes;
      out.mime = request.blob->mime;
    }
    requests.push_back({{"envelope", binary(protocol::encode(out))}});
  }
  return {{"requests", std::move(requests)}};
}

Result<OnExit> read_on_exit(const Json& document,
                            const std::function<std::shared_ptr<Blob>(std::uint16_t)>& take_blob) {
  if (document == "none") return OnExit{};
  if (document == "restart") return OnExit{.kind = OnExit::Kind::restart};
  const auto refuse = [](std::string_view what) {
    return fail(Status::malformed,
                std::format("On-exit is \"none\", \"restart\" or {{requests: [{{envelope}}]}}: {}.", what));
  };
  if (!document.is_object() || !document.contains("requests") || !document["requests"].is_array())
    return refuse("this is none of them");
  const Json& requests = document["requests"];
  if (requests.size() > max_on_exit_requests)
    return refuse(std::format("there are more than {} requests", max_on_exit_requests));
  OnExit made{.kind = OnExit::Kind::requests};
  for (const Json& request : requests) {
    if (!request.is_object() || !request.contains("envelope") || !request["envelope"].is_binary())
      return refuse("a request has no envelope");
    auto out = protocol::decode_outgoing(text_of(request["envelope"]));
    if (!out) return std::unexpected(std::move(out.error()));
    std::optional<BlobRef> blob = blob_of(*out);
    if (out->blob != 0 && take_blob)
      if (auto bytes = take_blob(std::exchange(out->blob, std::uint16_t{0})))
        blob = BlobRef{std::move(bytes), std::exchange(out->mime, {})};
    if (out->body_blob != 0 && take_blob)
      if (const auto bytes = take_blob(std::exchange(out->body_blob, std::uint16_t{0})))
        out->body = bytes->bytes;
    made.requests.push_back({std::move(*out), std::move(blob)});
  }
  return made;
}

Json document(const std::vector<Capability>& capabilities) {
  Json made = Json::array();
  for (const auto& capability : capabilities)
    made.push_back({{"issuer", capability.issuer}, {"params", capability.params}});
  return made;
}

Result<std::vector<Capability>> read_capabilities(const Json& document) {
  const auto refuse = [] {
    return fail(Status::malformed, "Capabilities are a list of {issuer, params}, both texts.");
  };
  if (!document.is_array() || document.size() > max_held) return refuse();
  std::vector<Capability> made;
  for (const Json& entry : document) {
    const bool good = entry.is_object() && entry.contains("issuer") && entry["issuer"].is_string() &&
                      entry.contains("params") && entry["params"].is_string();
    if (!good) return refuse();
    made.push_back({entry["issuer"], entry["params"]});
  }
  return made;
}

std::string encode_process(const KernelProcess& process) {
  const ProcessSpec& spec = process.spec;
  return protocol::to_bson({{"name", spec.name.text()},
                            {"path", spec.path},
                            {"module", spec.module},
                            {"abi", spec.abi},
                            {"on_exit", document(spec.on_exit)},
                            {"public", spec.is_public},
                            {"durable", spec.durable},
                            {"ahead_of_time", spec.ahead_of_time},
                            {"configuration", spec.configuration},
                            {"capabilities", document(process.capabilities.list())}});
}

Result<ProcessRecord> decode_process(std::string_view bytes) {
  const auto read = protocol::from_bson(bytes);
  if (!read) return std::unexpected(read.error());
  auto name = parse_process_name(read->value("name", ""));
  if (!name) return std::unexpected(std::move(name.error()));
  auto on_exit = read_on_exit(read->value("on_exit", Json("none")), nullptr);
  if (!on_exit) return std::unexpected(std::move(on_exit.error()));
  auto capabilities = read_capabilities(read->value("capabilities", Json::array()));
  if (!capabilities) return std::unexpected(std::move(capabilities.error()));
  return ProcessRecord{.spec = {.name = std::move(*name),
                                .path = read->value("path", ""),
                                .module = read->value("module", ""),
                                .abi = read->value("abi", ""),
                                .on_exit = std::move(*on_exit),
                                .is_public = read->value("public", false),
                                .durable = read->value("durable", false),
                                .ahead_of_time = read->value("ahead_of_time", false),
                                .configuration = read->value("configuration", Json::object())},
                       .capabilities = std::move(*capabilities)};
}

std::string encode_message(const Message& message) {
  Json made{{"id", static_cast<std::int64_t>(message.id)},
            {"response", message.response},
            {"source", document_of(message.source)},
            {"source_path", message.source_path},
            {"target", document_of(message.target)},
            {"target_path", message.target_path},
            {"inherit", message.inherit},
            {"envelope", binary(envelope_of(message.content, message.blob))}};
  if (message.rsvp) made["rsvp"] = document_of(*message.rsvp);
  if (message.expects) made["expects"] = *message.expects;
  return protocol::to_bson(made);
}

Result<std::shared_ptr<Message>> decode_message(std::string_view bytes) {
  const auto read = protocol::from_bson(bytes);
  if (!read) return std::unexpected(read.error());
  auto made = std::make_shared<Message>();
  auto source = parse_address(read->value("source", ""));
  auto target = parse_address(read->value("target", ""));
  if (!source || !target || !read->contains("envelope") || !(*read)["envelope"].is_binary())
    return fail(Status::internal, "A message in the image is damaged.");
  auto envelope = protocol::decode_outgoing(text_of((*read)["envelope"]));
  if (!envelope) return std::unexpected(std::move(envelope.error()));
  made->id = static_cast<std::uint64_t>(read->value("id", std::int64_t{0}));
  made->response = read->value("response", false);
  made->source.address = std::move(*source);
  made->source_path = read->value("source_path", "");
  made->target.address = std::move(*target);
  made->target_path = read->value("target_path", "");
  made->inherit = read->value("inherit", false);
  if (read->contains("expects")) made->expects = (*read)["expects"].get<std::int64_t>();
  if (read->contains("rsvp"))
    if (auto rsvp = parse_address((*read)["rsvp"].get<std::string>()))
      made->rsvp = Endpoint{no_process, std::move(*rsvp)};
  made->blob = blob_of(*envelope);
  made->content = static_cast<protocol::Content&&>(*envelope);
  return made;
}

}  // namespace celeriac::vm
