#include "celeryscript/compiler_arguments.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace celeriac::celeryscript {
namespace {

std::unexpected<protocol::Error> refuse_at(std::string path, std::string message, std::string_view code) {
  protocol::Error error{
      .status = protocol::Status::invalid_code, .message = std::move(message), .path = std::move(path)};
  error.code = code;
  return std::unexpected(std::move(error));
}

/// A node where a value was expected comes later, at its own place; everything else is a plain mismatch.
std::unexpected<protocol::Error> mismatch(const Node& node, std::string_view name, std::string_view wanted) {
  const Argument* argument = node.find(name);
  if (argument == nullptr) {
    return refuse(node, std::format("`{}` needs the argument `{}`, {}.", node.word, name, wanted));
  }
  if (const auto* held = std::get_if<const Node*>(&argument->value); held != nullptr && *held != nullptr) {
    return refuse_kind(**held);
  }
  return refuse_argument(node, name,
                         std::format("The argument `{}` of `{}` must be {}.", name, node.word, wanted));
}

/// The argument if it holds a value at all.
const Argument* find_value(const Node& node, std::string_view name) {
  const Argument* argument = node.find(name);
  return argument != nullptr && argument->misfit == Misfit::none ? argument : nullptr;
}

}  // namespace

std::unexpected<protocol::Error> refuse(const Node& node, std::string message, std::string_view code) {
  return refuse_at(node.pointer(), std::move(message), code);
}

std::unexpected<protocol::Error> refuse_argument(const Node& node, std::string_view argument,
                                                 std::string message, std::string_view code) {
  std::string path = node.pointer() + "/args/";
  append_pointer_step(path, argument);
  return refuse_at(std::move(path), std::move(message), code);
}

std::unexpected<protocol::Error> refuse_kind(const Node& node) {
  return refuse(node, std::format("no compiler for {}: this version does not run it here yet.", node.word),
                "unsupported_kind");
}

protocol::Result<double> number(const Node& node, std::string_view name) {
  const Argument* argument = find_value(node, name);
  if (argument != nullptr) {
    if (const auto* integer = std::get_if<std::int64_t>(&argument->value))
      return static_cast<double>(*integer);
    const auto* real = std::get_if<double>(&argument->value);
    if (real != nullptr && std::isfinite(*real)) return *real;
  }
  return mismatch(node, name, "a number");
}

protocol::Result<std::int32_t> whole(const Node& node, std::string_view name) {
  const auto value = number(node, name);
  if (!value) return std::unexpected(value.error());
  using Limits = std::numeric_limits<std::int32_t>;
  if (*value == std::trunc(*value) && *value >= Limits::min() && *value <= Limits::max()) {
    return static_cast<std::int32_t>(*value);
  }
  return refuse_argument(node, name,
                         std::format("The argument `{}` of `{}` must be a whole number between {} and {}.",
                                     name, node.word, Limits::min(), Limits::max()));
}

protocol::Result<std::string_view> word(const Node& node, std::string_view name) {
  const Argument* argument = find_value(node, name);
  if (argument != nullptr) {
    if (const auto* text = std::get_if<std::string>(&argument->value)) return *text;
  }
  return mismatch(node, name, "a string");
}

protocol::Result<const Node*> child(const Node& node, std::string_view name) {
  const Argument* argument = find_value(node, name);
  if (argument != nullptr) {
    if (const auto* held = std::get_if<const Node*>(&argument->value); held != nullptr && *held != nullptr)
      return *held;
  }
  return mismatch(node, name, "a node");
}

}  // namespace celeriac::celeryscript
