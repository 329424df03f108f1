#include "console/account_table.hpp"

#include <algorithm>
#include <format>
#include <span>

#include "console/text.hpp"

namespace celeriac::console {
using protocol::Json;

namespace {

struct Column {
  std::string_view heading;
  const char* field;
};
struct Columns {
  std::string_view kind;
  std::span<const Column> columns;
};

constexpr Column point_columns[] = {
    {"ID", "id"}, {"TYPE", "pointer_type"}, {"NAME", "name"},         {"X", "x"},         {"Y", "y"},
    {"Z", "z"},   {"RADIUS", "radius"},     {"STAGE", "plant_stage"}, {"TOOL", "tool_id"}};
constexpr Column group_columns[] = {{"ID", "id"},
                                    {"NAME", "name"},
                                    {"ORDER", "sort_type"},
                                    {"CHOSEN", "point_ids"},
                                    {"CRITERIA", "criteria"}};
constexpr Column tool_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"ML/S", "flow_rate_ml_per_s"}};
constexpr Column pin_columns[] = {{"ID", "id"}, {"LABEL", "label"}, {"PIN", "pin"}, {"MODE", "mode"}};
constexpr Column reading_columns[] = {{"ID", "id"}, {"PIN", "pin"}, {"VALUE", "value"}, {"MODE", "mode"},
                                      {"X", "x"},   {"Y", "y"},     {"Z", "z"},         {"READ", "read_at"}};
constexpr Column sensor_calibration_columns[] = {
    {"ID", "id"}, {"PIN", "pin"}, {"SCALE", "scale"}, {"OFFSET", "offset"}, {"UNIT", "unit"}};
constexpr Column regimen_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"ITEMS", "regimen_items"}};
constexpr Column event_columns[] = {
    {"ID", "id"},        {"RUNS", "executable_type"}, {"OF", "executable_id"}, {"START", "start_time"},
    {"END", "end_time"}, {"EVERY", "repeat"},         {"UNIT", "time_unit"}};
constexpr Column env_columns[] = {{"ID", "id"}, {"KEY", "key"}, {"VALUE", "value"}};
constexpr Column image_columns[] = {{"ID", "id"}, {"MADE", "created_at"}, {"URL", "attachment_url"}};
constexpr Column curve_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"TYPE", "type"}, {"POINTS", "data"}};
constexpr Column binding_columns[] = {
    {"ID", "id"}, {"PIN", "pin_num"}, {"SEQUENCE", "sequence_id"}, {"ACTION", "special_action"}};
constexpr Column folder_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"IN", "parent_id"}};
constexpr Column template_columns[] = {
    {"ID", "id"}, {"NAME", "name"}, {"X", "x"}, {"Y", "y"}, {"RADIUS", "radius"}};
constexpr Column feed_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"URL", "url"}};
constexpr Column log_columns[] = {{"ID", "id"}, {"TYPE", "type"}, {"MESSAGE", "message"}};
constexpr Column sequence_columns[] = {{"ID", "id"}, {"NAME", "name"}, {"CODE", "code"}, {"SIZE", "bytes"}};
constexpr Column other_columns[] = {{"ID", "id"}, {"NAME", "name"}};

constexpr Columns table_of_columns[] = {
    {"point", point_columns},
    {"point_group", group_columns},
    {"tool", tool_columns},
    {"peripheral", pin_columns},
    {"sensor", pin_columns},
    {"sensor_reading", reading_columns},
    {"sensor_calibration", sensor_calibration_columns},
    {"regimen", regimen_columns},
    {"farm_event", event_columns},
    {"farmware_env", env_columns},
    {"image", image_columns},
    {"curve", curve_columns},
    {"pin_binding", binding_columns},
    {"folder", folder_columns},
    {"plant_template", template_columns},
    {"webcam_feed", feed_columns},
    {"log", log_columns},
    {"sequence", sequence_columns},
};

constexpr std::size_t widest_cell = 48;

/// A part of a group's criteria that is no mere form, or a day of a curve.
bool asks_for_something(const Json& part) {
  if (part.is_object() && part.contains("days_ago")) return part["days_ago"] != 0;
  return !part.is_null() && !(part.is_structured() && part.empty());
}

/// What a criterion or a curve holds is too much for a cell: how much of it there is.
std::string cell(const Json& item, const char* field) {
  const auto found = item.find(field);
  if (found == item.end() || found->is_null()) return "-";
  if (found->is_array()) return std::to_string(found->size());
  if (found->is_object()) return std::to_string(std::ranges::count_if(*found, asks_for_something));
  const std::string text = brief(*found);
  return text.empty() ? "-" : fitted(text, widest_cell);
}

}  // namespace

std::string asset_table(std::string_view kind, const std::vector<Json>& items) {
  const auto found = std::ranges::find(table_of_columns, kind, &Columns::kind);
  const std::span<const Column> columns =
      found != std::end(table_of_columns) ? found->columns : std::span<const Column>(other_columns);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : columns) rows.front().emplace_back(column.heading);
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) row.push_back(cell(item, column.field));
  }
  // A column in which there is nothing says nothing; the id always stays.
  for (std::size_t column = columns.size(); column-- > 1;) {
    const auto empty = [column](const auto& row) { return row[column] == "-"; };
    if (std::all_of(rows.begin() + 1, rows.end(), empty))
      for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
  }
  return table(rows);
}

std::string asset_lines(const Json& item) {
  std::size_t widest = 0;
  for (const auto& [name, value] : item.items()) widest = std::max(widest, width(printable(name)));
  std::string text;
  for (const auto& [name, value] : item.items())
    text += std::format("{}  {}\n", padded(printable(name), widest), value.is_null() ? "-" : brief(value));
  return text;
}

std::string asset_title(const Json& item) {
  std::string text = brief(item.value("id", Json("?")));
  for (const char* field : {"name", "label", "key"})
    if (const auto found = item.find(field); found != item.end() && found->is_string())
      return text + ' ' + printable(found->get<std::string>());
  return text;
}

}  // namespace celeriac::console
