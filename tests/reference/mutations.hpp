#pragma once
// Documents that were good until something happened to them.

#include <string>

#include "tests/reference/dice.hpp"
#include "tests/reference/tiny_world.hpp"

namespace celeriac::reference {

/// Bytes flipped, cut, doubled, put in.
std::string spoil_text(Dice& dice, std::string text);
/// Kinds swapped, arguments dropped, added, renamed, retyped, subtrees moved and nested.
Json spoil_tree(Dice& dice, Json document);

/// What must hold for any text: it is read, and compiled if it is good, without harm; whatever is refused is
/// refused at a place that exists in it. "" if that holds.
std::string broken_promise(const std::string& source);

}  // namespace celeriac::reference
