#pragma once
// /sys/motion, /sys/pins/8, /sys/gpio/lights, /sys/camera, and hardware:distro:sys: the hypervisor's
// operations as messages, with the checks that frames go through.

#include <functional>

#include "protocol/payload.hpp"
#include "vm/kernel/kernel.hpp"
#include "vm/objects/spoken.hpp"

namespace celeriac::vm {

class Hardware final : public NativeObject {
 public:
  using Done = std::move_only_function<void(protocol::Result<protocol::Json>)>;
  /// Carries out an operation in a process's name; `done` gets the return value, or the document where it has
  /// one.
  using Operate = std::function<void(const KernelProcess& process, const protocol::Operation& operation,
                                     const protocol::Json& fields, Done done)>;

  Hardware(Kernel& kernel, Operate operate);
  void receive(NativeCall call) override;

 private:
  Kernel& kernel_;
  Operate operate_;
};

}  // namespace celeriac::vm
