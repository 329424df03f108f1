#include "wasm/foreign/component.hpp"

#include <algorithm>
#include <format>
#include <iterator>
#include <string>
#include <vector>

#include "wasm/foreign/outline.hpp"
#include "wasm/foreign/sections.hpp"

namespace celeriac::wasm::foreign {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t magic[] = {0, 'a', 's', 'm'};
constexpr std::size_t layer_at = 6;
constexpr std::uint8_t core_layer = 0, component_layer = 1;

/// Sections of a component that somebody here looks into; the others describe.
constexpr std::uint8_t core_module_section = 1, nested_component_section = 4, canonical_section = 8,
                       last_section = 12;

struct WantedRow {
  std::string_view begin, end;  ///< of the name; `begin` alone is the whole name
};
/// What a host calls, ABI by ABI.
constexpr WantedRow wanted[] = {
    {"init", ""},
    {"cm32p2||init", ""},
    {"wasi:messaging/incoming-handler@", "#handle"},
    {"cm32p2|wasi:messaging/incoming-handler@", "|handle"},
    {"_start", ""},
    {"message_received", ""},
    {"_message_received", ""},
    {"farm_main", ""},
};

/// What a canonical option means for us; those with a number have it behind them.
struct OptionRow {
  std::uint8_t option;
  bool has_number;
  const char* obstacle;
};
constexpr OptionRow options[] = {
    {0, false, nullptr},
    {1, false, "its texts are UTF-16, and only UTF-8 is supported"},
    {2, false, "its texts are Latin-1 or UTF-16, and only UTF-8 is supported"},
    {3, true, nullptr},
    {4, true, nullptr},
    {5, true, nullptr},
    {6, false, "it has asynchronous functions, which are not supported"},
    {7, true, "it has asynchronous functions, which are not supported"},
};
constexpr std::uint8_t lift = 0, lower = 1, resource_first = 2, resource_last = 4;

std::unexpected<protocol::Error> refusal(std::string_view reason) {
  return protocol::fail(protocol::Status::invalid_code,
                        std::format("This module cannot be run: {}.", reason));
}

bool is_layer(Bytes bytes, std::uint8_t layer) {
  return bytes.size() >= sizeof core_preamble && std::ranges::equal(bytes.first(sizeof magic), magic) &&
         bytes[layer_at] == layer && bytes[layer_at + 1] == 0;
}

class ComponentReader {
 public:
  /// The first reason to refuse it; "" if main() is there.
  std::string read(Bytes component) {
    const bool whole = for_each_section(component, [&](std::uint8_t id, Bytes contents) {
      section(id, contents);
      return reason_.empty();
    });
    if (!whole) refuse("it is a component that ends inside a section");
    if (reason_.empty()) choose();
    return std::move(reason_);
  }
  [[nodiscard]] Bytes main() const noexcept { return main_; }

 private:
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  void section(std::uint8_t id, Bytes contents) {
    if (id > last_section)
      return refuse(std::format("it is a component with a section of the unknown number {}", id));
    if (id == canonical_section) canonical_functions(Cursor(contents));
    if (id == nested_component_section) has_nested_modules_ |= holds_modules(contents, 1);
    if (id != core_module_section) return;
    if (modules_.size() == max_core_modules) {
      return refuse(
          std::format("it is a component of more core modules than the limit, {}", max_core_modules));
    }
    modules_.push_back(contents);
  }

  /// True if there is a core module in a nested component, or in one that is nested in it.
  bool holds_modules(Bytes component, std::size_t nesting) {
    if (nesting > max_component_nesting) {
      refuse(std::format("its components are nested deeper than the limit, {}", max_component_nesting));
      return false;
    }
    bool found = false;
    const bool whole = for_each_section(component, [&](std::uint8_t id, Bytes contents) {
      found |= id == core_module_section;
      if (id == nested_component_section) found |= holds_modules(contents, nesting + 1);
      return !found && reason_.empty();
    });
    if (!whole) refuse("it is a component in which another one ends inside a section");
    return found;
  }

