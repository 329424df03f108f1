#pragma once
// Micro-steps as they are written, one after another, into a program.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

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
  wasm::ImportIndex import_execute();
  /// The handle of a text; equal texts have equal handles.
  std::int32_t text(std::string_view text);

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
  wasm::ImportIndex add_import(std::string_view space, std::string_view name,
                               std::span<const wasm::ValueType> parameters);

  wasm::ModuleEncoder module_;
  wasm::Code code_;  // of all steps
  std::vector<Written> written_;
  std::vector<Step> steps_;
  std::vector<StepNode> nodes_;
  bool node_begins_ = false;
  std::vector<std::string> texts_;
  std::map<std::string, std::int32_t, std::less<>> handles_;
  std::vector<wasm::ImportIndex> imports_;  // by place in the operation table; empty until the first
  wasm::ImportIndex execute_ = not_imported;
  std::uint32_t import_count_ = 0;
  std::uint32_t variables_ = 0;
};

}  // namespace celeriac::celeryscript
