#pragma once
// wasi_snapshot_preview1: the little of it that a language's runtime needs, offered beside every ABI.

#include <span>

#include "guest/abi/guest.hpp"

namespace celeriac::guest {

/// What it remembers of one instance. Its functions reach it through PersonalityBase::preview1().
class Preview1 {};

/// Every function of wasi_snapshot_preview1. Their `self` must be a PersonalityBase.
std::span<const HostFunction> preview1_functions();

}  // namespace celeriac::guest
