#pragma once
// The hypervisor on the wire: requests of sessions in, responses out.

#include "hal/hypervisor.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::hal {

/// Serves every operation of the hypervisor through the dispatcher, and tells it of streams that end.
void install(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor);

}  // namespace celeriac::hal
