#pragma once
// The World of the real VM: operations go over the link or to the VM itself, time is the system's.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <string>

#include "vm/hypervisor.hpp"
#include "vm/local_operations.hpp"
#include "vm/remote_registers.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

class HostWorld final : public World {
 public:
  HostWorld(boost::asio::io_context& io, Hypervisor& hypervisor, RemoteRegisters& remote, CodeStore& store,
            LocalOperations& local)
      : io_(io), hypervisor_(hypervisor), remote_(remote), store_(store), local_(local), alarm_(io) {}

  [[nodiscard]] StepLoop& loop() noexcept { return loop_; }
  void on_changed(std::function<void(Process&)> hook) { changed_ = std::move(hook); }
  void on_failed(std::function<void(const Process&)> hook) { failed_ = std::move(hook); }

  std::uint64_t operate(const protocol::Operation& operation, std::string_view payload,
                        Ticket ticket) override;
  std::uint64_t read_register(const std::string& name, Ticket ticket) override;
  void abort(std::uint64_t call) override { hypervisor_.abort(call); }
  void abandon(std::uint64_t call) override { hypervisor_.abandon(call); }
  std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t sequence_id, Ticket ticket) override;
  void wake() override;
  void set_alarm(Time deadline) override;
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::int64_t wall_clock() const override { return protocol::now_milliseconds(); }
  void changed(Process& process) override {
    if (changed_) changed_(process);
  }
  void failed(const Process& process) override {
    if (failed_) failed_(process);
  }
  void ended(const Process& process) override;

 private:
  boost::asio::io_context& io_;
  Hypervisor& hypervisor_;
  RemoteRegisters& remote_;
  CodeStore& store_;
  LocalOperations& local_;
  boost::asio::steady_timer alarm_;
  std::function<void(Process&)> changed_;
  std::function<void(const Process&)> failed_;
  boost::unordered_flat_set<std::uint16_t> holding_;  // processes that may have switched something on
  StepLoop loop_{*this};
};

}  // namespace celeriac::vm
