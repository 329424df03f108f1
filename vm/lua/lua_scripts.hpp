#pragma once
// Lua of `lua` steps, assertions and operands: each script is a coroutine of its own, whose calls of the API
// yield to the loop, and which gives the thread back after a bounded number of instructions.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "celeryscript/values.hpp"
#include "protocol/error.hpp"
#include "vm/assets/assets.hpp"
#include "vm/lua/lua_result.hpp"
#include "vm/lua/lua_world.hpp"

namespace celeriac::vm {

/// Memory of one script.
inline constexpr std::size_t max_lua_bytes = std::size_t{32} * 1024 * 1024;
/// Scripts at a time.
inline constexpr std::size_t max_lua_scripts = 256;
/// Instructions of one script between two calls of the API that wait: then it ends with a named error. About
/// a minute on a Raspberry Pi.
inline constexpr std::uint64_t max_lua_instructions = 2'000'000'000;
/// Instructions before others have their turn: about a millisecond.
inline constexpr int lua_instructions_per_turn = 50'000;

/// The bounds of scripts; tests lower them.
struct LuaLimits {
  std::size_t bytes = max_lua_bytes;
  std::size_t scripts = max_lua_scripts;
  std::uint64_t instructions = max_lua_instructions;
  int instructions_per_turn = lua_instructions_per_turn;
};

struct LuaJob {
  ProcessId process = no_process;  ///< in whose name operations are asked for
  std::string name;                ///< for messages: "Water one plant /body/2"
  std::string code;
  std::shared_ptr<const celeryscript::Scope> scope;  ///< nullptr: no variables
};

class LuaScripts {
 public:
  using Done = std::move_only_function<void(protocol::Result<LuaResult>)>;

  LuaScripts(LuaWorld& world, Assets& assets, const LuaLimits& limits = {});
  ~LuaScripts();
  LuaScripts(const LuaScripts&) = delete;
  LuaScripts& operator=(const LuaScripts&) = delete;

  /// Begins to run; `done` comes later, never from inside. The id names the script until then. The code has
  /// the implied `return` of one-line expressions. Errors: failed with line number and text (of the syntax at
  /// once, of the rest to `done`), out_of_resources; overloaded beyond max_lua_scripts.
  protocol::Result<LuaId> start(LuaJob job, Done done);
  /// The script ends where it is, even in a busy loop; its `done` is dropped. What it waits for is aborted.
  void kill(LuaId script);
  /// It runs no further instruction until resume(); what it waits for goes on.
  void pause(LuaId script);
  void resume(LuaId script);
  /// Runs scripts for a bounded time; LuaWorld::wake() has asked for it.
  void turn();
  [[nodiscard]] std::size_t running() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace celeriac::vm
