#include "vm/assets/criteria.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "vm/assets/asset_check.hpp"
#include "vm/assets/iso_time.hpp"

namespace celeriac::vm {
namespace {

using nlohmann::json;

constexpr std::string_view meta_prefix = "meta.";
constexpr double milliseconds_per_day = 86'400'000;

/// The part of the criteria with this name; an empty object if it is missing or no object.
const json& part(const json& criteria, const char* name) {
  static const json none = json::object();
  if (!criteria.is_object()) return none;
  const auto found = criteria.find(name);
  return found != criteria.end() && found->is_object() ? *found : none;
}

/// Whether a value of a criterion asks for anything.
bool is_condition(const json& wanted) {
  return !wanted.is_null() && !(wanted.is_array() && wanted.empty());
}

/// "meta.color" of the point; nullptr: it has none.
const json* value_at(const json& point, std::string_view field) {
  const json* object = &point;
  if (field.starts_with(meta_prefix)) {
    const auto meta = point.find("meta");
    if (meta == point.end() || !meta->is_object()) return nullptr;
    object = &*meta;
    field.remove_prefix(meta_prefix.size());
  }
  const auto found = object->find(field);
  return found == object->end() || found->is_null() ? nullptr : &*found;
}

/// A value that stands alone is a list of one.
bool is_one_of(const json& value, const json& wanted,
               const std::function<bool(const json&, const json&)>& same) {
  if (!wanted.is_array()) return same(value, wanted);
  return std::ranges::any_of(wanted, [&](const json& each) { return same(value, each); });
}

bool same_text(const json& a, const json& b) {
  const auto text = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : asset_text(value);
  };
  return text(a) == text(b);
}

bool same_number(const json& a, const json& b) {
  return a.is_number() && b.is_number() && a.get<double>() == b.get<double>();
}
bool is_greater(const json& a, const json& b) {
  return a.is_number() && b.is_number() && a.get<double>() > b.get<double>();
}
bool is_less(const json& a, const json& b) {
  return is_greater(b, a);
}

struct Comparison {
  const char* part;
  bool (*holds)(const json& value, const json& wanted);
};
constexpr Comparison comparisons[] = {
    {"string_eq", same_text}, {"number_eq", same_number}, {"number_gt", is_greater}, {"number_lt", is_less}};

double days_ago(const json& criteria) {
  const auto& day = part(criteria, "day");
  const auto found = day.find("days_ago");
  return found != day.end() && found->is_number() ? found->get<double>() : 0;
}

bool age_matches(const json& criteria, const json& point, std::int64_t now_ms) {
  const double days = days_ago(criteria);
  if (days == 0) return true;
  const json* date = value_at(point, point.at("pointer_type") == "Plant" ? "planted_at" : "created_at");
  const auto time = date != nullptr && date->is_string()
                        ? milliseconds_of(date->get_ref<const std::string&>())
                        : std::nullopt;
  if (!time) return false;
  const double limit = static_cast<double>(now_ms) - days * milliseconds_per_day;
  const bool older = part(criteria, "day").value("op", json()) == ">";
  return older ? static_cast<double>(*time) < limit : static_cast<double>(*time) > limit;
}

}  // namespace

bool finds_points(const json& criteria) {
  if (days_ago(criteria) != 0) return true;
  for (const auto& [name, holds] : comparisons)
    for (const auto& [field, wanted] : part(criteria, name).items())
      if (is_condition(wanted) && !field.starts_with(meta_prefix)) return true;
  return false;
}

bool matches(const json& criteria, const json& point, std::int64_t now_ms) {
  for (const auto& [name, holds] : comparisons) {
    for (const auto& [field, wanted] : part(criteria, name).items()) {
      if (!is_condition(wanted)) continue;
      const json* value = value_at(point, field);
      if (value == nullptr || !is_one_of(*value, wanted, holds)) return false;
    }
  }
  return age_matches(criteria, point, now_ms);
}

}  // namespace celeriac::vm
