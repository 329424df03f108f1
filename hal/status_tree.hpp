#pragma once
// What the hypervisor shows of the machine, as documents: registers and READ_STATUS are made of these.

#include "hal/firmware/link.hpp"
#include "protocol/document.hpp"

namespace celeriac::hal {

/// `{x, y, z}` in mm; null where it is unknown.
protocol::Json position_document(const firmware::BoardState& board);
/// `{x, y, z, raw: {x, y, z}}`: scaled in mm, and counts.
protocol::Json encoders_document(const firmware::BoardState& board);
/// `{"8": {mode, value}}`, of pins that are known.
protocol::Json pins_document(const firmware::BoardState& board);
/// `{state, version, board, port, reason}`
protocol::Json firmware_document(const firmware::Link& link);
/// The whole tree without `busy` and `settings`.
protocol::Json machine_document(const firmware::Link& link);

}  // namespace celeriac::hal
