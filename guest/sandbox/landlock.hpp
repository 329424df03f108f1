#pragma once
// Landlock: no file by any path, no TCP, and where the kernel is new enough no signal and no abstract socket
// outside. Descriptors that are open already stay as they are.

#include <string>

#include "protocol/error.hpp"

namespace celeriac::guest {

/// A directory whose files may be used nevertheless.
struct OpenDirectory {
  std::string path = {};  ///< "": none
  bool writable = false;
};

/// Version of the interface that
/// is in force from now on; 0 if the kernel has none. Errors: denied.
protocol::Result<int> enter_landlock(const OpenDirectory& open = {});

}  // namespace celeriac::guest
