#include "guest/abi/canonical/type.hpp"

namespace celeriac::guest::canonical {
namespace {

std::vector<NumberType> as_vector(std::span<const NumberType> types) {
  return {types.begin(), types.end()};
}

wasm::Signature without_area(const Function& function) {
  wasm::Signature made;
  if (function.indirect())
    made.parameters = {NumberType::i32};
  else
    made.parameters = as_vector(function.parameters.flat());
  if (function.result != nullptr && !function.returns_area())
    made.results = as_vector(function.result->flat());
  return made;
}

}  // namespace

wasm::Signature import_signature(const Function& function) {
  auto made = without_area(function);
  if (function.returns_area()) made.parameters.push_back(NumberType::i32);
  return made;
}

wasm::Signature export_signature(const Function& function) {
  auto made = without_area(function);
  if (function.returns_area()) made.results.push_back(NumberType::i32);
  return made;
}

}  // namespace celeriac::guest::canonical
