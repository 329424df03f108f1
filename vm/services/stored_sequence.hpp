#pragma once
// Runs a sequence of the account for a part of the VM: schedule, buttons.

#include <functional>

#include "protocol/error.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

/// `ended` runs once: when it has ended, or with the reason why it cannot be started; `started` before it, if
/// it was. Both references must outlive the run.
void run_stored_sequence(CodeStore& store, StepLoop& loop, std::int64_t sequence_id, StartOptions options,
                         std::move_only_function<void(ProcessId)> started,
                         std::move_only_function<void(protocol::Result<void>)> ended);

}  // namespace celeriac::vm
