#pragma once
// The real world around pin bindings: the hypervisor's edges, the step loop, the operations.

#include "protocol/registers.hpp"
#include "vm/bindings/pin_bindings.hpp"
#include "vm/hypervisor.hpp"
#include "vm/local_operations.hpp"
#include "vm/remote_registers.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

class BindingService final : public BindingWorld {
 public:
  /// Begins to act on edges. All references must outlive it.
  BindingService(Assets& assets, CodeStore& store, StepLoop& loop, Hypervisor& hypervisor,
                 LocalOperations& local, RemoteRegisters& remote, protocol::Registers& registers);
  BindingService(const BindingService&) = delete;
  BindingService& operator=(const BindingService&) = delete;

  void start(std::int64_t sequence_id, Started started, Ended ended) override;
  void operate(const protocol::Operation& operation, Ended ended) override;
  [[nodiscard]] std::string sequence_name(std::int64_t sequence_id) const override;
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override;
  void log(std::string_view type, std::string message) override;

 private:
  CodeStore& store_;
  StepLoop& loop_;
  Hypervisor& hypervisor_;
  LocalOperations& local_;
  protocol::Registers& registers_;
  PinBindings bindings_;
};

}  // namespace celeriac::vm
