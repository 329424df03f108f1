#pragma once
// Calls of a guest that has lost its mind: every function of a personality, with arguments and memory that
// are spoilt, wholly or in a few bytes.

#include <cstdint>
#include <string>

namespace celeriac::guest::testing {

struct MutationOutcome {
  std::uint64_t returned = 0;  ///< calls that the guest came back from
  std::uint64_t trapped = 0;
  std::uint64_t asked = 0;  ///< requests that went out
  std::string broken;       ///< the promise that a call broke; "" if none did
};

/// `count` calls of Kinode's functions. Whatever the guest does, it is a Trap or a request that the kernel
/// can read.
MutationOutcome spoil_kinode_calls(std::uint64_t seed, std::uint64_t count);

}  // namespace celeriac::guest::testing
