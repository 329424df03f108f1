#pragma once
// SYS.*: what the VM serves itself, and what it passes on to the hypervisor.
//
// Requests of clients do not stand in line for motion: a person may jog while a program is paused. What a
// client has asked for through us is cancelled when its stream ends, as if it had asked the hypervisor
// itself.

#include "protocol/dispatcher.hpp"
#include "vm/hypervisor.hpp"
#include "vm/local_operations.hpp"

namespace celeriac::vm {

/// Unanswered requests of all clients that we have passed on.
inline constexpr std::size_t max_forwarded = 2048;

void serve_system(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor, LocalOperations& local);

}  // namespace celeriac::vm
