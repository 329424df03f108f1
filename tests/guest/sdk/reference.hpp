#pragma once
// What the interfaces' reference says of every function, apart from what the personalities say: a row each.

#include <span>
#include <string_view>

namespace celeriac::test {

struct ReferenceRow {
  std::string_view module;
  std::string_view field;
  std::string_view type;  ///< "3" three i32, "3>1" and one as the result; others are spelt out
};

/// Functions that a guest may import. Of kinode:process/standard the module's version is left out.
std::span<const ReferenceRow> imports();
/// "(i32, i32) -> ()" of "2"
std::string spelt(std::string_view type);

}  // namespace celeriac::test
