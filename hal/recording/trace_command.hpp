#pragma once
// `celeriac-hal trace …`: reads the ring that a hypervisor writes, running or not.

namespace celeriac::hal::recording {

/// Reads its arguments behind the word "trace", does it, and returns the exit status: 0 done (or the same), 1
/// a difference or a failure, and the parser's for bad arguments.
int trace_command(int count, char** words);

}  // namespace celeriac::hal::recording
