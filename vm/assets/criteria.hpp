#pragma once
// The criteria of point groups.
//
//   string_eq  {field: [texts]}            number_eq  {field: [numbers]}
//   number_gt, number_lt  {field: number}  day        {op: "<" younger or ">" older, days_ago}
//
// All must hold. `meta.…` in string_eq only narrows what the others find; an empty list, null and 0 days are
// no condition. A point without the field does not match.

#include <cstdint>
#include <nlohmann/json.hpp>

namespace celeriac::vm {

/// Whether the group finds points by itself: criteria that are none, or of `meta.…` alone, find nothing.
[[nodiscard]] bool finds_points(const nlohmann::json& criteria);

/// `now_ms` since 1970, for `day`: it looks at planted_at of plants and at created_at of others.
[[nodiscard]] bool matches(const nlohmann::json& criteria, const nlohmann::json& point, std::int64_t now_ms);

}  // namespace celeriac::vm
