#pragma once
// From the arguments of a compiled step to the payload of an operation, as the operation table says.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "wasm/types.hpp"

namespace celeriac::vm {

/// Makes the payloads of one operation. Where all fields have a fixed size, which is every operation that
/// moves or switches something, the document is laid out once and only the numbers are put in.
class PayloadMaker {
 public:
  explicit PayloadMaker(const protocol::Operation& operation);

  /// `arguments`: one for each field, in the table's order, of the type that the compiler gives it (number
  /// and any: f64; the rest: i32, texts as handles into `texts`). The view is valid until the next call.
  /// Errors: wrong_state for a number that is not known (NaN), internal for a handle that does not exist.
  protocol::Result<std::string_view> make(std::span<const wasm::Value> arguments,
                                          const std::vector<std::string>& texts);

 private:
  protocol::Result<std::string_view> make_with_texts(std::span<const wasm::Value> arguments,
                                                     const std::vector<std::string>& texts);

  const protocol::Operation& operation_;
  bool fixed_ = true;
  std::string payload_;
  std::vector<std::size_t> places_;  // of the fields' values in payload_, if fixed
};

}  // namespace celeriac::vm
