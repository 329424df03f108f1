#pragma once
// A process as PROC.STAT, PROC.LIST and the register `process.N` show it:
// `{id, name, code, state, path, step, steps, steps_done, started, cpu_us, memory_bytes, waiting_for,
// priority, error}`.

#include <nlohmann/json.hpp>
#include <string>

#include "vm/sequences/process.hpp"

namespace celeriac::vm {

/// `motion_owner`: who owns motion, for those who wait for it. `step` counts from 1 in the top-level body of
/// the outermost sequence, 0 before its first; `started` is milliseconds since 1970 or null; `waiting_for` is
/// "" where it waits for nothing.
nlohmann::json document(const Process& process, ProcessId motion_owner);

/// What a process waits for, a phrase: "SYS.MOVE_ABSOLUTE", "motion, owned by process 3".
std::string waiting_for(const Process& process, ProcessId motion_owner);

}  // namespace celeriac::vm
