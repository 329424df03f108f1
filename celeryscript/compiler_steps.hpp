#pragma once
// Micro-steps as they are written, one after another, into a program.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "celeryscript/imports.hpp"
#include "celeryscript/program.hpp"
#include "protocol/operations.hpp"
#include "wasm/encoder.hpp"

namespace celeriac::celeryscript {

/// The input globals, in the order of `input_globals`.
enum class Input : std::uint8_t { value, x, y, z };

/// Writes micro-steps: begin_node(), then open() … close() for each micro-step of the node. A micro-step's
/// code asks for at most one operation, last, and close() says where it goes from there.
class StepWriter {
 public:
  /// What is opened next belongs to this node.
  void begin_node(std::string_view kind, std::string_view pointer);

  /// Index of the micro-step that open() starts next. One past the last step means the end of the program,
  /// so a step may always go on there.
  [[nodiscard]] StepIndex next() const noexcept { return static_cast<StepIndex>(steps_.size()); }

  enum class Inputs : bool { unread, read };
  /// Starts a micro-step; `read` where its code reads an input global.
  wasm::Code& open(Inputs inputs = Inputs::unread);
  /// Ends it: the micro-step behind it comes next.
  void close() { close(next()); }
  /// Ends it: `then` comes next.
  void close(StepIndex then) { end_step({.then = then, .otherwise = then, .condition = false}); }
  /// Ends it: its code left an i32, and `then` comes next where that is not 0, `otherwise` where it is.
  void close(StepIndex then, StepIndex otherwise) {
    end_step({.then = then, .otherwise = otherwise, .condition = true});
  }

  /// A micro-step that reads a register; what it finds is in the input globals afterwards.
  void read_register(std::string_view name);

  wasm::ImportIndex import(const protocol::Operation& operation);
  wasm::ImportIndex import(HostCall call);
  /// The handle of a text; equal texts have equal handles.
  Handle text(std::string_view text);
  /// The handle of an entry that is added to a table.
  template <class Entry>
  Handle add(std::vector<Entry> Tables::* table, Entry entry) {
    (tables_.*table).push_back(std::move(entry));
    return static_cast<Handle>((tables_.*table).size() - 1);
  }
  /// As add(), but an entry that is equal to an earlier one of this node shares its handle.
  Handle add_operand(DataValue operand, std::size_t since);
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }

  static constexpr wasm::GlobalIndex input(Input input) {
    return wasm::GlobalIndex{static_cast<std::uint32_t>(input)};
  }
  /// The global "v<number>": keeps a number from one micro-step to another of the same node.
  wasm::GlobalIndex variable(std::uint32_t number);

  /// Puts everything into the program. Nothing else may be called afterwards.
  void finish(Program& program, std::string_view module_name) &&;

 private:
  static constexpr wasm::ImportIndex not_imported{0xFFFF'FFFF};

  struct Exit {
    StepIndex then, otherwise;
    bool condition;  // the code left one on the stack
  };
  struct Written {
    std::uint32_t begin, end;  // in code_
    Exit exit;
  };
  void end_step(Exit exit);

  wasm::ModuleEncoder module_;
  wasm::Code code_;  // of all steps
  std::vector<Written> written_;
  std::vector<Step> steps_;
  std::vector<StepNode> nodes_;
  bool node_begins_ = false;
  Tables tables_;
  std::map<std::string, std::int32_t, std::less<>> handles_;
  std::vector<wasm::ImportIndex> imports_;       // by place in the operation table; empty until the first
  std::vector<wasm::ImportIndex> host_imports_;  // by HostCall; empty until the first
  std::uint32_t variables_ = 0;
};

}  // namespace celeriac::celeryscript