  void canonical_functions(Cursor in) {
    for (std::uint32_t left = in.count(2); left > 0 && in.ok() && reason_.empty(); --left) {
      const std::uint8_t kind = in.byte();
      if (kind == lift || kind == lower) {
        in.byte();
        in.unsigned32();
        canonical_options(in);
        if (kind == lift) in.unsigned32();
      } else if (kind >= resource_first && kind <= resource_last) {
        in.unsigned32();
      } else if (in.ok()) {
        refuse(
            "it uses functions of the component model for asynchronous calls or threads, which are not "
            "supported");
      }
    }
    if (!in.ok()) refuse("it is a component whose canonical functions cannot be read");
  }

  void canonical_options(Cursor& in) {
    for (std::uint32_t left = in.count(); left > 0 && in.ok(); --left) {
      const std::uint8_t option = in.byte();
      if (!in.ok()) return;
      const auto* row = std::ranges::find(options, option, &OptionRow::option);
      if (row == std::end(options))
        return refuse("it has functions with canonical options that are not supported");
      if (row->obstacle != nullptr) return refuse(row->obstacle);
      if (row->has_number) in.unsigned32();
    }
  }

  /// Of the core modules at the top the only one that may be the guest's.
  void choose() {
    std::size_t candidates = 0;
    std::string obstacle, elsewhere;
    for (const Bytes bytes : modules_) {
      if (!is_layer(bytes, core_layer)) return refuse("it is a component with a core module that is none");
      const Outline outline = outline_of(bytes);
      if (!outline.is_readable) return refuse("it is a component with a core module that cannot be read");
      if (outline.may_be_main()) {
        if (candidates++ > 0) continue;
        main_ = bytes;
        obstacle = outline.obstacle;
      } else if ((outline.exports_wanted || outline.is_linked_at_run_time) && elsewhere.empty()) {
        elsewhere = outline.obstacle;
      }
    }
    if (candidates > 1) {
      return refuse(
          std::format("it is a component in which {} core modules could be the guest's own", candidates));
    }
    if (has_nested_modules_)
      return refuse("it is a component that is composed of several ones with modules of their own");
    if (candidates == 1) return refuse(std::move(obstacle));
    if (!elsewhere.empty()) return refuse(std::move(elsewhere));
    if (modules_.empty()) return refuse("it is a component without a core module");
    refuse(std::format(
        "it is a component of {} core modules, none of which exports a memory and a function that a host "
        "calls (init, a messaging handler, _start)",
        modules_.size()));
  }

  std::vector<Bytes> modules_;
  bool has_nested_modules_ = false;
  Bytes main_;
  std::string reason_;
};

}  // namespace

bool is_wanted_export(std::string_view name) noexcept {
  return std::ranges::any_of(wanted, [&](const WantedRow& row) {
    if (row.end.empty()) return name == row.begin;
    return name.starts_with(row.begin) && name.ends_with(row.end);
  });
}

protocol::Result<std::span<const std::uint8_t>> main_module(std::span<const std::uint8_t> bytes,
                                                            const Limits& limits) {
  if (bytes.size() > limits.module_bytes) {
    return refusal(std::format("it has {} bytes, and the limit is {}", bytes.size(), limits.module_bytes));
  }
  if (is_layer(bytes, core_layer)) {
    // What else is wrong with it read() says, with the place.
    if (std::string obstacle = outline_of(bytes).obstacle; !obstacle.empty()) return refusal(obstacle);
    return bytes;
  }
  if (!is_layer(bytes, component_layer)) return refusal("it does not begin as a WebAssembly module does");
  ComponentReader reader;
  if (const std::string reason = reader.read(bytes); !reason.empty()) return refusal(reason);
  return reader.main();
}

}  // namespace celeriac::wasm::foreign
