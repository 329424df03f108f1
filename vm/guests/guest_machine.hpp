#pragma once
// The machine as guests reach it: operations of SYS in a guest's name, once the kernel has said that it may.
// The guest is the holder of what it starts and switches on; when it ends, that ends with it.

#include <string_view>

#include "protocol/dispatcher.hpp"
#include "vm/hypervisor.hpp"
#include "vm/kernel/process.hpp"
#include "vm/local_operations.hpp"

namespace celeriac::vm {

class GuestMachine {
 public:
  using Done = std::move_only_function<void(protocol::Result<protocol::Json>)>;

  GuestMachine(Hypervisor& hypervisor, LocalOperations& local) : hypervisor_(hypervisor), local_(local) {}

  /// `payload` as the operation takes it; the answer as it came.
  void pass(const KernelProcess& process, const protocol::Operation& operation, std::string_view payload,
            protocol::Session::Completion completion);
  /// The same with fields. `done` gets the document of the answer, or its return value.
  void operate(const KernelProcess& process, const protocol::Operation& operation,
               const protocol::Json& fields, Done done);
  /// A guest has ended.
  void release(ProcessId process) { hypervisor_.release(number(process), false); }

 private:
  Hypervisor& hypervisor_;
  LocalOperations& local_;
};

}  // namespace celeriac::vm
