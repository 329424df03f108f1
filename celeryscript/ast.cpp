#include "celeryscript/ast.hpp"

#include <algorithm>

namespace celeriac::celeryscript {

const Argument* Node::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(args, name, &Argument::name);
  return found == args.end() ? nullptr : &*found;
}

std::string Node::pointer() const {
  if (parent == nullptr) return {};
  std::string text = parent->pointer();  // as deep as the document, which the parser bounds
  if (in_body) {
    text += "/body/";
    text += std::to_string(body_index);
  } else {
    text += "/args/";
    append_pointer_step(text, slot);
  }
  return text;
}

void append_pointer_step(std::string& pointer, std::string_view step) {
  for (const char c : step) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace celeriac::celeryscript
