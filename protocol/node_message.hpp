#pragma once
// Messages to processes of other nodes, and the exchange between the kernel and net:distro:sys that carries
// them.
//
//   kernel ──parcel {to node, message}──► net ──celeriac/nodes/<to>/<from>──► net ──parcel {from node,
//   message}──► kernel kernel ◄──outcome──────────────────── net                                 net
//   ◄──outcome────────────────────── kernel
//
// A parcel is the body of a request, which the receiver answers with an outcome: `net` when the broker has
// the message, or at once when the node is not there; the kernel when the message lies in a mailbox. What is
// in a parcel is the kernels' business; `net` looks at it only to refuse what is no message.
//
//   parcel   BSON {node: text, message: binary}
//   message  BSON {type: "request"|"response"|"error", id: int64, source: text, envelope: binary,
//                  failure: text, explanation: text}; the last two of errors only
//   outcome  JSON {"Ok": null} or {"Err": {"failure": "offline", "explanation": "…"}}
//
// The node of a sender stands in none of them: the broker vouches for it, in the topic.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"

namespace celeriac::protocol {

/// Bytes of an encoded message, blob and all: what every broker takes as it comes from its makers.
inline constexpr std::size_t max_node_message = std::size_t{1000} * 1000;
/// Characters of a node's name: those of a host name, which are legal in a topic too.
inline constexpr std::size_t max_node_name = 253;
/// How long the kernel waits for an outcome: Kinode's limit for reaching a node.
inline constexpr std::int64_t node_delivery_ms = 5000;

/// One message on its way to another node.
struct NodeMessage {
  ItemType type = ItemType::request;
  /// Correlates: a response or error has the id of the request it belongs to. Of one-way requests it is only
  /// unique. Random, so that what comes twice is known for a duplicate.
  std::uint64_t id = 0;
  std::string source;  ///< process:package:publisher that sent it: a claim, unlike the node
  /// Requests and responses: `to` is the process on the receiving node ("p:k:u" or a path), `rsvp` an address
  /// with its node where responses go elsewhere than to the source; `blob_bytes` has all of the blob; handles
  /// and context stay at home. Errors: the message that failed, as far as the other side still has it.
  Outgoing envelope;
  Failure failure = Failure::timeout;  ///< errors only
  std::string explanation;             ///< errors only: for a person
};

/// [a-z0-9.-]+, at most max_node_name.
bool is_node_name(std::string_view name) noexcept;

std::string encode(const NodeMessage& message);
/// Status::malformed with a sentence that names the field; Status::out_of_resources past max_node_message.
Result<NodeMessage> decode_node_message(std::string_view bson);

/// What travels between the kernel and net:distro:sys.
struct NodeParcel {
  std::string node;     ///< to the network: the receiver's; from it: the sender's
  std::string message;  ///< an encoded NodeMessage
};
std::string encode(const NodeParcel& parcel);
Result<NodeParcel> decode_node_parcel(std::string_view bson);

/// What became of a parcel.
struct NodeOutcome {
  std::optional<Failure> failure;  ///< nullopt: it went well
  std::string explanation;         ///< of failures, for a person
};
std::string encode(const NodeOutcome& outcome);
Result<NodeOutcome> decode_node_outcome(std::string_view json);

}  // namespace celeriac::protocol
