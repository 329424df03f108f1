#include "wasm/wat.hpp"

#include <cmath>
#include <format>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "wasm/reader.hpp"
#include "wasm/step_map.hpp"

namespace celeriac::wasm {
namespace {

std::string_view text_of(ValueType type) {
  return type == ValueType::i32 ? "i32" : "f64";
}

/// Characters that may stand in a text-format identifier.
bool names(char c) {
  constexpr std::string_view others = "!#$%&'*+-./:<=>?@\\^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         others.find(c) != std::string_view::npos;
}

/// A string or comment body: what is not printable ASCII becomes an escape, so that no text of a module can
/// end a comment or a string.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      std::format_to(std::back_inserter(out), "\\{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string f64_text(double value) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (!std::isnan(value)) return std::format("{}", value);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  constexpr std::uint64_t payload_mask = (std::uint64_t{1} << 52) - 1, canonical = std::uint64_t{1} << 51;
  const char* sign = (bits >> 63) != 0 ? "-" : "";
  const std::uint64_t payload = bits & payload_mask;
  return payload == canonical ? std::format("{}nan", sign) : std::format("{}nan:{:#x}", sign, payload);
}

/// What the name section gives, made fit for the text form: legal characters, nothing twice.
struct Names {
  std::string module;
  std::vector<std::string> functions;
  std::vector<std::string> globals;
};

void read_name_map(Cursor in, std::vector<std::string>& names_out) {
  std::unordered_set<std::string> used;
  const std::uint32_t count = in.count(2);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t index = in.unsigned32();
    std::string name(in.text());
    if (!in.ok() || index >= names_out.size() || name.empty()) continue;
    for (char& c : name) c = names(c) ? c : '_';
    if (used.insert(name).second) names_out[index] = std::move(name);
  }
}

/// A name section that cannot be read gives no names: it is for people only.
Names read_names(const ModuleView& module) {
  Names found;
  found.functions.resize(module.imports.size() + module.steps.size());
  found.globals.resize(module.globals.size());
  Cursor in(module.custom("name"));
  while (in.ok() && !in.at_end()) {
    const std::uint8_t id = in.byte();
    Cursor part = in.part(in.unsigned32());
    if (!in.ok()) break;
    if (id == 0) found.module = part.text();
    if (id == 1) read_name_map(part, found.functions);
    if (id == 7) read_name_map(part, found.globals);
  }
  for (char& c : found.module) c = names(c) ? c : '_';
  // Nameless ones get names that no encoder of ours gives.
  for (std::size_t i = 0; i < found.functions.size(); ++i) {
    if (found.functions[i].empty()) found.functions[i] = std::format("function!{}", i);
  }
  for (std::size_t i = 0; i < found.globals.size(); ++i) {
    if (found.globals[i].empty()) found.globals[i] = std::format("global!{}", i);
  }
  return found;
}

class Printer {
 public:
  Printer(const ModuleView& module, const StepMap& map, const std::vector<std::string>& texts)
      : module_(module), map_(map), texts_(texts), names_(read_names(module)) {}

  std::string print() && {
    out_ += names_.module.empty() ? "(module\n" : std::format("(module ${}\n", names_.module);
    for (std::size_t i = 0; i < module_.imports.size(); ++i) import(i);
    for (std::size_t i = 0; i < module_.globals.size(); ++i) {
      add("  (global ${} (export \"{}\") (mut f64) (f64.const {}))\n", names_.globals[i],
          escaped(module_.globals[i].name), f64_text(module_.globals[i].initial));
    }
    for (std::size_t i = 0; i < texts_.size(); ++i) add("  ;; text {}: \"{}\"\n", i, escaped(texts_[i]));
    for (std::size_t i = 0; i < module_.steps.size(); ++i) step(i);
    for (const auto& [name, contents] : module_.customs) {
      add("  ;; custom section \"{}\", {} bytes\n", escaped(name), contents.size());
    }
    out_ += ")\n";
    return std::move(out_);
  }

 private:
  template <class... T>
  void add(std::format_string<const T&...> format, const T&... values) {
    std::format_to(std::back_inserter(out_), format, values...);
  }

  void import(std::size_t i) {
    const auto& [space, name, type] = module_.imports[i];
    add("  (import \"{}\" \"{}\" (func ${}", escaped(space), escaped(name), names_.functions[i]);
    const auto& parameters = module_.types[type].parameters;
    if (!parameters.empty()) out_ += " (param";
    for (ValueType parameter : parameters) add(" {}", text_of(parameter));
    out_ += parameters.empty() ? "))\n" : ")))\n";
  }

  void step(std::size_t i) {
    if (i < map_.steps.size()) {
      const Step& step = map_.steps[i];
      const StepNode& node = map_.nodes[step.node];
      add("\n  ;; {}{}: {}{}\n", step.begins_node ? "" : "… ",
          node.pointer.empty() ? "/" : escaped(node.pointer), escaped(node.kind),
          step.reads_inputs ? ", reads inputs" : "");
    }
    add("  (func ${} (export \"{}\") (result i32)\n", names_.functions[module_.imports.size() + i], i);
    Cursor code(module_.steps[i]);
    std::size_t depth = 2;
    for (Instruction it = next_instruction(code); !code.at_end(); it = next_instruction(code)) {
      instruction(it, depth);
    }
    out_ += "  )\n";
  }

  void instruction(const Instruction& it, std::size_t& depth) {
    const Opcode opcode = it.row->opcode;
    if (opcode == Opcode::else_ || opcode == Opcode::end) --depth;
    out_.append(depth * 2, ' ');
    out_ += it.row->text;
    switch (it.row->immediate) {
      case Immediate::none:
        break;
      case Immediate::result_type:
        add(" (result {})", text_of(it.result));
        break;
      case Immediate::function:
        add(" ${}", names_.functions[it.index]);
        break;
      case Immediate::global:
        add(" ${}", names_.globals[it.index]);
        break;
      case Immediate::i32:
        add(" {}", it.i32);
        break;
      case Immediate::f64:
        add(" {}", f64_text(it.f64));
        break;
    }
    out_ += '\n';
    if (opcode == Opcode::if_ || opcode == Opcode::else_) ++depth;
  }

  const ModuleView& module_;
  const StepMap& map_;
  const std::vector<std::string>& texts_;
  Names names_;
  std::string out_;
};

}  // namespace

protocol::Result<std::string> to_wat(std::span<const std::uint8_t> module) {
  const auto view = read_module(module);
  if (!view) return std::unexpected(view.error());
  const auto map = read_step_map(*view);
  if (!map) return std::unexpected(map.error());
  const auto texts = read_texts(*view);
  if (!texts) return std::unexpected(texts.error());
  return Printer(*view, *map, *texts).print();
}

}  // namespace celeriac::wasm
