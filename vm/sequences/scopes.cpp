#include "vm/sequences/scopes.hpp"

#include <algorithm>
#include <format>
#include <random>

namespace celeriac::vm {

using celeryscript::DataValue;
using celeryscript::Scope;
using celeryscript::Variable;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

void set(Scope& scope, const std::string& label, DataValue value) {
  const auto found = std::ranges::find(scope, label, &Variable::label);
  if (found == scope.end()) {
    scope.push_back({label, std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

/// A declared value that names another variable: the sequence has no caller's variables to find it in.
Result<DataValue> declared(const DataValue& value, const Scope& scope) {
  const auto* identifier = std::get_if<celeryscript::Identifier>(&value);
  if (identifier == nullptr) return value;
  const auto found = look_up(&scope, identifier->label);
  if (!found) return std::unexpected(found.error());
  return **found;
}

/// JSON pointer of the declaration of a variable; "" if it is only passed.
std::string declaration_of(const celeryscript::Program& program, std::string_view label) {
  const auto found = std::ranges::find(
      program.locals, label, [](const auto& each) -> const std::string& { return each.variable.label; });
  if (found == program.locals.end()) return {};
  return std::format("/args/locals/body/{}", found - program.locals.begin());
}

std::unexpected<protocol::Error> no_value(const celeryscript::Program& program, const std::string& label) {
  protocol::Error error{.status = Status::wrong_state,
                        .message = std::format("Exiting command because of errors. No value provided for {}: "
                                               "choose one, or give the variable a default.",
                                               label),
                        .path = declaration_of(program, label),
                        .code = "no_value"};
  error.details["label"] = label;
  return std::unexpected(std::move(error));
}

/// All points of a type, shuffled.
std::vector<std::int64_t> every_point(const Assets& assets, const std::string& type, std::uint64_t random) {
  std::vector<std::int64_t> ids;
  for (const auto& [id, point] : assets.all(AssetKind::point)) {
    if (point.value("pointer_type", "") == type) ids.push_back(id);
  }
  std::mt19937_64 generator(random);
  std::ranges::shuffle(ids, generator);
  return ids;
}

bool is_group(const Variable& variable) {
  return std::holds_alternative<celeryscript::GroupReference>(variable.value) ||
         std::holds_alternative<celeryscript::EveryPoint>(variable.value);
}

}  // namespace

Result<const DataValue*> look_up(const Scope* scope, std::string_view label) {
  if (scope == nullptr || scope->empty()) {
    return fail(Status::not_found,
                std::format("Attempted to access variable \"{}\", but no variables are declared.", label));
  }
  if (const DataValue* found = celeryscript::find(*scope, label)) return found;
  std::string known;
  for (const Variable& variable : *scope)
    known += std::format("{}\"{}\"", known.empty() ? "" : ", ", variable.label);
  return fail(Status::not_found,
              std::format("Can't find variable \"{}\". Available variables: {}", label, known));
}

Result<Scope> pass_on(const Scope& applications, const Scope* callers) {
  Scope passed;
  passed.reserve(applications.size());
  for (const Variable& variable : applications) {
    const auto* identifier = std::get_if<celeryscript::Identifier>(&variable.value);
    if (identifier == nullptr) {
      passed.push_back(variable);
      continue;
    }
    const auto found = look_up(callers, identifier->label);
    if (!found) return std::unexpected(found.error());
    passed.push_back({variable.label, **found});
  }
  return passed;
}

Result<Bound> bind(const celeryscript::Program& program, Scope given, bool given_wins, const Assets& assets,
                   std::int64_t now_ms, std::uint64_t random) {
  Scope scope = given;
  for (const auto& declaration : program.locals) {
    const auto& [label, value] = declaration.variable;
    if (!declaration.fixed && celeryscript::find(scope, label) != nullptr) continue;
    if (declaration.fixed && given_wins && celeryscript::find(given, label) != nullptr) continue;
    auto made = declared(value, scope);
    if (!made) return std::unexpected(std::move(made.error()));
    set(scope, label, std::move(*made));
  }
  Bound bound;
  for (const Variable& variable : scope) {
    if (std::holds_alternative<celeryscript::Placeholder>(variable.value))
      return no_value(program, variable.label);
    if (!is_group(variable)) continue;
    if (bound.iteration != nullptr)
      return fail(Status::wrong_state, std::format("You can only use one point group at a time. \"{}\" and "
                                                   "\"{}\" are groups.",
                                                   bound.iteration->label, variable.label));
    bound.iteration = std::make_unique<Iteration>();
    bound.iteration->label = variable.label;
    if (const auto* every = std::get_if<celeryscript::EveryPoint>(&variable.value)) {
      bound.iteration->members = every_point(assets, every->pointer_type, random);
      continue;
    }
    const auto id = std::get<celeryscript::GroupReference>(variable.value).id;
    auto members = assets.members(id, now_ms, random);
    if (!members)
      return fail(members.error().status, std::format("Point group not found: {}/{}", variable.label, id));
    bound.iteration->members = std::move(*members);
  }
  if (bound.iteration != nullptr && !bound.iteration->members.empty()) {
    bound.scope = with_member(scope, *bound.iteration);
  } else if (!scope.empty()) {
    bound.scope = std::make_shared<const Scope>(std::move(scope));
  }
  return bound;
}

std::shared_ptr<const Scope> with_member(const Scope& scope, const Iteration& iteration) {
  auto changed = std::make_shared<Scope>(scope);
  set(*changed, iteration.label,
      celeryscript::PointReference{"GenericPointer", iteration.members[iteration.at]});
  return changed;
}

}  // namespace celeriac::vm
