// Steps that are about scripts, messages and resources.

#include <algorithm>
#include <format>
#include <nlohmann/json.hpp>

#include "celeryscript/compiler_arguments.hpp"
#include "celeryscript/compiler_lowering.hpp"
#include "celeryscript/compiler_values.hpp"

namespace celeriac::celeryscript {
namespace {

using namespace protocol::literals;
using protocol::Result;

/// The names of the `channel` items, as a JSON array.
Result<std::string> channels(const Node& node) {
  nlohmann::json names = nlohmann::json::array();
  for (const Node* item : node.body) {
    if (item->word != "channel") return refuse_kind(*item);
    const auto name = word(*item, "channel_name");
    if (!name) return std::unexpected(name.error());
    names.push_back(*name);
  }
  return names.dump();
}

/// A primitive argument as JSON.
nlohmann::json primitive_value(const Node& node, std::string_view argument) {
  const Argument* found = node.find(argument);
  if (found == nullptr || found->misfit != Misfit::none) return {};
  return std::visit(
      []<class Held>(const Held& held) -> nlohmann::json {
        if constexpr (std::is_same_v<Held, const Node*>) {
          return {};
        } else {
          return held;
        }
      },
      found->value);
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

struct Pair {
  std::string label;
  nlohmann::json value;
};

Result<std::vector<Pair>> pairs(const Node& node) {
  std::vector<Pair> made;
  for (const Node* item : node.body) {
    if (item->word != "pair") return refuse_kind(*item);
    const auto label = word(*item, "label");
    if (!label) return std::unexpected(label.error());
    made.push_back({std::string(*label), primitive_value(*item, "value")});
  }
  return made;
}

void write_update(StepWriter& steps, ResourceUpdate update) {
  steps.open().i32_const(steps.add(&Tables::updates, std::move(update))).call(steps.import(HostCall::update));
  steps.close();
}

}  // namespace

Result<void> lower_send_message(Lowering& lowering, const Node& node) {
  static const protocol::Operation& send = "SYS.SEND_MESSAGE"_op;
  StepWriter& steps = lowering.steps;
  wasm::Code& code = steps.open();
  for (const protocol::Field& field : send.fields) {
    if (field.type == protocol::FieldType::texts) {
      const auto listed = channels(node);
      if (!listed) return std::unexpected(listed.error());
      code.i32_const(steps.text(*listed));
    } else {  // the operation calls them as the node does: message, message_type
      const auto written = word(node, field.name);
      if (!written) return std::unexpected(written.error());
      code.i32_const(steps.text(*written));
    }
  }
  code.call(steps.import(send));
  steps.close();
  return {};
}

Result<void> lower_lua(Lowering& lowering, const Node& node) {
  const auto code = word(node, "lua");
  if (!code) return std::unexpected(code.error());
  StepWriter& steps = lowering.steps;
  steps.open()
      .i32_const(steps.add(&Tables::scripts, std::string(*code)))
      .i32_const(static_cast<std::int32_t>(LuaUse::step))
      .call(steps.import(HostCall::lua));
  steps.close();
  return {};
}

Result<void> lower_set_user_env(Lowering& lowering, const Node& node) {
  static const protocol::Operation& set = "SYS.SET_USER_ENV"_op;
  StepWriter& steps = lowering.steps;
  const auto variables = pairs(node);
  if (!variables) return std::unexpected(variables.error());
  for (const Pair& variable : *variables) {
    steps.open()
        .i32_const(steps.text(variable.label))
        .i32_const(steps.text(text_of(variable.value)))
        .call(steps.import(set));
    steps.close();
  }
  if (variables->empty()) {
    steps.open();
    steps.close();
  }
  return {};
}

Result<void> lower_update_resource(Lowering& lowering, const Node& node) {
  const auto held = child(node, "resource");
  if (!held) return std::unexpected(held.error());
  auto resource = data_value(**held);
  if (!resource) return std::unexpected(std::move(resource.error()));
  auto properties = pairs(node);
  if (!properties) return std::unexpected(std::move(properties.error()));
  ResourceUpdate update{.resource = std::move(*resource), .properties = {}};
  for (Pair& property : *properties)
    update.properties.emplace_back(std::move(property.label), std::move(property.value));
  write_update(lowering.steps, std::move(update));
  return {};
}

Result<void> lower_resource_update(Lowering& lowering, const Node& node) {
  const auto type = word(node, "resource_type");
  if (!type) return std::unexpected(type.error());
  const auto id = whole(node, "resource_id");
  if (!id) return std::unexpected(id.error());
  const auto label = word(node, "label");
  if (!label) return std::unexpected(label.error());
  ResourceUpdate update{.resource = ResourceReference{std::string(*type), *id}, .properties = {}};
  update.properties.emplace_back(std::string(*label), primitive_value(node, "value"));
  write_update(lowering.steps, std::move(update));
  return {};
}

Result<void> lower_change_ownership(Lowering& lowering, const Node& node) {
  static const protocol::Operation& change = "SYS.CHANGE_OWNERSHIP"_op;
  const auto given = pairs(node);
  if (!given) return std::unexpected(given.error());
  StepWriter& steps = lowering.steps;
  wasm::Code& code = steps.open();
  for (const protocol::Field& field : change.fields) {
    const auto found = std::ranges::find(*given, field.name, &Pair::label);
    if (found == given->end() && field.required) {
      return refuse(
          node,
          std::format("Invalid credentials for change ownership: the body needs a pair \"{}\".", field.name));
    }
    code.i32_const(steps.text(found == given->end() ? std::string() : text_of(found->value)));
  }
  code.call(steps.import(change));
  steps.close();
  return {};
}

Result<void> lower_register_gpio(Lowering& lowering, const Node& node) {
  static const protocol::Operation& bind = "SYS.REGISTER_GPIO"_op;
  const auto line = whole(node, "pin_number");
  if (!line) return std::unexpected(line.error());
  const auto sequence = whole(node, "sequence_id");
  if (!sequence) return std::unexpected(sequence.error());
  StepWriter& steps = lowering.steps;
  steps.open().i32_const(*line).i32_const(*sequence).i32_const(steps.text("rising")).call(steps.import(bind));
  steps.close();
  return {};
}

Result<void> lower_unregister_gpio(Lowering& lowering, const Node& node) {
  static const protocol::Operation& unbind = "SYS.UNREGISTER_GPIO"_op;
  const auto line = whole(node, "pin_number");
  if (!line) return std::unexpected(line.error());
  StepWriter& steps = lowering.steps;
  steps.open().i32_const(*line).call(steps.import(unbind));
  steps.close();
  return {};
}

Result<void> lower_script(Lowering& lowering, const Node& node) {
  ScriptCall call{.label = "take-photo", .environment = {}};
  if (node.word != "take_photo") {
    const auto label = word(node, "label");
    if (!label) return std::unexpected(label.error());
    call.label = *label;
  }
  const auto variables = pairs(node);
  if (!variables) return std::unexpected(variables.error());
  for (const Pair& variable : *variables)
    call.environment.emplace_back(variable.label, text_of(variable.value));
  StepWriter& steps = lowering.steps;
  steps.open().i32_const(steps.add(&Tables::calls, std::move(call))).call(steps.import(HostCall::script));
  steps.close();
  return {};
}

}  // namespace celeriac::celeryscript
