#include "celeryscript/compiler_values.hpp"

#include <algorithm>
#include <format>

#include "celeryscript/checker.hpp"
#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/grammar.hpp"

namespace celeriac::celeryscript {

using protocol::Result;

namespace {

Result<std::int64_t> id(const Node& node, std::string_view argument) {
  const auto value = whole(node, argument);
  if (!value) return std::unexpected(value.error());
  return *value;
}

Result<DataValue> coordinate(const Node& node) {
  Coordinate place;
  for (const auto& [name, part] : {std::pair{"x", &place.x}, {"y", &place.y}, {"z", &place.z}}) {
    const auto value = number(node, name);
    if (!value) return std::unexpected(value.error());
    *part = *value;
  }
  return place;
}

Result<DataValue> numeric(const Node& node) {
  return number(node, "number").transform([](double value) { return DataValue(value); });
}

/// A kind whose one argument is a text.
template <class Made, auto& argument>
Result<DataValue> of_word(const Node& node) {
  return word(node, argument).transform([](std::string_view text) {
    return DataValue(std::in_place_type<Made>, Made{std::string(text)});
  });
}

/// A kind whose one argument is an id.
template <class Made, auto& argument>
Result<DataValue> of_id(const Node& node) {
  return id(node, argument).transform([](std::int64_t number) { return DataValue(Made{number}); });
}

/// A kind with a type and an id.
template <class Made, auto& type, auto& number>
Result<DataValue> of_type_and_id(const Node& node) {
  const auto written = word(node, type);
  if (!written) return std::unexpected(written.error());
  return id(node, number).transform([&](std::int64_t found) {
    return DataValue(Made{std::string(*written), found});
  });
}

Result<DataValue> placeholder(const Node& node) {
  return DataValue(Placeholder{std::string(node.word)});
}

constexpr char every_point_type[] = "every_point_type", label[] = "label",
               point_group_id[] = "point_group_id", pointer_id[] = "pointer_id",
               pointer_type[] = "pointer_type", resource_id[] = "resource_id",
               resource_type[] = "resource_type", string[] = "string", tool_id[] = "tool_id";

struct Row {
  std::string_view kind;
  Result<DataValue> (*read)(const Node&);
};
constexpr Row rows[] = {
    {"coordinate", coordinate},
    {"every_location", of_word<EveryPoint, pointer_type>},
    {"every_point", of_word<EveryPoint, every_point_type>},
    {"identifier", of_word<Identifier, label>},
    {"location_placeholder", placeholder},
    {"number_placeholder", placeholder},
    {"numeric", numeric},
    {"point", of_type_and_id<PointReference, pointer_type, pointer_id>},
    {"point_group", of_id<GroupReference, point_group_id>},
    {"resource", of_type_and_id<ResourceReference, resource_type, resource_id>},
    {"resource_placeholder", placeholder},
    {"text", of_word<std::string, string>},
    {"text_placeholder", placeholder},
    {"tool", of_id<ToolReference, tool_id>},
};

/// `label` and the value in `argument` of a declaration or an application.
Result<Variable> variable(const Node& node, std::string_view argument) {
  const auto name = word(node, "label");
  if (!name) return std::unexpected(name.error());
  const auto held = child(node, argument);
  if (!held) return std::unexpected(held.error());
  auto value = data_value(**held);
  if (!value) return std::unexpected(std::move(value.error()));
  return Variable{std::string(*name), std::move(*value)};
}

std::string_view value_of(const Node& item) {
  return item.word == "parameter_declaration" ? "default_value" : "data_value";
}

Result<Scope> bound(const Node& node) {
  Scope scope;
  for (const Node* item : node.body) {
    auto made = variable(*item, value_of(*item));
    if (!made) return std::unexpected(std::move(made.error()));
    const auto before = std::ranges::find(scope, made->label, &Variable::label);
    if (before != scope.end()) {
      before->value = std::move(made->value);
    } else {
      scope.push_back(std::move(*made));
    }
  }
  return scope;
}

struct ToNode {
  static nlohmann::json node(const char* kind, nlohmann::json args) {
    return {{"kind", kind}, {"args", std::move(args)}};
  }
  nlohmann::json operator()(double number) const { return node("numeric", {{"number", number}}); }
  nlohmann::json operator()(const std::string& text) const { return node("text", {{"string", text}}); }
  nlohmann::json operator()(const Coordinate& at) const {
    return node("coordinate", {{"x", at.x}, {"y", at.y}, {"z", at.z}});
  }
  nlohmann::json operator()(const PointReference& point) const {
    return node("point", {{"pointer_type", point.pointer_type}, {"pointer_id", point.id}});
  }
  nlohmann::json operator()(const ToolReference& tool) const { return node("tool", {{"tool_id", tool.id}}); }
  nlohmann::json operator()(const GroupReference& group) const {
    return node("point_group", {{"point_group_id", group.id}});
  }
  nlohmann::json operator()(const ResourceReference& resource) const {
    return node("resource", {{"resource_type", resource.resource_type}, {"resource_id", resource.id}});
  }
  nlohmann::json operator()(const Identifier& identifier) const {
    return node("identifier", {{"label", identifier.label}});
  }
  nlohmann::json operator()(const Placeholder& placeholder) const {
    return {{"kind", placeholder.kind}, {"args", nlohmann::json::object()}};
  }
  nlohmann::json operator()(const EveryPoint& every) const {
    return node("every_point", {{"every_point_type", every.pointer_type}});
  }
};

}  // namespace

nlohmann::json to_node(const DataValue& value) {
  return std::visit(ToNode(), value);
}

Result<DataValue> data_value(const Node& node) {
  const auto* row = std::ranges::find(rows, node.word, &Row::kind);
  if (row == std::end(rows)) {
    return refuse(node, std::format("A `{}` cannot be the value of a variable.", node.word));
  }
  return row->read(node);
}

Result<std::vector<Declaration>> declarations(const Node& root) {
  std::vector<Declaration> made;
  if (root.word != "sequence") return made;
  const auto scope = child(root, "locals");
  if (!scope) return std::unexpected(scope.error());
  for (const Node* item : (*scope)->body) {
    auto read = variable(*item, value_of(*item));
    if (!read) return std::unexpected(std::move(read.error()));
    made.push_back({std::move(*read), item->word == "variable_declaration"});
  }
  return made;
}

Result<Scope> applications(const Node& node) {
  return bound(node);
}

Result<Scope> applications_of_items(const nlohmann::json& items) {
  if (items.is_null() || items.empty()) return Scope();
  // As the web app stores them, so that the grammar says what may stand there.
  const nlohmann::json root = {
      {"kind", "internal_regimen"}, {"args", nlohmann::json::object()}, {"body", items}};
  Parsed parsed = parse(root.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (parsed.document.root != nullptr) check(parsed.document, parsed.diagnostics);
  if (!parsed.diagnostics.clean()) return std::unexpected(to_error(parsed.diagnostics));
  return bound(*parsed.document.root);
}

Result<Scope> applications_of(const nlohmann::json& values) {
  if (values.is_null()) return Scope();
  if (!values.is_object()) {
    return protocol::fail(protocol::Status::malformed, "Variables are given as {label: value, …}.");
  }
  nlohmann::json items = nlohmann::json::array();
  for (const auto& [name, value] : values.items()) {
    nlohmann::json node = value.is_number()   ? to_node(value.get<double>())
                          : value.is_string() ? to_node(value.get<std::string>())
                                              : value;
    if (!node.is_object()) {
      return protocol::fail(
          protocol::Status::malformed,
          std::format("The variable \"{}\" must be a number, a text or a node {{kind, args}}.", name));
    }
    items.push_back(
        {{"kind", "parameter_application"}, {"args", {{"label", name}, {"data_value", std::move(node)}}}});
  }
  return applications_of_items(items);
}

}  // namespace celeriac::celeryscript
