#pragma once
// One version of a code, ready to run: the compiled program, its one instance, and what its imports mean.
// All processes of the version share it; it lives as long as the code store or a process holds it.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "celeryscript/imports.hpp"
#include "celeryscript/program.hpp"
#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "vm/sequences/marshal.hpp"
#include "wasm/engine.hpp"

namespace celeriac::vm {

struct Process;

/// What an import asks of the host.
enum class CallKind : std::uint8_t {
  operation,      ///< an operation of the table, carried out by the World
  wait,           ///< SYS.WAIT and SYS.SLEEP: a timer of the step loop
  exit,           ///< SYS.EXIT: ends the calling process
  read_register,  ///< REGISTER.READ by name
  host,           ///< a call of the host: `Call::host`
};

/// An import of a module, as the step loop carries it out.
struct Call {
  CallKind kind;
  const protocol::Operation* operation;  ///< nullptr for calls of the host
  celeryscript::HostCall host;
  PayloadMaker payload;
};

/// What a micro-step asked for, noted while it ran and carried out after it returned.
struct Asked {
  static constexpr std::size_t most = 8;  ///< arguments; the table's longest row of an import has six
  std::uint32_t calls = 0;                ///< a micro-step may ask once
  std::uint32_t import = 0;
  std::uint32_t count = 0;
  std::array<wasm::Value, most> arguments;

  [[nodiscard]] std::span<const wasm::Value> values() const { return std::span(arguments).first(count); }
};

class Code {
 public:
  /// Parses, checks, compiles and instantiates: milliseconds for a long sequence. Errors: invalid_code with
  /// the diagnostics, out_of_resources. The result may be handed to another thread.
  static protocol::Result<std::shared_ptr<Code>> make(std::string source);
  /// Instantiates what is compiled already.
  static protocol::Result<std::shared_ptr<Code>> of_program(celeryscript::Program program);

  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  [[nodiscard]] const celeryscript::Program& program() const noexcept { return program_; }
  /// The resource's name, else "".
  [[nodiscard]] const std::shared_ptr<const std::string>& name() const noexcept { return name_; }
  [[nodiscard]] const celeryscript::StepNode& node_of(celeryscript::StepIndex step) const {
    return program_.nodes[program_.steps[static_cast<std::size_t>(step)].node];
  }
  /// 1-based place in the top-level body of the node that a micro-step belongs to; 0 if it is in none.
  [[nodiscard]] std::uint32_t body_step(celeryscript::StepIndex step) const;

  /// Runs a micro-step; what it asks for is in asked() then.
  protocol::Result<celeryscript::StepIndex> call(celeryscript::StepIndex step) {
    asked_.calls = 0;
    return instance_->call(step);
  }
  [[nodiscard]] const Asked& asked() const noexcept { return asked_; }
  [[nodiscard]] Call& asked_call() noexcept { return calls_[asked_.import]; }

  void set_inputs(double value, double x, double y, double z) noexcept;
  [[nodiscard]] double variable(std::uint32_t index) const { return instance_->global(variables_[index]); }
  void set_variable(std::uint32_t index, double value) { instance_->set_global(variables_[index], value); }

  /// The frame whose variables the instance holds now: of this process, at this depth. The step loop's.
  struct {
    Process* process = nullptr;
    std::size_t depth = 0;
  } owner;

 private:
  Code() = default;
  static void note(void* context, wasm::ImportIndex import, std::span<const wasm::Value> arguments) noexcept;
  protocol::Result<void> link();

  celeryscript::Program program_;
  std::shared_ptr<const std::string> name_;
  wasm::Engine engine_;  // of its own, so that it can be made on another thread
  std::unique_ptr<wasm::Instance> instance_;
  std::vector<Call> calls_;  // by import
  Asked asked_;
  std::array<std::optional<wasm::GlobalIndex>, 4> inputs_;
  std::vector<wasm::GlobalIndex> variables_;
};

}  // namespace celeriac::vm
