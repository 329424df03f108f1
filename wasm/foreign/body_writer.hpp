#pragma once
// Writes function bodies anew, with fuel and depth counted in them. Inside of this folder only.

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "wasm/foreign/cost.hpp"
#include "wasm/foreign/module.hpp"
#include "wasm/leb128.hpp"

namespace celeriac::wasm::foreign {

/// The function types of the rewritten module: those that there were, then those that somebody asked for.
class TypeTable {
 public:
  explicit TypeTable(const ForeignModule& module);
  std::uint32_t index(const FunctionType& type);
  /// The added types, in their order.
  [[nodiscard]] const std::vector<FunctionType>& added() const noexcept { return added_; }

 private:
  std::uint32_t next_;
  std::map<std::pair<std::vector<ValueType>, std::vector<ValueType>>, std::uint32_t> known_;
  std::vector<FunctionType> added_;
};

/// Where things are that code refers to.
struct HostIndices {
  std::uint32_t refuel, too_deep;     ///< functions
  std::optional<std::uint32_t> grow;  ///< a function, if the host grows the memory
  std::uint32_t added_imports;        ///< the module's own functions move up by so many
  std::uint32_t fuel, depth;          ///< globals
  std::uint32_t depth_limit;
};

class BodyWriter {
 public:
  BodyWriter(const ForeignModule& module, const HostIndices& host, TypeTable& types);

  /// Appends the body, its length in front.
  void append(Bytes& out, const Body& body, const FunctionCost& cost);

 private:
  void append_locals(const Body& body, const FunctionCost& cost);
  void append_code(const Body& body, const FunctionCost& cost);
  void append_fuel(std::uint32_t cost);
  void append_range_fuel(std::uint32_t length_local);
  void enter(std::uint32_t depth, const std::vector<ValueType>& results);
  void leave(std::uint32_t depth);

  const ForeignModule& module_;
  HostIndices host_;
  TypeTable& types_;
  Bytes refuel_when_empty_;
  Bytes out_;  ///< of the body that is being written
};

}  // namespace celeriac::wasm::foreign
