#pragma once
// The register `frames`: each request of a client and each answer to it, decoded, for whoever watches them.
// Entries: {time, direction: "in" or "out", session, client, channel, operation, fields, bytes, status,
// value}; what does not apply is absent. Frames of watching itself (REGISTER.*, SLICE.*) are left out: they
// would beget each other.

#include "protocol/dispatcher.hpp"
#include "protocol/registers.hpp"

namespace celeriac::protocol {

/// Decoded fields longer than this, as JSON text, are shown cut off.
inline constexpr std::size_t max_shown_fields = 2000;

/// Both must outlive each other's use: call once while setting up a daemon.
void watch_frames(Dispatcher& dispatcher, Registers& registers);

}  // namespace celeriac::protocol
