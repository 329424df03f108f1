#include "protocol/crossing.hpp"

#include <algorithm>
#include <format>

namespace celeriac::protocol {
namespace {

using Ordered = nlohmann::ordered_json;
using Part = OthismoMessage::Part;

constexpr std::string_view bson_type = "application/bson";
constexpr std::string_view raw_metadata = "kinode-metadata";

std::unexpected<Error> too_large(std::size_t bytes, std::size_t limit, std::string_view what) {
  Error error{.status = Status::out_of_resources,
              .message = std::format("The message has {} bytes; {} takes {}.", bytes, what, limit)};
  error.code = "too_large";
  return std::unexpected(std::move(error));
}

Json bytes_of(std::string_view bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}
Json or_null(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json();
}

/// The pairs of a JSON object of texts, in its order; nullopt if it is something else.
std::optional<Pairs> pairs_of(const std::string& metadata) {
  const auto json = Ordered::parse(metadata, nullptr, false);
  if (!json.is_object() || json.size() > max_pairs) return std::nullopt;
  Pairs pairs;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    pairs.emplace_back(key, value.get<std::string>());
  }
  return pairs;
}

std::optional<std::string> take(Pairs& pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &Pairs::value_type::first);
  if (found == pairs.end()) return std::nullopt;
  auto value = std::move(found->second);
  pairs.erase(found);
  return value;
}

/// The namespace and operation that a message of the header protocol names in its metadata.
Pairs names_of_frame(const Content& content) {
  if (!content.metadata) return {};
  auto pairs = pairs_of(*content.metadata);
  return pairs ? std::move(*pairs) : Pairs();
}

// ---- into Kinode's terms ----

void kinode_from_wasi(Item& item) {
  const bool raw =
      item.pairs && item.pairs->size() == 1 && item.pairs->front().first == raw_metadata && !item.topic;
  if (raw) {
    item.metadata = item.pairs->front().second;
  } else if (item.pairs || item.topic || item.content_type || item.error) {
    Ordered metadata = Ordered::object();
    for (const auto& [key, value] : item.pairs.value_or(Pairs())) metadata[key] = value;
    if (item.content_type && !metadata.contains("content-type"))
      metadata["content-type"] = *item.content_type;
    if (item.topic) metadata["topic"] = *item.topic;
    if (item.error) metadata["error"] = *item.error;
    item.metadata = metadata.dump();
  }
  item.pairs.reset();
  item.content_type.reset();
}

// ---- into wasi:messaging's terms ----

void wasi_from_kinode(Item& item, std::optional<std::string> blob) {
  if (needs_blob(item, Format::wasi) && blob) {
    item.body = std::move(*blob);
    if (!item.content_type) item.content_type = item.blob->mime;
  }
  if (!item.metadata) return;
  auto pairs = pairs_of(*item.metadata);
  if (!pairs) {
    item.pairs = Pairs{{std::string(raw_metadata), *item.metadata}};
  } else {
    // On the way back, what kinode_from_wasi() has put among the pairs is itself again.
    if (item.type == ItemType::response && !item.content_type)
      item.content_type = take(*pairs, "content-type");
    if (item.type == ItemType::response && !item.topic) item.topic = take(*pairs, "topic");
    item.pairs = std::move(pairs);
  }
}

// ---- into Othismo's terms ----

Part part_of_kinode(const Item& item, std::optional<std::string> blob) {
  return Part::of(item.type == ItemType::response ? "kinode.response" : "kinode.request",
                  {{"body", bytes_of(item.body)},
                   {"metadata", or_null(item.metadata)},
                   {"mime", item.blob ? or_null(item.blob->mime) : Json()},
                   {"blob", blob ? bytes_of(*blob) : Json()}});
}

Part part_of_wasi(const Item& item) {
  Json metadata;
  if (item.pairs) {
    metadata = Json::array();
    for (const auto& [key, value] : *item.pairs) metadata.push_back(Json::array({key, value}));
  }
  return Part::of("wasi.message", {{"topic", or_null(item.topic)},
                                   {"content_type", or_null(item.content_type)},
                                   {"metadata", std::move(metadata)},
                                   {"data", bytes_of(item.body)}});
}

Part part_of_farm(const Item& item) {
  std::string name = "farmbot";
  for (const auto& [key, value] : names_of_frame(item)) name += "." + value;
  if (name == "farmbot") name += item.type == ItemType::response ? ".response" : ".message";
  return Part::of(std::move(name), {{"payload", bytes_of(item.body)}});
}

Result<void> take_own(const Item& item, OthismoMessage& message) {
  auto own = read_othismo(item.body);
  if (!own) return std::unexpected(std::move(own.error()));
  message.send_to = std::move(own->send_to);
  if (own->reply_to) message.reply_to = std::move(own->reply_to);
  if (!message.response_id) message.response_id = own->response_id;
  message.parts = std::move(own->parts);
  return {};
}

// ---- replies of objects ----

std::optional<std::string> text_in(const Json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                       : std::nullopt;
}
std::optional<std::string> bytes_in(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_binary()) return std::nullopt;
  const auto& bytes = found->get_binary();
  return std::string(bytes.begin(), bytes.end());
}

