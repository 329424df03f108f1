#pragma once
// The assets of a random account.

#include <cstdint>
#include <vector>

#include "tests/reference/dice.hpp"
#include "vm/assets/assets.hpp"

namespace celeriac::reference {

/// What steps may name, by id.
struct Garden {
  std::vector<std::int64_t> points, tools, groups, peripherals, sensors;
};

/// Fills `assets`, and tells what there is.
Garden plant(Dice& dice, vm::Assets& assets);

}  // namespace celeriac::reference
