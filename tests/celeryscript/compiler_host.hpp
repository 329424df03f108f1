#pragma once
// A host for compiled sequences: carries operations out on numbers in memory and writes them down.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "celeryscript/imports.hpp"
#include "celeryscript/program.hpp"
#include "protocol/error.hpp"
#include "wasm/engine.hpp"

namespace celeriac::testing {

/// The program of a document; throws std::runtime_error with what is wrong.
celeryscript::Program compiled(const std::string& json);
/// What the compiler (not the checker) says against the document; throws if it says nothing.
protocol::Error refusal(const std::string& json);
/// `{"kind": "sequence", …}` with these steps in its body, a JSON list without brackets.
std::string sequence(const std::string& steps);

/// Runs programs to their end. Positions and registers that are not set are unknown. Of the host's own calls
/// it knows legs (all axes together, or safe_z), the pins of named pins, and scripts that return numbers;
/// notes and readings of pins leave no line.
class Host {
 public:
  double x, y, z;
  std::map<std::string, double> registers;
  std::map<std::int64_t, double> pins;     ///< of peripherals and sensors, by id
  std::map<std::string, double> scripts;   ///< what Lua returns, by its code
  std::map<std::string, double> operands;  ///< what a data value is worth on every axis, by its node

  Host();
  /// The operations in order, "SYS.WRITE_PIN pin=8 value=1 mode=0". An absolute move takes the bot there.
  std::vector<std::string> run(const celeryscript::Program& program);

 private:
  void carry_out(wasm::ImportIndex import, std::span<const wasm::Value> arguments);

  const celeryscript::Program* program_ = nullptr;
  wasm::Instance* instance_ = nullptr;
  void carry_out_own(celeryscript::HostCall call, std::string line, std::span<const wasm::Value> arguments);
  void leg(std::span<const wasm::Value> arguments);

  double value_;
  double place_[3];
  int calls_ = 0;
  std::vector<std::string> log_;
};

}  // namespace celeriac::testing
