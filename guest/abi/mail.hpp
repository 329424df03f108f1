#pragma once
// Messages between a personality and the kernel where a refusal is something to tell the guest, and not its
// end (as it is in wire.hpp): what could not be sent, and what was answered.

#include <cstdint>
#include <string>
#include <string_view>

#include "guest/abi/guest.hpp"
#include "guest/abi/wire.hpp"
#include "protocol/document.hpp"
#include "protocol/envelope.hpp"
#include "protocol/error.hpp"

namespace celeriac::guest::mail {

/// Asks with fields of the table, in the name of the process (whose id is added). A payload that the table
/// does not allow is answered with what is wrong with it.
protocol::Reply ask(Guest& guest, const protocol::Operation& operation, protocol::Json fields);

/// The payload of MESSAGE.SEND, AWAIT or RESPOND, and an entry of an outbox. What is too long is moved into
/// blobs, whose handles stand in `message` then: wire::free_blobs() when it has left. out_of_resources with
/// code `too_large` if it is too long altogether.
protocol::Result<std::string> letter(Guest& guest, protocol::Outgoing& message);

/// MESSAGE.SEND: an error only if no response is expected.
protocol::Result<void> send(Guest& guest, protocol::Outgoing message);
/// MESSAGE.AWAIT: the response, or the error that became of the request.
protocol::Result<protocol::Item> await(Guest& guest, protocol::Outgoing message);
/// MESSAGE.RESPOND.
protocol::Result<void> respond(Guest& guest, protocol::Outgoing message);
/// MESSAGE.RECEIVE, for ever.
protocol::Result<protocol::Item> receive(Guest& guest);
/// The blob of the item that was received last, which has `size` bytes.
std::string read_blob(Guest& guest, std::uint64_t size);

/// MESSAGE.PRINT, without waiting for it.
void print(Guest& guest, int verbosity, std::string_view text);

}  // namespace celeriac::guest::mail
