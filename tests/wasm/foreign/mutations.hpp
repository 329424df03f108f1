#pragma once
// Modules that were good until something happened to their bytes.

#include <cstdint>
#include <string>

#include "tests/reference/dice.hpp"
#include "tests/wasm/foreign/samples.hpp"

namespace celeriac::testing {

/// A sample, or a component around one, with bytes flipped, cut, doubled, put in, or taken from another
/// sample.
ModuleBytes spoilt_module(reference::Dice& dice);

/// How far spoilt modules came.
struct Survivors {
  std::uint64_t read = 0, rewritten = 0, valid = 0;
};

/// What must hold for any bytes: they are read or refused without harm, with memory in proportion to their
/// size; what is rewritten can be read again; and, where `ask_validator`, it is valid when what it was made
/// of is. "" if that holds.
std::string broken_promise(const ModuleBytes& bytes, bool ask_validator, Survivors& survivors);

}  // namespace celeriac::testing
