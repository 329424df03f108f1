#include "wasm/foreign/sections.hpp"

#include <algorithm>
#include <format>
#include <iterator>
#include <unordered_set>

#include "protocol/document.hpp"
#include "protocol/words.hpp"
#include "wasm/foreign/instruction.hpp"

namespace celeriac::wasm::foreign {
namespace {

constexpr std::uint8_t function_type = 0x60, table_with_initial = 0x40, mutable_global = 1;
constexpr std::uint8_t function_kind = 0, table_kind = 1, memory_kind = 2, global_kind = 3, tag_kind = 4;
constexpr std::uint32_t most_memory_pages = 65'536;  // of 32 bits of address
/// An engine takes what is in it for native code and runs it.
constexpr std::string_view native_code_section = "wasmedge";

/// Flags of an element segment.
constexpr std::uint32_t not_active = 1, explicit_or_declarative = 2, expressions = 4;
/// Flags of a data segment.
constexpr std::uint32_t passive_data = 1, explicit_memory = 2;

struct FlagRow {
  std::uint8_t flag;
  const char* phrase;
};
/// Flags of the limits of a memory or table that are refused.
constexpr FlagRow refused_flags[] = {
    {2, "it uses shared memory (threads), which is not supported"},
    {4, "it uses 64-bit memory, which is not supported"},
    {8, "it uses pages of other sizes, which are not supported"},
};

struct Extent {
  std::uint32_t minimum = 0;
  std::optional<std::uint32_t> maximum;
};

Extent extent(Cursor& in) {
  const std::uint8_t flags = in.byte();
  for (const FlagRow& row : refused_flags) {
    if ((flags & row.flag) != 0) in.fail(row.phrase);
  }
  if (flags > 1) in.fail("the limits of a memory or table have flags that do not exist");
  Extent read{.minimum = in.unsigned32()};
  if ((flags & 1) != 0) read.maximum = in.unsigned32();
  if (read.maximum && *read.maximum < read.minimum)
    in.fail("a memory or table is larger than its own maximum");
  return read;
}

const char* kind_name(std::uint8_t kind) {
  constexpr const char* names[] = {"function", "table", "memory", "global"};
  return kind < std::size(names) ? names[kind] : "";
}

}  // namespace

struct SectionReader::Row {
  std::uint8_t id;
  void (SectionReader::*read)(Cursor&);
};

/// In the order that the format demands.
const SectionReader::Row SectionReader::rows[] = {
    {section::type, &SectionReader::types},         {section::import, &SectionReader::imports},
    {section::function, &SectionReader::functions}, {section::table, &SectionReader::tables},
    {section::memory, &SectionReader::memories},    {section::global, &SectionReader::globals},
    {section::export_, &SectionReader::exports},    {section::start, &SectionReader::start},
    {section::element, &SectionReader::elements},   {section::data_count, &SectionReader::data_count},
    {section::code, &SectionReader::code},          {section::data, &SectionReader::data},
};

void SectionReader::run() {
  Cursor in(module_.bytes.subspan(sizeof core_preamble), sizeof core_preamble);
  while (in.ok() && !in.at_end()) {
    offset_ = in.offset();
    next_section(in);
  }
  if (in.ok() && module_.bodies.size() != function_types_.size()) refuse(in, "functions have no code");
  if (in.ok() && announced_data_ && *announced_data_ != module_.data_segments) {
    refuse(in, "it has another number of data segments than it says");
  }
  if (complaint_.empty() && !in.ok()) complaint_ = in.fault();
}

void SectionReader::next_section(Cursor& in) {
  const std::uint8_t id = in.byte();
  Cursor contents = in.part(in.unsigned32());
  if (!in.ok()) return;
  if (id == section::custom) {
    custom(contents);
  } else if (id == section::tag) {
    refuse(in, "it uses exception handling, which is not supported");
  } else {
    const auto* row = std::ranges::find(rows, id, &Row::id);
    if (row == std::end(rows))
      return refuse(in, std::format("it has a section of the unknown number {}", id));
    const auto place = static_cast<std::size_t>(row - rows);
    if (place < next_row_) return refuse(in, "its sections are out of order");
    next_row_ = place + 1;
    const std::size_t begin = contents.offset();
    module_.sections[id] = module_.bytes.subspan(begin, contents.remaining());
    (this->*row->read)(contents);
    if (contents.ok() && !contents.at_end()) refuse(contents, "a section is longer than what it holds");
  }
  if (!contents.ok()) in.fail(contents.fault());
}

void SectionReader::refuse(Cursor& in, std::string phrase) {
  if (complaint_.empty() && in.ok()) {
    complaint_ = std::move(phrase);
    offset_ = in.offset();
  }
  in.fail("");
}

std::uint32_t SectionReader::count(Cursor& in, std::size_t smallest, std::uint32_t limit, const char* what) {
  const std::uint32_t number = in.unsigned32();
  if (number > limit) refuse(in, std::format("it has {} {}, and the limit is {}", number, what, limit));
  if (number > in.remaining() / smallest) refuse(in, "a count is larger than what follows");
  return in.ok() ? number : 0;
}

std::string SectionReader::text(Cursor& in) {
  const std::string_view read = in.text();
  if (read.size() > limits_.name_bytes) {
    refuse(in, std::format("a name has {} bytes, and the limit is {}", read.size(), limits_.name_bytes));
  }
  if (!protocol::is_utf8(read)) refuse(in, "a name is not UTF-8");
  return in.ok() ? std::string(read) : std::string();
}

void SectionReader::custom(Cursor& in) {
  const std::string_view name = in.text();
  if (!in.ok()) return;
  if (name.starts_with(native_code_section)) return;
  if (module_.customs.size() == limits_.custom_sections) {
    return refuse(in, std::format("it has more custom sections than the limit, {}", limits_.custom_sections));
  }
  module_.customs.push_back({name, in.take(in.remaining())});
}

std::vector<ValueType> SectionReader::value_types(Cursor& in, std::uint32_t limit, const char* what) {
  const std::uint32_t number = count(in, 1, limit, what);
  std::vector<ValueType> types;
  types.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) types.push_back(value_type(in));
  return types;
}

