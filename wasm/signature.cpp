#include "wasm/signature.hpp"

#include <string_view>

namespace celeriac::wasm {
namespace {

std::string_view name(NumberType type) {
  switch (type) {
    case NumberType::i32:
      return "i32";
    case NumberType::i64:
      return "i64";
    case NumberType::f32:
      return "f32";
    case NumberType::f64:
      return "f64";
  }
  return "?";
}

std::string list(const std::vector<NumberType>& types) {
  std::string made = "(";
  for (const auto type : types) {
    if (made.size() > 1) made += ", ";
    made += name(type);
  }
  return made + ")";
}

}  // namespace

std::string text(const Signature& signature) {
  return list(signature.parameters) + " -> " + list(signature.results);
}

}  // namespace celeriac::wasm
