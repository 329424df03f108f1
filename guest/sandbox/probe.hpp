#pragma once
// What the sandbox refuses, tried out: each attempt in a process of its own, once behind all walls and once
// behind each of the two that overlap, so that one of them failing is seen.

#include <string>

#include <nlohmann/json.hpp>

#include "guest/sandbox/sandbox.hpp"

namespace celeriac::guest {

struct ProbeTargets {
  std::string socket;                ///< path of a unix socket that somebody listens on; "" if there is none
  int descriptor = -1;               ///< one that was inherited and must not be usable; -1 if there is none
  std::string file = "/etc/passwd";  ///< that everybody may read
};

/// `{walls: {landlock, own_network, own_user, missing}, attempts: [{name, all, filter_alone,
/// landlock_alone}]}`. An outcome is "allowed", the name of an errno ("EPERM"), or "killed by SIGSYS".
nlohmann::json probe(const ProbeTargets& targets);

}  // namespace celeriac::guest
