#pragma once
// kernel:distro:sys: the kernel's own commands, JSON as the published kernel has them. Who may send here is
// root, so its messaging capability is asked for. From net:distro:sys come messages of other nodes.

#include "vm/guests/network_relay.hpp"
#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

class KernelCommands final : public NativeObject {
 public:
  KernelCommands(Kernel& kernel, NetworkRelay& relay);
  void receive(NativeCall call) override;
  [[nodiscard]] bool is_public() const noexcept override { return false; }

 private:
  using Result = protocol::Result<protocol::Json>;
  using Done = std::move_only_function<void(Result)>;
  using Serve = void (KernelCommands::*)(const protocol::Json& arguments, Done done);
  struct Row {
    const char* name;
    Serve serve;
  };
  static const Row rows_[];

  protocol::Result<KernelProcess*> process_of(const protocol::Json& id);
  void run(const protocol::Json& arguments, Done done);
  void kill(const protocol::Json& arguments, Done done);
  void grant(const protocol::Json& arguments, Done done);
  void drop(const protocol::Json& arguments, Done done);
  void set_on_exit(const protocol::Json& arguments, Done done);
  void debug(const protocol::Json& arguments, Done done);

  Kernel& kernel_;
  NetworkRelay& relay_;
};

}  // namespace celeriac::vm
