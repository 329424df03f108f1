#pragma once
// The Kinode personality: a module that imports kinode:process/standard (or, as it is called later,
// hyperware:process/standard) owns its loop. It is started with `init`, receives and sends inside of it, and
// has ended when it returns.
//
//   _initialize (once) ──► init(our address) ──┬─► receive … send-request … ─┐ ──► returns: the process has
//   ended
//                                              └─────────────────────────────┘
//
// Which version a call is of is said by the module that it is imported from; one module may use several. What
// a message means (contexts, who is answered, what is inherited, timers, filtering) is the kernel's; here it
// is translated.

#include <memory>
#include <string_view>

#include "guest/abi/guest.hpp"

namespace celeriac::guest::kinode {

/// True if it imports a version of the interface that is known here, or one that is not.
bool recognises(const ModuleShape& module);

/// Status::invalid_code if the module exports no `init` or no allocator, or its strings are not UTF-8.
protocol::Result<std::unique_ptr<Personality>> make(const ModuleShape& module, std::string_view variant);

}  // namespace celeriac::guest::kinode
