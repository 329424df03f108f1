#include "wasm/foreign/instrument.hpp"

#include <algorithm>
#include <format>

#include "protocol/words.hpp"
#include "wasm/foreign/body_writer.hpp"
#include "wasm/foreign/cost.hpp"
#include "wasm/foreign/names.hpp"
#include "wasm/foreign/sections.hpp"

namespace celeriac::wasm::foreign {
namespace {

using Contents = std::span<const std::uint8_t>;

constexpr std::uint8_t function_type = 0x60, has_maximum = 1, is_mutable = 1, function_kind = 0;

void append_bytes(Bytes& out, Contents bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void append_size(Bytes& out, std::size_t size) {
  append_unsigned(out, static_cast<std::uint32_t>(size));
}
void append_section(Bytes& out, std::uint8_t id, Contents contents) {
  if (contents.empty()) return;
  out.push_back(id);
  append_size(out, contents.size());
  append_bytes(out, contents);
}
void append_types(Bytes& out, const std::vector<ValueType>& types) {
  append_size(out, types.size());
  for (const ValueType type : types) out.push_back(std::to_underlying(type));
}
void append_import(Bytes& out, std::string_view field, std::uint32_t type) {
  append_text(out, host_module);
  append_text(out, field);
  out.push_back(function_kind);
  append_unsigned(out, type);
}
void append_export(Bytes& out, std::string_view name, ExportKind kind, std::uint32_t index) {
  append_text(out, name);
  out.push_back(std::to_underlying(kind));
  append_unsigned(out, index);
}
void append_counter(Bytes& out, ValueType type, Opcode constant, std::int64_t initial) {
  out.push_back(std::to_underlying(type));
  out.push_back(is_mutable);
  out.push_back(static_cast<std::uint8_t>(constant));
  append_signed(out, initial);
  out.push_back(static_cast<std::uint8_t>(Opcode::end));
}
void append_extent(Bytes& out, std::uint32_t minimum, std::optional<std::uint32_t> maximum,
                   std::uint32_t limit) {
  out.push_back(has_maximum);
  append_unsigned(out, minimum);
  append_unsigned(out, std::min(maximum.value_or(limit), limit));
}

/// The contents with each index of a function of the module's own moved up.
Bytes renumbered(const ForeignModule& module, Contents contents, std::uint32_t by) {
  const auto begin = static_cast<std::size_t>(contents.data() - module.bytes.data());
  const std::size_t end = begin + contents.size();
  Bytes made;
  std::size_t copied = begin;
  auto reference = std::ranges::lower_bound(module.references, begin, {}, &FunctionReference::offset);
  for (; reference != module.references.end() && reference->offset < end; ++reference) {
    append_bytes(made, module.bytes.subspan(copied, reference->offset - copied));
    const bool moved = reference->function >= module.imports.size();
    append_unsigned(made, reference->function + (moved ? by : 0));
    copied = reference->offset + reference->length;
  }
  append_bytes(made, module.bytes.subspan(copied, end - copied));
  return made;
}

/// Writes one section after another.
class ModuleWriter {
 public:
  ModuleWriter(const ForeignModule& module, const Limits& limits, const InstrumentOptions& options)
      : module_(module), limits_(limits), options_(options), types_(module) {}

  /// Stops early, with what would be too large, if it grows beyond its limit.
  Instrumented write() {
    choose_exports();
    const Bytes imports = import_section(),
                code = code_section();  // these add types, which stand before them
    Bytes& out = made_.bytes;
    out.reserve(2 * module_.bytes.size());
    append_bytes(out, core_preamble);
    append_section(out, section::type, type_section());
    append_section(out, section::import, imports);
    append_section(out, section::function, whole(section::function));
    append_section(out, section::table, table_section());
    append_section(out, section::memory, memory_section());
    append_section(out, section::global, global_section());
    append_section(out, section::export_, export_section());
    if (!options_.host_memory) append_section(out, section::start, whole(section::start));
    append_section(out, section::element, whole(section::element));
    append_section(out, section::data_count, whole(section::data_count));
    append_section(out, section::code, code);
    append_section(out, section::data, whole(section::data));
    append_section(
        out, section::custom,
        renumbered_names(module_, static_cast<std::uint32_t>(module_.imports.size()), host_.added_imports));
    return std::move(made_);
  }

 private:
  Bytes whole(std::uint8_t id) const {
    const auto& contents = module_.sections[id];
    return contents ? renumbered(module_, *contents, host_.added_imports) : Bytes();
  }

  /// The entries of a section, without their number.
  Bytes entries(std::uint8_t id) const {
    const auto& contents = module_.sections[id];
    if (!contents) return {};
    Cursor in(*contents);
    in.unsigned32();
    return renumbered(module_, in.take(in.remaining()), host_.added_imports);
  }

  /// What of the state has no export yet gets one; what cannot be saved is said.
  void choose_exports() {
    for (std::uint32_t i = 0; i < module_.globals.size(); ++i) {
      const Global& global = module_.globals[i];
      if (!global.is_mutable) continue;
      if (!is_number(global.type)) {
        made_.snapshot_obstacles.push_back(std::format("global {} is a mutable {}", i, name(global.type)));
        continue;
      }
      made_.globals.push_back(
          {i, global.type, global.exported_as.value_or(std::format("{}{}", global_export_prefix, i))});
    }
    if (!module_.memory) return;
    const auto exported = std::ranges::find(module_.exports, ExportKind::memory, &Export::kind);
    made_.memory = exported == module_.exports.end() ? std::string(memory_export) : exported->name;
  }

  Bytes type_section() const {
    Bytes made;
    append_size(made, module_.types.size() + types_.added().size());
    append_bytes(made, entries(section::type));
    for (const FunctionType& type : types_.added()) {
      made.push_back(function_type);
      append_types(made, type.parameters);
      append_types(made, type.results);
    }
    return made;
  }

  Bytes import_section() {
    const std::uint32_t type = types_.index({});
    Bytes made;
    append_size(made, module_.imports.size() + host_.added_imports);
    append_bytes(made, entries(section::import));
    append_import(made, refuel_field, type);
    append_import(made, too_deep_field, type);
    if (host_.grow) append_import(made, grow_field, types_.index({{ValueType::i32}, {ValueType::i32}}));
    return made;
  }

  Bytes table_section() const {
    if (module_.tables.empty()) return {};
    Bytes made;
    append_size(made, module_.tables.size());
    for (const TableType& table : module_.tables) {
      made.push_back(std::to_underlying(table.type));
      append_extent(made, table.minimum, table.maximum, limits_.table_elements);
    }
    return made;
  }

  Bytes memory_section() const {
    if (!module_.memory) return {};
    Bytes made{1};
    append_extent(made, module_.memory->minimum, module_.memory->maximum, limits_.memory_pages);
    return made;
  }

  Bytes global_section() const {
    Bytes made;
    append_size(made, module_.globals.size() + 2);
    append_bytes(made, entries(section::global));
    append_counter(made, ValueType::i64, Opcode::i64_const, options_.initial_fuel);
    append_counter(made, ValueType::i32, Opcode::i32_const, 0);
    return made;
  }

  Bytes export_section() const {
    Bytes added;
    std::size_t number = module_.exports.size() + 2;
    append_export(added, fuel_global, ExportKind::global, host_.fuel);
    append_export(added, depth_global, ExportKind::global, host_.depth);
    for (const StateGlobal& global : made_.globals) {
      if (module_.globals[global.index].exported_as) continue;
      append_export(added, global.exported_as, ExportKind::global, global.index);
      ++number;
    }
    if (made_.memory == memory_export) {
      append_export(added, memory_export, ExportKind::memory, 0);
      ++number;
    }
    if (options_.host_memory && module_.start) {
      append_export(added, start_export, ExportKind::function,
                    *module_.start + (*module_.start < module_.imports.size() ? 0 : host_.added_imports));
      ++number;
    }
    Bytes made;
    append_size(made, number);
    append_bytes(made, entries(section::export_));
    append_bytes(made, added);
    return made;
  }

  Bytes code_section() {
    if (module_.bodies.empty()) return {};
    const std::vector<FunctionCost> costs = costs_of(module_);
    BodyWriter writer(module_, host_, types_);
    Bytes made;
    made.reserve(2 * module_.sections[section::code]->size());
    append_size(made, module_.bodies.size());
    bool writes_tables = false, drops_segments = false;
    for (std::size_t i = 0; i < costs.size() && made.size() <= limits_.instrumented_bytes(); ++i) {
      writer.append(made, module_.bodies[i], costs[i]);
      writes_tables |= costs[i].writes_tables;
      drops_segments |= costs[i].drops_segments;
    }
    if (writes_tables) made_.snapshot_obstacles.emplace_back("its tables change while it runs");
    if (drops_segments) made_.snapshot_obstacles.emplace_back("it drops segments while it runs");
    return made;
  }

  const ForeignModule& module_;
  const Limits& limits_;
  const InstrumentOptions& options_;
  TypeTable types_;
  const HostIndices host_{
      .refuel = static_cast<std::uint32_t>(module_.imports.size()),
      .too_deep = static_cast<std::uint32_t>(module_.imports.size()) + 1,
      .grow = options_.host_memory ? std::optional(static_cast<std::uint32_t>(module_.imports.size()) + 2)
                                   : std::nullopt,
      .added_imports = options_.host_memory ? 3u : 2u,
      .fuel = static_cast<std::uint32_t>(module_.globals.size()),
      .depth = static_cast<std::uint32_t>(module_.globals.size()) + 1,
      .depth_limit = options_.depth_limit,
  };
  Instrumented made_;
};

std::unexpected<protocol::Error> reserved(std::string_view what, std::string_view name) {
  return protocol::fail(
      protocol::Status::invalid_code,
      std::format("This module cannot be run: it {} {}, and names that begin with {} are the host's.", what,
                  protocol::shown(name), reserved_prefix));
}

}  // namespace

protocol::Result<Instrumented> instrument(const ForeignModule& module, const Limits& limits,
                                          const InstrumentOptions& options) {
  for (const Import& import : module.imports) {
    if (import.module.starts_with(reserved_prefix)) return reserved("imports from", import.module);
  }
  for (const Export& made : module.exports) {
    if (made.name.starts_with(reserved_prefix)) return reserved("exports", made.name);
  }
  Instrumented made = ModuleWriter(module, limits, options).write();
  if (made.bytes.size() > limits.instrumented_bytes()) {
    return protocol::fail(
        protocol::Status::invalid_code,
        std::format("This module cannot be run: with what counts its steps it has more than {} bytes.",
                    limits.instrumented_bytes()));
  }
  return made;
}

}  // namespace celeriac::wasm::foreign
