#pragma once
// Whether the step loop and the tree walker did the same.

#include <string>

#include "tests/reference/tiny_world.hpp"

namespace celeriac::reference {

/// What was compared, summed up.
struct Tally {
  std::size_t lines = 0;   ///< operations, scripts and the like, that were asked for
  std::size_t good = 0;    ///< runs that came to their end
  std::size_t failed = 0;  ///< runs that failed, both ways alike
  std::string reason;      ///< of the last one that failed
};

/// Runs an account both ways. "" if everything that was asked for and the end are equal; else what is not,
/// with the lines around it.
std::string difference(const Account& account, Tally* tally = nullptr);

/// The account as text, for a person who wants to run it.
std::string shown(const Account& account);

}  // namespace celeriac::reference
