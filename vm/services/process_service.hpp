#pragma once
// PROC.*: from frames to the step loop.

#include "protocol/dispatcher.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"
#include "vm/services/guest_processes.hpp"

namespace celeriac::vm {

/// Bytes of a PROC.LIST answer; more processes than fit have to be asked for one by one.
inline constexpr std::size_t max_list_bytes = 15 * 1024 * 1024;

/// Sequences' processes, and guests', by their numbers.
void serve_processes(protocol::Dispatcher& dispatcher, CodeStore& store, StepLoop& loop,
                     GuestProcesses& guests);

}  // namespace celeriac::vm
