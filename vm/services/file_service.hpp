#pragma once
// FILE.* of the wire, and vfs:distro:sys among the kernel's objects: two doors to the same drives, with the
// same capabilities of issuer our@vfs:distro:sys.

#include <functional>
#include <random>

#include "protocol/dispatcher.hpp"
#include "vm/files/open_files.hpp"
#include "vm/files/vfs.hpp"
#include "vm/kernel/kernel.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

/// Whose process a request names: not_found, or denied if the stream has no business with it.
using ProcessOf = std::function<protocol::Result<KernelProcess*>(protocol::Request& request)>;

class FileService final : public NativeObject {
 public:
  /// `drives` is used on the worker only. Offers itself to the kernel.
  FileService(Worker& worker, Kernel& kernel, Drives& drives);

  void install(protocol::Dispatcher& dispatcher, const ProcessOf& process_of);
  /// Closes what a process has open: for KernelWorld::changed(), when it has gone.
  void ended(const KernelProcess& process);
  /// A capability of a process has been taken away.
  void revoked(const ProcessName& process, const protocol::Capability& capability);

  void receive(NativeCall call) override;

 private:
  [[nodiscard]] bool may(ProcessId process, const std::string& drive, FileAccess access) const;
  [[nodiscard]] std::string issuer() const { return kernel_.address_of(system_name("vfs")).text(); }
  void answer(VfsReply reply, const ProcessName& asker,
              std::move_only_function<void(protocol::Result<NativeReply>)> respond);

  Worker& worker_;
  Kernel& kernel_;
  Drives& drives_;
  std::random_device random_;
  Vfs vfs_;  // on the worker only
  OpenFiles files_;
};

}  // namespace celeriac::vm
