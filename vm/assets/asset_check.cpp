#include "vm/assets/asset_check.hpp"

#include <algorithm>
#include <cmath>
#include <format>
#include <vector>

#include "protocol/words.hpp"
#include "vm/assets/assets.hpp"

namespace celeriac::vm {
namespace {

using nlohmann::json;
using protocol::Error;
using protocol::Result;
using protocol::Status;

/// Integers beyond this are not exact in JSON's numbers.
constexpr double largest_whole = 9.0e15;

std::unexpected<Error> bad(AssetKind kind, std::string_view field, std::string_view what) {
  Error error{.status = Status::malformed,
              .message = std::format("A {}: the field \"{}\" {}.", row_of(kind).name, field, what),
              .path = std::format("/{}", field)};
  error.details["field"] = field;
  return std::unexpected(std::move(error));
}

bool is_whole(const json& value) {
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) <= largest_whole;
}

bool has_type(const json& value, AssetFieldType type) {
  switch (type) {
    case AssetFieldType::number:
      return value.is_number() && std::isfinite(value.get<double>());
    case AssetFieldType::whole:
      return is_whole(value);
    case AssetFieldType::boolean:
      return value.is_boolean();
    case AssetFieldType::text:
      return value.is_string();
    case AssetFieldType::scalar:
      return value.is_string() || value.is_number() || value.is_boolean();
    case AssetFieldType::list:
      return value.is_array();
    case AssetFieldType::whole_numbers:
      return value.is_array() && std::ranges::all_of(value, is_whole);
    case AssetFieldType::object:
      return value.is_object();
  }
  return false;
}

std::string_view in_words(AssetFieldType type) {
  constexpr std::string_view words[] = {
      "a number", "a whole number",          "true or false", "a text", "a text, a number, or true or false",
      "a list",   "a list of whole numbers", "an object"};
  return words[static_cast<std::size_t>(type)];
}

Result<void> check_field(AssetKind kind, const AssetField& field, const json& item) {
  const auto found = item.find(field.name);
  const bool absent = found == item.end();
  if (absent || found->is_null()) {
    if (field.required) return bad(kind, field.name, absent ? "is missing" : "is null");
    return {};
  }
  if (!has_type(*found, field.type))
    return bad(kind, field.name, std::format("must be {}", in_words(field.type)));
  if (!field.choices.empty() &&
      std::ranges::find(field.choices, found->get_ref<const std::string&>()) == field.choices.end())
    return bad(
        kind, field.name,
        std::format("is \"{}\" and must be one of {}", protocol::shown(found->get_ref<const std::string&>()),
                    protocol::joined(std::vector(field.choices.begin(), field.choices.end()))));
  return {};
}

/// Whether the value is nested at most `levels` deep.
bool within_depth(const json& value, int levels) {
  if (!value.is_structured()) return true;
  return levels > 0 &&
         std::ranges::all_of(value, [levels](const json& each) { return within_depth(each, levels - 1); });
}

}  // namespace

Result<std::int64_t> asset_id_of(AssetKind kind, const json& item) {
  const auto found = item.find("id");
  if (found == item.end() || found->is_null()) return 0;
  if (!is_whole(*found) || found->get<double>() == 0)
    return bad(kind, "id", "must be a whole number other than 0");
  return found->get<std::int64_t>();
}

std::string asset_text(const json& item) {
  return item.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<void> check_asset(AssetKind kind, const json& item) {
  if (!item.is_object())
    return protocol::fail(Status::malformed,
                          std::format("A {} is an object of fields, not {}.", row_of(kind).name,
                                      item.is_null() ? "null" : item.type_name()));
  if (const auto id = asset_id_of(kind, item); !id) return std::unexpected(id.error());
  for (const AssetField& field : row_of(kind).fields)
    if (auto good = check_field(kind, field, item); !good) return good;
  if (!within_depth(item, max_asset_depth))
    return protocol::fail(Status::malformed, std::format("A {} may be nested {} levels deep.",
                                                         row_of(kind).name, max_asset_depth));
  if (const std::size_t bytes = asset_text(item).size(); bytes > max_asset_bytes)
    return protocol::fail(Status::out_of_resources,
                          std::format("A {} may have {} bytes as JSON, and this one has {}.",
                                      row_of(kind).name, max_asset_bytes, bytes));
  return {};
}

}  // namespace celeriac::vm
