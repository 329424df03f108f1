#pragma once
// The hypervisor on the wire: requests of sessions in, responses out.

#include "hal/camera/photographer.hpp"
#include "hal/gpio/lines.hpp"
#include "hal/hypervisor.hpp"
#include "protocol/dispatcher.hpp"

namespace celeriac::hal {

/// An outcome becomes the response.
Completion answer(protocol::Responder responder);
/// Whose request it is.
Owner owner_of(const protocol::Request& request);

/// Serves every operation of the hypervisor through the dispatcher, and tells it of streams that end.
void install(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor);
/// Serves SYS.TAKE_PHOTO. It looks and does not touch: neither a lock nor a board that is away is in its way.
void install(protocol::Dispatcher& dispatcher, camera::Photographer& photographer);
/// Serves SYS.WRITE_LINE and SYS.READ_LINE. The board is not asked; the lock counts for lines that say so.
void install(protocol::Dispatcher& dispatcher, gpio::Lines& lines);

}  // namespace celeriac::hal
