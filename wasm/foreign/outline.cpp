#include "wasm/foreign/outline.hpp"

#include <algorithm>
#include <format>

#include "protocol/words.hpp"
#include "wasm/foreign/component.hpp"
#include "wasm/foreign/sections.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::string_view dynamic_linking_section = "dylink", interface_section = "component-type",
                           encoding_section = "wit-component-encoding", offset_module = "GOT.";
constexpr std::uint8_t function_kind = 0, memory_kind = 2, memory64_flag = 4;

/// Beginnings of the names that the component model gives to what asynchronous functions need.
constexpr std::string_view asynchronous[] = {"[async",    "[task-",         "[context-",       "[callback]",
                                             "[waitable", "[subtask",       "[stream-",        "[future-",
                                             "[yield",    "[backpressure-", "[error-context-", "[thread-"};

constexpr std::string_view encodings[] = {"UTF-8", "UTF-16", "Latin-1 or UTF-16"};

class OutlineReader {
 public:
  Outline read(std::span<const std::uint8_t> bytes) {
    const bool whole = for_each_section(bytes, [&](std::uint8_t id, std::span<const std::uint8_t> contents) {
      Cursor in(contents);
      if (id == section::custom) custom(in);
      if (id == section::import) imports(in);
      if (id == section::memory) memory(in);
      if (id == section::export_) exports(in);
      return true;
    });
    outline_.is_readable &= whole;
    return std::move(outline_);
  }

 private:
  void object(std::string reason) {
    if (outline_.obstacle.empty()) outline_.obstacle = std::move(reason);
  }

  void name(std::string_view text) {
    const auto begins = [&](std::string_view prefix) { return text.starts_with(prefix); };
    if (std::ranges::any_of(asynchronous, begins)) {
      object(std::format("{} is an asynchronous function, which is not supported", protocol::shown(text)));
    }
  }

  void imports(Cursor& in) {
    constexpr const char* kinds[] = {"function", "table", "memory", "global", "tag"};
    for (std::uint32_t left = in.count(4); left > 0 && in.ok(); --left) {
      const std::string_view module = in.text(), field = in.text();
      const std::uint8_t kind = in.byte();
      if (!in.ok()) break;
      name(field);
      if (module.starts_with(offset_module)) outline_.is_linked_at_run_time = true;
      if (kind != function_kind) {
        // How long its type is does not matter: one such import is enough.
        return object(std::format("it imports the {} {} of {}, as modules do that are linked at run time",
                                  kind < std::size(kinds) ? kinds[kind] : "thing", protocol::shown(field),
                                  protocol::shown(module)));
      }
      in.unsigned32();
    }
    outline_.is_readable &= in.ok();
  }

  void memory(Cursor& in) {
    if (in.count(2) > 0 && (in.byte() & memory64_flag) != 0) {
      object("it has a memory of 64 bits, which is not supported");
    }
  }

  void exports(Cursor& in) {
    for (std::uint32_t left = in.count(3); left > 0 && in.ok(); --left) {
      const std::string_view text = in.text();
      const std::uint8_t kind = in.byte();
      in.unsigned32();
      if (!in.ok()) break;
      name(text);
      outline_.exports_memory |= kind == memory_kind;
      outline_.exports_wanted |= kind == function_kind && is_wanted_export(text);
    }
    outline_.is_readable &= in.ok();
  }

  void custom(Cursor& in) {
    const std::string_view text = in.text();
    if (!in.ok()) return;
    if (text.starts_with(dynamic_linking_section)) {
      outline_.is_linked_at_run_time = true;
      object("it is linked at run time with other modules, which is not supported");
    }
    if (text.starts_with(interface_section)) interface(in.take(in.remaining()));
  }

  /// The section is a component that describes the module; in it the encoding of texts is written down.
  void interface(std::span<const std::uint8_t> component) {
    for_each_section(component, [&](std::uint8_t id, std::span<const std::uint8_t> contents) {
      Cursor in(contents);
      if (id != section::custom || in.text() != encoding_section) return true;
      in.byte();  // the version of this section
      const std::uint8_t encoding = in.byte();
      if (in.ok() && encoding != 0) {
        object(std::format("its texts are {}, and only UTF-8 is supported",
                           encoding < std::size(encodings) ? encodings[encoding] : "of an unknown encoding"));
      }
      return false;
    });
  }

  Outline outline_;
};

}  // namespace

Outline outline_of(std::span<const std::uint8_t> core_module) {
  return OutlineReader().read(core_module);
}

}  // namespace celeriac::wasm::foreign
