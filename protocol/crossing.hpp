#pragma once
// What becomes of a message that one personality wrote and another reads. Nothing is reinterpreted inside
// one; across, content is kept and terms change:
//
//   from \ to   Kinode                         Othismo                        wasi:messaging header protocol
//   Kinode      as is                          "kinode.request": {body, …}    data = body, pairs = metadata
//   payload = body; no blob Othismo     body = BSON                    as is                          data =
//   BSON                        a single binary, or BSON wasi        body, metadata = pairs, topic
//   "wasi.message": {data, …}      as is                              payload = data farm        body,
//   {namespace, operation}   "farmbot.SYS.MVABS": {payload} data, pairs namespace, operation   as is
//
// A reply goes back by the same rules in reverse, so {"kinode.response": {body, blob …}} of an object is a
// Kinode response with a blob. Capabilities cross between Kinode processes only.

#include <optional>
#include <string>

#include "protocol/envelope.hpp"
#include "protocol/othismo.hpp"

namespace celeriac::protocol {

/// Bytes of a message for the header protocol: the payload of one frame.
inline constexpr std::size_t max_farm_payload = 65'535;
/// Bytes of a document that an object gets: what any message may have.
inline constexpr std::size_t max_othismo_document = max_body;

/// True if the bytes of the item's blob are part of its content in these terms.
bool needs_blob(const Item& item, Format to) noexcept;
/// True if capabilities are attached that do not cross.
bool drops_capabilities(const Item& item, Format to) noexcept;

/// Of an error item the content is turned too: it is what its sender sent.
Item to_kinode(Item item);
/// `blob`: its bytes, where needs_blob() says so.
Item to_wasi(Item item, std::optional<std::string> blob);
/// Status::out_of_resources with code `too_large` beyond max_farm_payload; Status::malformed with code
/// `bad_message` if it has a blob.
Result<Item> to_farm(Item item);
/// The document for an object. `routing` says whose it is: an Othismo message keeps its own receiver and
/// reply_to, its numbers are those of `routing` where it has some. An error becomes othismo.error. Codes:
/// bad_message (a document that is none), too_large.
Result<OthismoMessage> to_othismo(const Item& item, OthismoMessage routing, std::optional<std::string> blob);

/// An object's reply in the terms of who asked: `blob_bytes` of any length, if it has a blob.
Outgoing reply_from_othismo(const OthismoMessage& reply, Format requester);

}  // namespace celeriac::protocol
