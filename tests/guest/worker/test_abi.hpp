#pragma once
// A tiny ABI for tests of the worker: what a guest can do, with nothing around it.
//
//   import module "test"   ask() -> status of a MESSAGE.RECEIVE     tell()   MESSAGE.SEND
//                          sleep(ms)   say(pointer, length, is_error)   exit(status)   restored() -> i32
//   exports                run(), once; or step(), after each MESSAGE.RECEIVE, and what it did is committed

#include "guest/abi/guest.hpp"

namespace celeriac::testing {

/// A module whose hint is "none" has no personality.
protocol::Result<std::unique_ptr<guest::Personality>> test_personality_for(const guest::ModuleShape& module,
                                                                           std::string_view hint);

}  // namespace celeriac::testing
