#pragma once
// REGS.*: the VM's own registers, and those of the hypervisor that clients ask for here.
//
//     process.N          the document of PROC.STAT                         ours, made when somebody opens it
//     log                what sequences and clients say, why processes failed, and the hypervisor's log
//     status             the hypervisor's tree, with {processes, vm} beside it
//     everything else    opened at the hypervisor when somebody opens it here; READ asks for the fresh value

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>

#include "protocol/registers.hpp"
#include "vm/host_world.hpp"
#include "vm/hypervisor.hpp"
#include "vm/remote_registers.hpp"

namespace celeriac::vm {

/// Processes that the status tree lists; PROC.LIST has them all.
inline constexpr std::size_t max_status_processes = 1000;
/// Changes of `status` within this time go out as one.
inline constexpr std::chrono::milliseconds status_period{50};

class RegisterService {
 public:
  RegisterService(boost::asio::io_context& io, protocol::Registers& registers, Hypervisor& hypervisor,
                  RemoteRegisters& remote, HostWorld& world, CodeStore& store);

 private:
  using Ready = protocol::Registers::Ready;
  void resolve(const std::string& name, Ready ready);
  void resolve_process(const std::string& name, Ready ready);
  void resolve_status(Ready ready);
  void resolve_remote(const std::string& name, Ready ready);
  void read_status(protocol::Registers::Value value);
  void status_changed();
  void log_failure(const Process& process);
  [[nodiscard]] protocol::Json own_status() const;

  protocol::Registers& registers_;
  Hypervisor& hypervisor_;
  RemoteRegisters& remote_;
  HostWorld& world_;
  CodeStore& store_;
  boost::asio::steady_timer status_timer_;
  bool status_stale_ = false;
  std::vector<std::string> mirrored_;
  std::int64_t started_ = protocol::now_milliseconds();
};

}  // namespace celeriac::vm
