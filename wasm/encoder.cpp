#include "wasm/encoder.hpp"

#include <algorithm>
#include <charconv>

namespace celeriac::wasm {
namespace {

// Numbers of the binary format.
enum class SectionId : std::uint8_t {
  custom = 0,
  type = 1,
  import = 2,
  function = 3,
  global = 6,
  export_ = 7,
  code = 10
};
enum class NameMap : std::uint8_t { module = 0, functions = 1, globals = 7 };
constexpr std::uint8_t function_kind = 0, global_kind = 3, mutable_global = 1, function_type = 0x60;
constexpr std::uint8_t preamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

void append(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_sized(Bytes& out, std::uint8_t id, std::span<const std::uint8_t> contents) {
  out.push_back(id);
  append_unsigned(out, static_cast<std::uint32_t>(contents.size()));
  append(out, contents);
}

std::size_t size_of_unsigned(std::uint32_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

/// A section that is a vector: its count stands before its parts, whichever pieces those are made of.
void append_vector(Bytes& out, SectionId id, std::uint32_t count, std::span<const std::uint8_t> first,
                   std::span<const std::uint8_t> second = {}) {
  if (count == 0) return;
  out.push_back(static_cast<std::uint8_t>(id));
  append_unsigned(out, static_cast<std::uint32_t>(size_of_unsigned(count) + first.size() + second.size()));
  append_unsigned(out, count);
  append(out, first);
  append(out, second);
}

void append_types(Bytes& out, std::span<const ValueType> types) {
  append_unsigned(out, static_cast<std::uint32_t>(types.size()));
  for (ValueType type : types) out.push_back(static_cast<std::uint8_t>(type));
}

}  // namespace

std::uint32_t ModuleEncoder::type_index(std::span<const ValueType> parameters,
                                        std::span<const ValueType> results) {
  const auto same = [&](const FunctionType& type) {
    return std::ranges::equal(type.parameters, parameters) && std::ranges::equal(type.results, results);
  };
  const auto found = std::ranges::find_if(types_, same);
  const auto index = static_cast<std::uint32_t>(found - types_.begin());
  if (found == types_.end()) {
    types_.push_back({{parameters.begin(), parameters.end()}, {results.begin(), results.end()}});
  }
  return index;
}

ImportIndex ModuleEncoder::import_function(std::string_view space, std::string_view name,
                                           std::span<const ValueType> parameters) {
  const std::uint32_t index = imports_.count++;
  append_text(imports_.bytes, space);
  append_text(imports_.bytes, name);
  imports_.bytes.push_back(function_kind);
  append_unsigned(imports_.bytes, type_index(parameters, {}));

  Bytes& names = import_names_.bytes;
  append_unsigned(names, index);
  append_unsigned(names, static_cast<std::uint32_t>(space.size() + 1 + name.size()));
  names.insert(names.end(), space.begin(), space.end());
  names.push_back('.');
  names.insert(names.end(), name.begin(), name.end());
  ++import_names_.count;
  return ImportIndex{index};
}

GlobalIndex ModuleEncoder::add_global(std::string_view name, double initial) {
  const std::uint32_t index = globals_.count++;
  globals_.bytes.push_back(static_cast<std::uint8_t>(ValueType::f64));
  globals_.bytes.push_back(mutable_global);
  globals_.bytes.push_back(static_cast<std::uint8_t>(Opcode::f64_const));
  append_f64(globals_.bytes, initial);
  globals_.bytes.push_back(static_cast<std::uint8_t>(Opcode::end));

  append_text(global_exports_.bytes, name);
  global_exports_.bytes.push_back(global_kind);
  append_unsigned(global_exports_.bytes, index);
  ++global_exports_.count;

  append_unsigned(global_names_.bytes, index);
  append_text(global_names_.bytes, name);
  ++global_names_.count;
  return GlobalIndex{index};
}

void ModuleEncoder::add_step(std::string_view name, std::span<const std::uint8_t> head,
                             std::span<const std::uint8_t> tail) {
  ++code_.count;
  append_unsigned(code_.bytes, static_cast<std::uint32_t>(1 + head.size() + tail.size() + 1));
  code_.bytes.push_back(0);  // no locals
  append(code_.bytes, head);
  append(code_.bytes, tail);
  code_.bytes.push_back(static_cast<std::uint8_t>(Opcode::end));

  append_text(step_names_.bytes, name);
  step_name_ends_.push_back(static_cast<std::uint32_t>(step_names_.bytes.size()));
}

void ModuleEncoder::add_custom_section(std::string_view name, std::span<const std::uint8_t> contents) {
  custom_.push_back(static_cast<std::uint8_t>(SectionId::custom));
  const auto name_size = static_cast<std::uint32_t>(name.size());
  append_unsigned(custom_,
                  static_cast<std::uint32_t>(size_of_unsigned(name_size) + name.size() + contents.size()));
  append_text(custom_, name);
  append(custom_, contents);
}

Bytes ModuleEncoder::name_section(std::string_view module_name) const {
  Bytes section, map;
  append_text(section, "name");
  if (!module_name.empty()) {
    append_text(map, module_name);
    append_sized(section, static_cast<std::uint8_t>(NameMap::module), map);
    map.clear();
  }
  map.reserve(import_names_.bytes.size() + step_names_.bytes.size() + 4 * step_name_ends_.size() + 8);
  append_unsigned(map, import_names_.count + static_cast<std::uint32_t>(step_name_ends_.size()));
  append(map, import_names_.bytes);
  std::uint32_t function = imports_.count, begin = 0;
  for (std::uint32_t end : step_name_ends_) {
    append_unsigned(map, function++);
    append(map, std::span(step_names_.bytes).subspan(begin, end - begin));
    begin = end;
  }
  append_sized(section, static_cast<std::uint8_t>(NameMap::functions), map);
  map.clear();
  append_unsigned(map, global_names_.count);
  append(map, global_names_.bytes);
  append_sized(section, static_cast<std::uint8_t>(NameMap::globals), map);
  return section;
}

Bytes ModuleEncoder::finish(std::string_view module_name) && {
  const std::uint32_t steps = code_.count;
  static constexpr ValueType step_result[] = {ValueType::i32};
  const std::uint32_t step_type = steps > 0 ? type_index({}, step_result) : 0;

  Bytes types;
  for (const FunctionType& type : types_) {
    types.push_back(function_type);
    append_types(types, type.parameters);
    append_types(types, type.results);
  }
  Bytes functions, exports;
  exports.reserve(std::size_t{steps} * 8);
  for (std::uint32_t step = 0; step < steps; ++step) {
    append_unsigned(functions, step_type);
    char digits[16];
    const char* end = std::to_chars(digits, digits + sizeof digits, step).ptr;
    append_text(exports, std::string_view(digits, end));
    exports.push_back(function_kind);
    append_unsigned(exports, imports_.count + step);
  }
  const Bytes names = name_section(module_name);

  Bytes out;
  out.reserve(types.size() + imports_.bytes.size() + functions.size() + globals_.bytes.size() +
              exports.size() + global_exports_.bytes.size() + code_.bytes.size() + custom_.size() +
              names.size() + 128);
  append(out, preamble);
  append_vector(out, SectionId::type, static_cast<std::uint32_t>(types_.size()), types);
  append_vector(out, SectionId::import, imports_.count, imports_.bytes);
  append_vector(out, SectionId::function, steps, functions);
  append_vector(out, SectionId::global, globals_.count, globals_.bytes);
  append_vector(out, SectionId::export_, steps + global_exports_.count, exports, global_exports_.bytes);
  append_vector(out, SectionId::code, steps, code_.bytes);
  append(out, custom_);
  append_sized(out, static_cast<std::uint8_t>(SectionId::custom), names);
  return out;
}

}  // namespace celeriac::wasm
