#pragma once
// The World of the real VM: operations go over the link or to the VM itself, time is the system's.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "vm/hypervisor.hpp"
#include "vm/local_operations.hpp"
#include "vm/lua_host.hpp"
#include "vm/pin_readings.hpp"
#include "vm/remote_registers.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/process_record.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

class HostWorld final : public World {
 public:
  HostWorld(boost::asio::io_context& io, Worker& worker, Assets& assets, CodeStore& store,
            Hypervisor& hypervisor, RemoteRegisters& remote, LocalOperations& local,
            protocol::Registers& registers);

  [[nodiscard]] StepLoop& loop() noexcept { return loop_; }
  /// Address and token of the account's web API, and certificates that are believed beside the system's.
  void set_web_api(nlohmann::json api, std::filesystem::path ca_file) {
    lua_.set_web_api(std::move(api), std::move(ca_file));
  }
  void on_changed(std::function<void(Process&)> hook) { changed_ = std::move(hook); }
  /// What keeps account of beginnings and ends; it outlives the processes.
  void keep(ProcessRecord& record) { record_ = &record; }
  void on_failed(std::function<void(const Process&)> hook) { failed_ = std::move(hook); }

  std::uint64_t operate(const protocol::Operation& operation, std::string_view payload,
                        Ticket ticket) override;
  std::uint64_t read_register(const std::string& name, Ticket ticket) override;
  void abort(std::uint64_t call) override;
  void abandon(std::uint64_t call) override;
  std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t sequence_id, Ticket ticket) override;
  void wake() override;
  void set_alarm(Time deadline) override;
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::int64_t wall_clock() const override { return protocol::now_milliseconds(); }
  void changed(Process& process) override {
    if (changed_) changed_(process);
  }
  void began(const Process& process) override {
    if (record_ != nullptr) record_->began(process);
  }
  void failed(const Process& process) override {
    if (failed_) failed_(process);
  }
  void ended(const Process& process) override;
  [[nodiscard]] const Assets& assets() const override { return assets_; }
  std::uint64_t random() override { return lua_.random(); }
  std::uint64_t run_lua(const Process& process, const std::string& code, Ticket ticket) override;
  void pause(std::uint64_t call) override;
  void resume(std::uint64_t call) override;
  std::uint64_t run_script(const Process& process, const celeryscript::ScriptCall& call,
                           Ticket ticket) override;
  std::uint64_t update(const Process& process, const celeryscript::DataValue& resource,
                       const celeryscript::ResourceUpdate& update, Ticket ticket) override;
  void pin_was_read(const Process& process, int pin, int mode, double value) override;
  void log(const Process& process, nlohmann::json entry) override;
  [[nodiscard]] bool logs_every_step() const override { return assets_.setting("sequence_body_log", false); }
  void entered(const Process& process) override;
  void completed(const Process& process) override;
  void motion_granted(const Process& process) override { lua_.motion_granted(process.id); }

 private:
  std::uint64_t send(const protocol::Operation& operation, std::string_view payload, ProcessId process,
                     Hypervisor::Completion completion);
  void say(const protocol::Operation& operation, std::string_view payload, ProcessId process);
  void tell_of_sequence(const Process& process, std::string_view setting, std::string_view verb);

  boost::asio::io_context& io_;
  Assets& assets_;
  CodeStore& store_;
  Hypervisor& hypervisor_;
  RemoteRegisters& remote_;
  LocalOperations& local_;
  protocol::Registers& registers_;
  boost::asio::steady_timer alarm_;
  std::function<void(Process&)> changed_;
  std::function<void(const Process&)> failed_;
  ProcessRecord* record_ = nullptr;
  boost::unordered_flat_set<std::uint16_t> holding_;  // processes that may have switched something on
  PinReadings readings_;
  StepLoop loop_{*this};
  LuaHost lua_;
};

}  // namespace celeriac::vm
