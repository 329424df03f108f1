#pragma once
// The hypervisor on the wire: requests of sessions in, responses out.

#include "hal/camera/photographer.hpp"
#include "hal/hypervisor.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::hal {

/// Serves every operation of the hypervisor through the dispatcher, and tells it of streams that end.
void install(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor);
/// Serves SYS.TAKE_PHOTO. It looks and does not touch: neither a lock nor a board that is away is in its way.
void install(protocol::Dispatcher& dispatcher, camera::Photographer& photographer);

}  // namespace celeriac::hal
