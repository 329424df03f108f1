#pragma once
// CODE.*: from frames to the code store.

#include "protocol/dispatcher.hpp"
#include "vm/sequences/code_store.hpp"

namespace celeriac::vm {

void serve_codes(protocol::Dispatcher& dispatcher, CodeStore& store);

}  // namespace celeriac::vm
