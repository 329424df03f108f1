#pragma once
// Counts what a program takes from the heap. Linking this replaces the program's operator new.

#include <cstddef>

namespace celeriac::testing {

/// Bytes that this thread has asked for since it began; what it gave back is not taken off.
std::size_t allocated_bytes() noexcept;

}  // namespace celeriac::testing
