#pragma once
// Where entries of the register `log` go beside its watchers: into the journal of a service. Process-wide, as
// the logger is.

#include <functional>

#include "protocol/document.hpp"

namespace celeriac::protocol {

using LogTap = std::function<void(const Json& entry)>;

/// Every entry that any Registers gets from now on goes there too; nullptr: nowhere.
void tap_log(LogTap tap);
/// For Registers.
void tell_log_tap(const Json& entry);

}  // namespace celeriac::protocol