void SectionReader::types(Cursor& in) {
  const std::uint32_t number = count(in, 3, limits_.types, "types");
  module_.types.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    const std::uint8_t form = in.byte();
    if (in.ok() && form != function_type) {
      return refuse(in, "it has a type that is not a function's (garbage collection is not supported)");
    }
    auto parameters = value_types(in, limits_.parameters, "parameters in a function type");
    auto results = value_types(in, limits_.results, "results in a function type");
    module_.types.push_back({std::move(parameters), std::move(results)});
  }
}

void SectionReader::imports(Cursor& in) {
  const std::uint32_t number = count(in, 4, limits_.imports, "imports");
  module_.imports.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    Import import{text(in), text(in), 0};
    const std::uint8_t kind = in.byte();
    if (!in.ok()) return;
    if (kind == tag_kind) return refuse(in, "it uses exception handling, which is not supported");
    if (kind > global_kind) return refuse(in, "an import is of a kind that does not exist");
    if (kind != function_kind) {
      return refuse(
          in, std::format("it imports the {} {} of {}, and only functions can be imported", kind_name(kind),
                          protocol::shown(import.field), protocol::shown(import.module)));
    }
    import.type = in.unsigned32();
    if (in.ok() && import.type >= module_.types.size()) return refuse(in, "an import's type does not exist");
    module_.imports.push_back(std::move(import));
  }
}

void SectionReader::functions(Cursor& in) {
  const std::uint32_t number = count(in, 1, limits_.functions, "functions");
  function_types_.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    function_types_.push_back(in.unsigned32());
    if (in.ok() && function_types_.back() >= module_.types.size())
      refuse(in, "a function's type does not exist");
  }
}

void SectionReader::tables(Cursor& in) {
  const std::uint32_t number = count(in, 3, limits_.tables, "tables");
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    Cursor ahead = in;
    if (ahead.byte() == table_with_initial) {
      return refuse(in, "it uses typed function references, which are not supported");
    }
    const ValueType type = reference_type(in);
    const Extent read = extent(in);
    if (!in.ok()) return;
    if (read.minimum > limits_.table_elements) {
      return refuse(in, std::format("table {} has {} elements, and the limit is {}", i, read.minimum,
                                    limits_.table_elements));
    }
    module_.tables.push_back({type, read.minimum, read.maximum});
  }
}

void SectionReader::memories(Cursor& in) {
  const std::uint32_t number = in.count(2);
  if (number > 1) return refuse(in, "it has more than one memory, which is not supported");
  if (number == 0) return;
  const Extent read = extent(in);
  if (!in.ok()) return;
  if (read.minimum > limits_.memory_pages) {
    return refuse(in, std::format("its memory has {} pages of 64 KiB, and the limit is {}", read.minimum,
                                  limits_.memory_pages));
  }
  if (read.maximum.value_or(0) > most_memory_pages)
    return refuse(in, "its memory may grow beyond 32 bits of address");
  module_.memory = {read.minimum, read.maximum};
}

void SectionReader::constant_of(Cursor& in, ValueType type, Constant& out) {
  const std::size_t begin = in.offset();
  out = read_constant(in);
  if (!in.ok()) return;
  if (out.type != type) return refuse(in, "a constant is of another type than what it is for");
  if (!out.function) return;
  const std::size_t index = begin + 1, end = in.offset() - 1;  // between the opcode and `end`
  if (*out.function >= module_.imports.size() + function_types_.size()) {
    return refuse(in, "a constant refers to a function that does not exist");
  }
  module_.references.push_back({index, end - index, *out.function});
}

