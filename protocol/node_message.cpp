#include "protocol/node_message.hpp"

#include <algorithm>
#include <bit>
#include <format>

#include "protocol/document.hpp"

namespace celeriac::protocol {
namespace {

Json binary(const std::string& bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}

/// Takes fields out of a document; the first that is missing or mistyped is the error.
class Fields {
 public:
  explicit Fields(const Json& document) : document_(document) {}

  std::string text(const char* key, bool required = true) {
    const auto at = document_.find(key);
    if (at != document_.end() && at->is_string()) return at->get<std::string>();
    if (required || at != document_.end()) wrong(key, "a text");
    return {};
  }
  std::string bytes(const char* key) {
    const auto at = document_.find(key);
    if (at == document_.end() || !at->is_binary()) return wrong(key, "binary"), std::string();
    const auto& held = at->get_binary();
    return {held.begin(), held.end()};
  }
  std::uint64_t id(const char* key) {
    const auto at = document_.find(key);
    if (at == document_.end() || !at->is_number_integer()) return wrong(key, "a whole number"), 0;
    return at->is_number_unsigned() ? at->get<std::uint64_t>()
                                    : std::bit_cast<std::uint64_t>(at->get<std::int64_t>());
  }
  /// One of an enumeration of so many, by its name.
  template <class Enum>
  Enum choice(const char* key, Enum last) {
    const auto given = text(key);
    for (int i = 0; i <= static_cast<int>(last); ++i)
      if (name(static_cast<Enum>(i)) == given) return static_cast<Enum>(i);
    wrong(key, "one of the names that stand in protocol/envelope.hpp");
    return {};
  }
  [[nodiscard]] bool ok() const { return why_.empty(); }
  [[nodiscard]] std::unexpected<Error> error() const { return fail(Status::malformed, why_); }

 private:
  void wrong(const char* key, std::string_view what) {
    if (why_.empty())
      why_ = std::format("The field \"{}\" of a message between nodes must be {}.", key, what);
  }

  const Json& document_;
  std::string why_;
};

}  // namespace

bool is_node_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= max_node_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::string encode(const NodeMessage& message) {
  Json document{{"type", name(message.type)},
                {"id", std::bit_cast<std::int64_t>(message.id)},
                {"source", message.source},
                {"envelope", binary(encode(message.envelope))}};
  if (message.type == ItemType::error) {
    document["failure"] = name(message.failure);
    document["explanation"] = message.explanation;
  }
  return to_bson(document);
}

Result<NodeMessage> decode_node_message(std::string_view bson) {
  if (bson.size() > max_node_message)
    return fail(Status::out_of_resources,
                std::format("A message between nodes has at most {} bytes, this one {}.", max_node_message,
                            bson.size()));
  const auto document = from_bson(bson);
  if (!document) return std::unexpected(document.error());
  Fields fields(*document);
  NodeMessage message;
  message.type = fields.choice("type", ItemType::error);
  message.id = fields.id("id");
  message.source = fields.text("source");
  const auto envelope = fields.bytes("envelope");
  if (message.type == ItemType::error) {
    message.failure = fields.choice("failure", Failure::deadlock);
    message.explanation = fields.text("explanation", false);
  }
  if (!fields.ok()) return fields.error();
  auto inner = decode_outgoing(envelope);
  if (!inner) return std::unexpected(std::move(inner.error()));
  message.envelope = std::move(*inner);
  if (message.envelope.blob != 0 || message.envelope.body_blob != 0)
    return fail(Status::malformed,
                "A message between nodes names a blob by its handle, which means nothing elsewhere.");
  return message;
}

std::string encode(const NodeParcel& parcel) {
  return to_bson({{"node", parcel.node}, {"message", binary(parcel.message)}});
}

Result<NodeParcel> decode_node_parcel(std::string_view bson) {
  const auto document = from_bson(bson);
  if (!document) return std::unexpected(document.error());
  Fields fields(*document);
  NodeParcel parcel{.node = fields.text("node"), .message = fields.bytes("message")};
  if (!fields.ok()) return fields.error();
  if (!is_node_name(parcel.node))
    return fail(Status::malformed,
                std::format("\"{}\" is no name of a node: small letters, digits, dots and dashes.",
                            parcel.node.substr(0, 64)));
  return parcel;
}

std::string encode(const NodeOutcome& outcome) {
  if (!outcome.failure) return R"({"Ok":null})";
  const Json document{
      {"Err", {{"failure", name(*outcome.failure)}, {"explanation", as_utf8(outcome.explanation)}}}};
  return document.dump();
}

Result<NodeOutcome> decode_node_outcome(std::string_view json) {
  const auto document = Json::parse(json, nullptr, false);
  if (document.is_object() && document.size() == 1) {
    if (document.contains("Ok")) return NodeOutcome{};
    if (const auto err = document.find("Err"); err != document.end() && err->is_object()) {
      Fields fields(*err);
      NodeOutcome outcome{.failure = fields.choice("failure", Failure::deadlock),
                          .explanation = fields.text("explanation", false)};
      if (!fields.ok()) return fields.error();
      return outcome;
    }
  }
  return fail(Status::malformed,
              "What became of a message between nodes is {\"Ok\": null} or {\"Err\": {…}}.");
}

}  // namespace celeriac::protocol
