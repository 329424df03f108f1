#pragma once
// PROC.* for guests: their numbers are above those of the sequences' processes.

#include <map>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "vm/guests/guest_host.hpp"

namespace celeriac::vm {

/// Clients that wait for the end of one guest.
inline constexpr std::size_t max_guest_waiters = 1024;

class GuestProcesses {
 public:
  explicit GuestProcesses(GuestHost& host);

  [[nodiscard]] static bool owns(std::uint16_t id) noexcept { return id >= first_kernel_process; }
  /// Answers an operation on a guest's process.
  void serve(protocol::Request& request, protocol::Responder responder);
  /// As PROC.STAT shows them.
  void append_to(protocol::Json& processes);

 private:
  using Serve = void (GuestProcesses::*)(KernelProcess&, protocol::Responder);
  struct Row {
    const char* operation;
    Serve serve;
  };
  static const Row rows_[];

  void run(KernelProcess& process, protocol::Responder responder);
  void pause(KernelProcess& process, protocol::Responder responder);
  void kill(KernelProcess& process, protocol::Responder responder);
  void step(KernelProcess& process, protocol::Responder responder);
  void wait(KernelProcess& process, protocol::Responder responder);
  void stat(KernelProcess& process, protocol::Responder responder);
  void changed(const KernelProcess& process);
  [[nodiscard]] protocol::Json document(const KernelProcess& process) const;

  GuestHost& host_;
  Kernel& kernel_;
  std::map<ProcessId, std::vector<protocol::Responder>> waiting_;
};

}  // namespace celeriac::vm
