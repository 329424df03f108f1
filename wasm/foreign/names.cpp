#include "wasm/foreign/names.hpp"

#include <algorithm>

#include "protocol/document.hpp"
#include "wasm/cursor.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::uint8_t module_name = 0, function_names = 1;

void append_part(Bytes& out, std::uint8_t id, const Bytes& contents) {
  out.push_back(id);
  append_unsigned(out, static_cast<std::uint32_t>(contents.size()));
  out.insert(out.end(), contents.begin(), contents.end());
}

/// Fails if the names are not in the order of their functions.
Bytes renumbered(Cursor& in, std::uint32_t functions, std::uint32_t first_moved, std::uint32_t by) {
  const std::uint32_t number = in.count(2);
  Bytes made;
  append_unsigned(made, number);
  std::uint64_t least = 0;
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    const std::uint32_t function = in.unsigned32();
    const std::string_view text = in.text();
    if (function < least || function >= functions || !protocol::is_utf8(text)) in.fail("names in disorder");
    least = std::uint64_t{function} + 1;
    append_unsigned(made, function < first_moved ? function : function + by);
    append_text(made, text);
  }
  return made;
}

}  // namespace

Bytes renumbered_names(const ForeignModule& module, std::uint32_t first_moved, std::uint32_t by) {
  const auto found = std::ranges::find(module.customs, "name", &CustomSection::name);
  if (found == module.customs.end()) return {};
  Bytes parts;
  int last = -1;
  for (Cursor in(found->contents); !in.at_end();) {
    const std::uint8_t id = in.byte();
    Cursor part = in.part(in.unsigned32());
    if (!in.ok() || id <= last) return {};
    last = id;
    if (id == module_name) {
      const std::string_view text = part.text();
      if (!part.ok() || !part.at_end() || !protocol::is_utf8(text)) return {};
      Bytes contents;
      append_text(contents, text);
      append_part(parts, id, contents);
    } else if (id == function_names) {
      const Bytes contents = renumbered(part, module.function_count(), first_moved, by);
      if (!part.ok() || !part.at_end()) return {};
      append_part(parts, id, contents);
    }
  }
  if (parts.empty()) return {};
  Bytes made;
  append_text(made, "name");
  made.insert(made.end(), parts.begin(), parts.end());
  return made;
}

}  // namespace celeriac::wasm::foreign
