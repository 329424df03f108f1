#pragma once
// Values that variables hold and `move` computes with: the data nodes of the grammar, read once.

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace celeriac::celeryscript {

/// `coordinate`: a place in mm.
struct Coordinate {
  double x = 0, y = 0, z = 0;
  friend bool operator==(const Coordinate&, const Coordinate&) = default;
};
/// `point`: a plant, weed, tool slot or point of the map. The id alone finds it; the type is for texts.
struct PointReference {
  std::string pointer_type;
  std::int64_t id = 0;
  friend bool operator==(const PointReference&, const PointReference&) = default;
};
/// `tool`: stands for the slot that holds it.
struct ToolReference {
  std::int64_t id = 0;
  friend bool operator==(const ToolReference&, const ToolReference&) = default;
};
/// `point_group`: a sequence with such a variable runs once for each member.
struct GroupReference {
  std::int64_t id = 0;
  friend bool operator==(const GroupReference&, const GroupReference&) = default;
};
/// `every_point` and `every_location` of older documents: all points of a type, in random order.
struct EveryPoint {
  std::string pointer_type;
  friend bool operator==(const EveryPoint&, const EveryPoint&) = default;
};
/// `resource`.
struct ResourceReference {
  std::string resource_type;
  std::int64_t id = 0;
  friend bool operator==(const ResourceReference&, const ResourceReference&) = default;
};
/// `identifier`: the value of a variable.
struct Identifier {
  std::string label;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};
/// `location_placeholder` and its like: nobody has chosen a value yet.
struct Placeholder {
  std::string kind;
  friend bool operator==(const Placeholder&, const Placeholder&) = default;
};

/// `numeric` is a double, `text` a string.
using DataValue = std::variant<double, std::string, Coordinate, PointReference, ToolReference, GroupReference,
                               ResourceReference, Identifier, Placeholder, EveryPoint>;

struct Variable {
  std::string label;
  DataValue value;
};

/// The variables of one run of a sequence, each label once. What is bound holds no Identifier any more.
using Scope = std::vector<Variable>;

/// nullptr: there is no such variable.
inline const DataValue* find(const Scope& scope, std::string_view label) noexcept {
  const auto found = std::ranges::find(scope, label, &Variable::label);
  return found == scope.end() ? nullptr : &found->value;
}

/// The node that the value was: `{"kind": "point", "args": {…}}`.
nlohmann::json to_node(const DataValue& value);

}  // namespace celeriac::celeryscript
