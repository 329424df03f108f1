#include "console/step_text.hpp"

#include <charconv>
#include <format>
#include <optional>

#include "console/text.hpp"

namespace celeriac::console {
using celeryscript::Argument;
using celeryscript::Node;

namespace {

/// The next step of a JSON pointer, `~0` and `~1` resolved; nullopt at its end.
std::optional<std::string> take_step(std::string_view& pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  pointer.remove_prefix(1);
  const auto end = std::min(pointer.find('/'), pointer.size());
  std::string step;
  for (std::size_t i = 0; i < end; ++i) {
    const bool escaped = pointer[i] == '~' && i + 1 < end;
    step += !escaped ? pointer[i] : pointer[i + 1] == '1' ? '/' : '~';
    if (escaped) ++i;
  }
  pointer.remove_prefix(end);
  return step;
}

const Node* child(const Node& node, const std::string& where, const std::string& which) {
  if (where == "body") {
    std::size_t index = 0;
    const auto [stop, error] = std::from_chars(which.data(), which.data() + which.size(), index);
    return error == std::errc() && index < node.body.size() ? node.body[index] : nullptr;
  }
  if (where != "args") return nullptr;
  const Argument* argument = node.find(which);
  const auto* held = argument != nullptr ? std::get_if<const Node*>(&argument->value) : nullptr;
  return held != nullptr ? *held : nullptr;
}

struct InWords {
  int depth;
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return std::format("{:.6g}", value); }
  std::string operator()(const std::string& value) const { return printable(value); }
  std::string operator()(const Node* node) const;
};

std::string arguments_text(const Node& node, int depth) {
  std::string text;
  for (const auto& argument : node.args)
    text += std::format("{}{} {}", text.empty() ? "" : ", ", argument.name,
                        std::visit(InWords{depth}, argument.value));
  return text;
}

std::string InWords::operator()(const Node* node) const {
  constexpr int deepest = 2;  // a location in a step is worth its numbers, what lies below is not
  if (node == nullptr) return "nothing";
  if (depth >= deepest || node->args.empty()) return printable(node->word);
  return std::format("({})", arguments_text(*node, depth + 1));
}

}  // namespace

const Node* node_at(const celeryscript::Document& document, std::string_view pointer) {
  const Node* node = document.root;
  while (node != nullptr && !pointer.empty()) {
    const auto where = take_step(pointer);
    const auto which = take_step(pointer);
    if (!where || !which) return nullptr;
    node = child(*node, *where, *which);
  }
  return node;
}

std::string step_text(const Node& node) {
  std::string text;
  if (!node.comment.empty()) text = std::format("\"{}\"  ", printable(node.comment));
  text += printable(node.word);
  const std::string arguments = arguments_text(node, 0);
  return arguments.empty() ? text : text + ' ' + arguments;
}

}  // namespace celeriac::console
