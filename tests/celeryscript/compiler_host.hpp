#pragma once
// A host for compiled sequences: carries operations out on numbers in memory and writes them down.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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

/// Runs programs to their end. Positions and registers that are not set are unknown.
class Host {
 public:
  double x, y, z;
  std::map<std::string, double> registers;

  Host();
  /// The operations in order, "SYS.WRITE_PIN pin=8 value=1 mode=0". An absolute move takes the bot there.
  std::vector<std::string> run(const celeryscript::Program& program);

 private:
  void carry_out(wasm::ImportIndex import, std::span<const wasm::Value> arguments);

  const celeryscript::Program* program_ = nullptr;
  wasm::Instance* instance_ = nullptr;
  double value_;
  std::vector<std::string> log_;
};

}  // namespace celeriac::testing