void SectionReader::function_reference(Cursor& in) {
  const std::size_t begin = in.offset();
  const std::uint32_t function = in.unsigned32();
  if (!in.ok()) return;
  if (function >= module_.imports.size() + function_types_.size()) {
    return refuse(in, "it refers to a function that does not exist");
  }
  module_.references.push_back({begin, in.offset() - begin, function});
}

void SectionReader::globals(Cursor& in) {
  const std::uint32_t number = count(in, 4, limits_.globals, "globals");
  module_.globals.reserve(number);
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    Global global;
    global.type = value_type(in);
    const std::uint8_t mutability = in.byte();
    if (in.ok() && mutability > mutable_global) return refuse(in, "a global is neither mutable nor not");
    global.is_mutable = mutability == mutable_global;
    constant_of(in, global.type, global.initial);
    module_.globals.push_back(std::move(global));
  }
}

void SectionReader::exports(Cursor& in) {
  const std::uint32_t number = count(in, 3, limits_.exports, "exports");
  module_.exports.reserve(number);
  std::unordered_set<std::string_view> names;
  for (std::uint32_t i = 0; i < number && in.ok(); ++i) {
    Export made{text(in), ExportKind::function, 0};
    const std::uint8_t kind = in.byte();
    if (!in.ok()) return;
    if (kind > global_kind) return refuse(in, "an export is of a kind that does not exist");
    made.kind = ExportKind{kind};
    Cursor ahead = in;
    made.index = ahead.unsigned32();
    const std::size_t there[] = {module_.imports.size() + function_types_.size(), module_.tables.size(),
                                 module_.memory ? 1u : 0u, module_.globals.size()};
    if (ahead.ok() && made.index >= there[kind]) {
      return refuse(in, std::format("the export {} is a {} that does not exist", protocol::shown(made.name),
                                    kind_name(kind)));
    }
    kind == function_kind ? function_reference(in) : void(in.unsigned32());
    if (in.ok() && kind == global_kind && !module_.globals[made.index].exported_as) {
      module_.globals[made.index].exported_as = made.name;
    }
    module_.exports.push_back(std::move(made));  // capacity is reserved: names keep their addresses
    if (!names.insert(module_.exports.back().name).second) {
      return refuse(in, std::format("it exports {} twice", protocol::shown(module_.exports.back().name)));
    }
  }
}

void SectionReader::start(Cursor& in) {
  function_reference(in);
  if (in.ok()) module_.start = module_.references.back().function;
}

void SectionReader::elements(Cursor& in) {
  module_.element_segments = count(in, 2, limits_.element_segments, "element segments");
  for (std::uint32_t i = 0; i < module_.element_segments && in.ok(); ++i) {
    const std::uint32_t flags = in.unsigned32();
    if (flags > (not_active | explicit_or_declarative | expressions)) {
      return refuse(in, "an element segment has flags that do not exist");
    }
    if ((flags & not_active) == 0) {
      const std::uint32_t table = (flags & explicit_or_declarative) != 0 ? in.unsigned32() : 0;
      if (in.ok() && table >= module_.tables.size()) {
        return refuse(in, "an element segment is for a table that does not exist");
      }
      Constant offset;
      constant_of(in, ValueType::i32, offset);
    }
    ValueType type = ValueType::funcref;
    if ((flags & (not_active | explicit_or_declarative)) != 0) {
      if ((flags & expressions) != 0) {
        type = reference_type(in);
      } else if (in.byte() != 0) {
        return refuse(in, "an element segment holds something else than functions");
      }
    }
    const std::uint32_t items = in.count();
    if (items > limits_.element_items - element_items_) {
      return refuse(in, std::format("its element segments hold more elements than the limit, {}",
                                    limits_.element_items));
    }
    element_items_ += items;
    for (std::uint32_t k = 0; k < items && in.ok(); ++k) {
      Constant item;
      (flags & expressions) != 0 ? constant_of(in, type, item) : function_reference(in);
    }
  }
}

void SectionReader::data_count(Cursor& in) {
  announced_data_ = in.unsigned32();
  if (*announced_data_ > limits_.data_segments) {
    refuse(in, std::format("it has {} data segments, and the limit is {}", *announced_data_,
                           limits_.data_segments));
  }
}

void SectionReader::data(Cursor& in) {
  module_.data_segments = count(in, 2, limits_.data_segments, "data segments");
  for (std::uint32_t i = 0; i < module_.data_segments && in.ok(); ++i) {
    const std::uint32_t flags = in.unsigned32();
    if (flags > explicit_memory) return refuse(in, "a data segment has flags that do not exist");
    if (flags == explicit_memory && in.unsigned32() != 0) {
      return refuse(in, "it uses more than one memory, which is not supported");
    }
    if (flags != passive_data) {
      if (!module_.memory) return refuse(in, "it has data for a memory that does not exist");
      Constant offset;
      constant_of(in, ValueType::i32, offset);
    }
    in.take(in.unsigned32());
  }
}

}  // namespace celeriac::wasm::foreign
