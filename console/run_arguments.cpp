#include "console/run_arguments.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <format>
#include <optional>

#include "console/values.hpp"

namespace celeriac::console {
using protocol::Error;
using protocol::Json;
using protocol::Result;
using protocol::Status;

const char* const argument_help =
    "3.5 (a number), point:51, Plant:51, tool:21, group:40, coordinate:1,2,3, resource:Peripheral/11, a node "
    "as JSON; anything else is a text";

namespace {

Json node(std::string_view kind, Json args) {
  return {{"kind", kind}, {"args", std::move(args)}};
}

/// The whole text as a number.
template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// ---- what may stand behind a prefix: nullopt if it does not ----------------------------------------

using Reading = std::optional<Json> (*)(std::string_view prefix, std::string_view rest);

std::optional<Json> point(std::string_view prefix, std::string_view rest) {
  const auto id = number<std::int64_t>(rest);
  if (!id) return std::nullopt;
  return node("point",
              {{"pointer_type", prefix == "point" ? "GenericPointer" : prefix}, {"pointer_id", *id}});
}

std::optional<Json> tool(std::string_view, std::string_view rest) {
  const auto id = number<std::int64_t>(rest);
  if (!id) return std::nullopt;
  return node("tool", {{"tool_id", *id}});
}

std::optional<Json> group(std::string_view, std::string_view rest) {
  const auto id = number<std::int64_t>(rest);
  if (!id) return std::nullopt;
  return node("point_group", {{"point_group_id", *id}});
}

std::optional<Json> coordinate(std::string_view, std::string_view rest) {
  std::array<double, 3> places{};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto comma = i + 1 < places.size() ? rest.find(',') : rest.size();
    if (comma == std::string_view::npos) return std::nullopt;
    const auto place = number<double>(trimmed(rest.substr(0, comma)));
    if (!place) return std::nullopt;
    places[i] = *place;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return node("coordinate", {{"x", places[0]}, {"y", places[1]}, {"z", places[2]}});
}

std::optional<Json> resource(std::string_view, std::string_view rest) {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const auto id = number<std::int64_t>(rest.substr(slash + 1));
  if (!id) return std::nullopt;
  return node("resource", {{"resource_type", rest.substr(0, slash)}, {"resource_id", *id}});
}

struct Prefix {
  std::string_view word;
  Reading read;
  std::string_view form;  ///< how it should be
};
constexpr Prefix prefixes[] = {
    {"point", point, "point:ID"},
    {"Plant", point, "Plant:ID"},
    {"Weed", point, "Weed:ID"},
    {"ToolSlot", point, "ToolSlot:ID"},
    {"GenericPointer", point, "GenericPointer:ID"},
    {"tool", tool, "tool:ID"},
    {"group", group, "group:ID"},
    {"coordinate", coordinate, "coordinate:X,Y,Z, in mm"},
    {"resource", resource, "resource:TYPE/ID"},
};

}  // namespace

Result<Json> argument_value(std::string_view text) {
  if (text.starts_with('(') && text.ends_with(')'))
    if (auto place = coordinate("", text.substr(1, text.size() - 2))) return std::move(*place);
  for (const auto& [word, read, form] : prefixes) {
    if (!text.starts_with(word) || !text.substr(word.size()).starts_with(':')) continue;
    if (auto value = read(word, text.substr(word.size() + 1))) return std::move(*value);
    return protocol::fail(
        Status::malformed,
        std::format("\"{}\" is not {}. A text that begins so is written in quotes: '\"{}\"'.", text, form,
                    text));
  }
  Json value = value_of(text);
  if (value.is_number() || value.is_string()) return value;
  if (!value.is_object()) return Json(text);
  if (value.contains("kind") && value.contains("args")) return value;
  return protocol::fail(Status::malformed,
                        std::format("{} is no node: it needs \"kind\" and \"args\".", text));
}

Result<Json> arguments_of(const std::vector<std::string>& words) {
  Json arguments = Json::object();
  for (const auto& word : words) {
    const auto assignment = split_assignment(word);
    if (!assignment) {
      Error error = assignment.error();
      error.message += " --arg takes label=value.";
      return std::unexpected(std::move(error));
    }
    auto value = argument_value(assignment->second);
    if (!value) return std::unexpected(std::move(value.error()));
    arguments[assignment->first] = std::move(*value);
  }
  return arguments;
}

}  // namespace celeriac::console