/// Each takes the one part of a reply apart, if it is as the rules of its format make them.
bool kinode_from_part(const Part& part, const Json& document, Outgoing& out) {
  const auto body = bytes_in(document, "body");
  if (!part.name.starts_with("kinode.") || !body) return false;
  out.body = *body;
  out.metadata = text_in(document, "metadata");
  out.blob_bytes = bytes_in(document, "blob");
  if (out.blob_bytes) out.mime = text_in(document, "mime");
  return true;
}

bool wasi_from_part(const Part& part, const Json& document, Outgoing& out) {
  const auto data = bytes_in(document, "data");
  if (!part.name.starts_with("wasi.message") || !data) return false;
  out.body = *data;
  out.topic = text_in(document, "topic");
  out.content_type = text_in(document, "content_type");
  const auto metadata = document.find("metadata");
  if (metadata == document.end() || !metadata->is_array()) return true;
  auto& pairs = out.pairs.emplace();
  for (const auto& pair : *metadata)
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string() &&
        pairs.size() < max_pairs)
      pairs.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  return true;
}

bool farm_from_part(const Part& part, const Json& document, Outgoing& out) {
  const auto payload = bytes_in(document, "payload");
  if (!part.name.starts_with("farmbot") || !payload) return false;
  out.body = *payload;
  return true;
}

}  // namespace

bool needs_blob(const Item& item, Format to) noexcept {
  if (!item.blob || item.format != Format::kinode) return false;
  return to == Format::othismo || (to == Format::wasi && item.body.empty());
}

bool drops_capabilities(const Item& item, Format to) noexcept {
  return !item.capabilities.empty() && (item.format != Format::kinode || to != Format::kinode);
}

Item to_kinode(Item item) {
  if (drops_capabilities(item, Format::kinode)) item.capabilities.clear();
  if (item.format == Format::wasi) kinode_from_wasi(item);
  if (item.format == Format::othismo && !item.body.empty())
    item.metadata = Json{{"content-type", bson_type}}.dump();
  item.format = Format::kinode;
  return item;
}

Item to_wasi(Item item, std::optional<std::string> blob) {
  item.capabilities.clear();
  if (item.format == Format::kinode) wasi_from_kinode(item, std::move(blob));
  if (item.format == Format::othismo && !item.body.empty()) item.content_type = bson_type;
  if (item.format == Format::farm)
    if (auto names = names_of_frame(item); !names.empty()) item.pairs = std::move(names);
  if (item.format != Format::wasi) {
    item.metadata.reset();
    item.blob.reset();
  }
  item.format = Format::wasi;
  return item;
}

Result<Item> to_farm(Item item) {
  item.capabilities.clear();
  if (item.format == Format::kinode && item.blob) {
    Error error{.status = Status::malformed,
                .message = "The message has a blob, which the header protocol does not carry."};
    error.code = "bad_message";
    return std::unexpected(std::move(error));
  }
  if (item.format == Format::othismo) {
    const auto message = read_othismo(item.body);
    const auto binary =
        message && message->parts.size() == 1 ? message->parts.front().binary() : std::nullopt;
    if (binary) item.body = std::string(*binary);
  }
  if (item.body.size() > max_farm_payload) return too_large(item.body.size(), max_farm_payload, "a frame");
  item.format = Format::farm;
  return item;
}

Result<OthismoMessage> to_othismo(const Item& item, OthismoMessage routing, std::optional<std::string> blob) {
  OthismoMessage message = std::move(routing);
  const std::size_t size = item.body.size() + (blob ? blob->size() : 0);
  if (size > max_othismo_document) return too_large(size, max_othismo_document, "an object");
  message.parts.clear();
  if (item.type == ItemType::error) {
    message.parts.push_back(othismo_error(othismo_code(item.failure), item.explanation));
    return message;
  }
  if (item.error && item.format == Format::wasi) {
    message.parts.push_back(othismo_error("failed", *item.error));
    return message;
  }
  switch (item.format) {
    case Format::kinode:
      message.parts.push_back(part_of_kinode(item, std::move(blob)));
      break;
    case Format::othismo:
      if (auto taken = take_own(item, message); !taken) return std::unexpected(std::move(taken.error()));
      break;
    case Format::wasi:
      message.parts.push_back(part_of_wasi(item));
      break;
    case Format::farm:
      message.parts.push_back(part_of_farm(item));
      break;
  }
  return message;
}

Outgoing reply_from_othismo(const OthismoMessage& reply, Format requester) {
  using FromPart = bool (*)(const Part&, const Json&, Outgoing&);
  static constexpr FromPart rows[] = {kinode_from_part, nullptr, wasi_from_part,
                                      farm_from_part};  // by Format
  Outgoing out;
  if (const auto from_part = rows[static_cast<std::size_t>(requester)];
      from_part != nullptr && reply.parts.size() == 1) {
    const Part& part = reply.parts.front();
    const Json document = part.json();
    if (document.is_object() && from_part(part, document, out)) {
      out.format = requester;
      return out;
    }
  }
  out = {};
  out.format = Format::othismo;
  out.body = write_othismo(reply);
  return out;
}

}  // namespace celeriac::protocol
