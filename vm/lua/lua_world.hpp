#pragma once
// What Lua scripts need of everything around them: the seam between vm/lua and the rest of the VM. Answers
// come on the loop's thread, perhaps before the call returns.

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/error.hpp"
#include "protocol/operations.hpp"
#include "vm/sequences/ids.hpp"
#include "vm/sequences/timers.hpp"
#include "web/http_client.hpp"

namespace celeriac::vm {

/// Names a running script; never 0.
using LuaId = std::uint64_t;

class LuaWorld {
 public:
  using Number = std::move_only_function<void(protocol::Result<double>)>;
  using Value = std::move_only_function<void(protocol::Result<nlohmann::json>)>;
  using Finished = std::move_only_function<void(protocol::Result<void>)>;

  virtual ~LuaWorld() = default;

  /// Carries out an operation in the name of the script's process; a motion waits for the process's turn. The
  /// number is the return value. What is in flight when the script is killed is aborted by abort().
  virtual void operate(LuaId script, ProcessId process, const protocol::Operation& operation,
                       nlohmann::json fields, Number done) = 0;
  /// Reads a register afresh from the hypervisor ("position", "pins.8", "encoders", …) or of the VM.
  virtual void read_register(LuaId script, const std::string& name, Value done) = 0;
  /// Runs CeleryScript, a sequence, rpc_request or execute, to its end, as a process of its own.
  virtual void evaluate(LuaId script, ProcessId process, nlohmann::json node, Finished done) = 0;
  /// The whole status tree.
  virtual void read_status(Value done) = 0;
  virtual void fetch(web::HttpRequest request, web::HttpDone done) = 0;
  /// Address and token of the configured web API: `{server: "https://…", token: "…"}`; null if there is none.
  [[nodiscard]] virtual nlohmann::json web_api() const = 0;
  /// Calls back after a time.
  virtual void after(std::chrono::milliseconds time, std::move_only_function<void()> done) = 0;
  /// Everything that the script has in flight is given up; none of its answers comes any more.
  virtual void abort(LuaId script) = 0;

  /// An entry of the log: `{type, message, verbosity, channels, meta}`; the rest is added.
  virtual void log(ProcessId process, nlohmann::json entry) = 0;
  /// Jobs of the status tree, `{name: {status, percent, unit, type, time, updated_at, …}}`.
  [[nodiscard]] virtual const nlohmann::json& jobs() const = 0;
  virtual void set_job(const std::string& name, nlohmann::json job) = 0;

  /// Calls LuaScripts::turn() soon, when others have had their turn.
  virtual void wake() = 0;
  [[nodiscard]] virtual Time now() const = 0;
  /// Milliseconds since 1970.
  [[nodiscard]] virtual std::int64_t wall_clock() const = 0;
  /// A number below 2^64 from the VM's generator.
  [[nodiscard]] virtual std::uint64_t random() = 0;
};

}  // namespace celeriac::vm
