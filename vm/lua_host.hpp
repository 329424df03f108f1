#pragma once
// The LuaWorld of the real VM: what scripts of steps ask for, in the name of their processes. A script's
// operations, child processes and turns at motion go with it when it ends.

#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/registers.hpp"
#include "vm/assets/assets.hpp"
#include "vm/hypervisor.hpp"
#include "vm/local_operations.hpp"
#include "vm/lua/lua_scripts.hpp"
#include "vm/remote_registers.hpp"
#include "vm/sequences/step_loop.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

class LuaHost final : public LuaWorld {
 public:
  /// Sends an operation of a process to the hypervisor, and notes what it may have switched on.
  using Send = std::function<std::uint64_t(const protocol::Operation&, std::string_view payload, ProcessId,
                                           Hypervisor::Completion)>;

  LuaHost(boost::asio::io_context& io, StepLoop& loop, Hypervisor& hypervisor, RemoteRegisters& remote,
          LocalOperations& local, Assets& assets, protocol::Registers& registers, Worker& worker, Send send);
  ~LuaHost() override;

  /// Runs the code of a step. The answer goes to StepLoop::script_done(). 0: it did not begin, and the answer
  /// comes all the same.
  LuaId run(const Process& process, const std::string& code, Ticket ticket);
  /// Ends a script; what it has in flight is stopped, and then StepLoop::script_done() says so.
  void stop(LuaId script);
  /// Ends a script of which nobody wants to hear any more.
  void abandon(LuaId script);
  void pause(LuaId script);
  void resume(LuaId script);
  /// It is the process's turn to move.
  void motion_granted(ProcessId process);

  // ---- LuaWorld ----
  void operate(LuaId script, ProcessId process, const protocol::Operation& operation, nlohmann::json fields,
               Number done) override;
  void read_register(LuaId script, const std::string& name, Value done) override;
  void evaluate(LuaId script, ProcessId process, nlohmann::json node, Finished done) override;
  void read_status(Value done) override;
  void fetch(web::HttpRequest request, web::HttpDone done) override;
  [[nodiscard]] nlohmann::json web_api() const override { return web_api_; }
  void after(std::chrono::milliseconds time, std::move_only_function<void()> done) override;
  void abort(LuaId script) override;
  void log(ProcessId process, nlohmann::json entry) override;
  [[nodiscard]] const nlohmann::json& jobs() const override { return jobs_; }
  void set_job(const std::string& name, nlohmann::json job) override;
  void wake() override;
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::int64_t wall_clock() const override { return protocol::now_milliseconds(); }
  [[nodiscard]] std::uint64_t random() override;

  /// `{server, token}`; null: none. `ca_file`: certificates that are believed beside the system's.
  void set_web_api(nlohmann::json api, std::filesystem::path ca_file) {
    web_api_ = std::move(api);
    ca_file_ = std::move(ca_file);
  }

 private:
  /// A motion that waits for the process's turn.
  struct Waiting {
    const protocol::Operation* operation;
    std::string payload;
    Number done;
  };
  struct Script {
    ProcessId process = no_process;
    Ticket ticket;
    std::vector<std::uint64_t> calls;  // handles of the hypervisor
    std::vector<ProcessId> children;
    std::optional<Waiting> waiting;
    bool pausing = false;
    bool stopping = false;
  };

  void send(LuaId script, const protocol::Operation& operation, std::string_view payload, Number done);
  void start_child(LuaId script, ProcessId process, std::shared_ptr<Code> code, Finished done);
  void settle(LuaId script);
  void drop(LuaId script, bool abort_calls);
  Script* find(LuaId script);

  boost::asio::io_context& io_;
  StepLoop& loop_;
  Hypervisor& hypervisor_;
  RemoteRegisters& remote_;
  LocalOperations& local_;
  protocol::Registers& registers_;
  Worker& worker_;
  Send send_;
  nlohmann::json web_api_;
  std::filesystem::path ca_file_;
  nlohmann::json jobs_ = nlohmann::json::object();
  boost::unordered_flat_map<LuaId, Script> scripts_;
  bool woken_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers may outlive us
  LuaScripts runner_;
};

}  // namespace celeriac::vm
