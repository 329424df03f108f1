#pragma once
// The whole VM, without sockets of its own: a dispatcher to hang listeners on.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/dispatcher.hpp"
#include "protocol/registers.hpp"
#include "vm/assets/asset_store.hpp"
#include "vm/assets/assets.hpp"
#include "vm/guests/guest_host.hpp"
#include "vm/guests/guest_machine.hpp"
#include "vm/guests/network_relay.hpp"
#include "vm/host_world.hpp"
#include "vm/objects/hardware.hpp"
#include "vm/objects/image_objects.hpp"
#include "vm/objects/kernel_commands.hpp"
#include "vm/objects/sequences.hpp"
#include "vm/objects/timer.hpp"
#include "vm/photos.hpp"
#include "vm/sequences/closing.hpp"
#include "vm/services/binding_service.hpp"
#include "vm/services/file_service.hpp"
#include "vm/services/guest_processes.hpp"
#include "vm/services/message_service.hpp"
#include "vm/services/package_service.hpp"
#include "vm/services/register_service.hpp"
#include "vm/services/schedule_service.hpp"
#include "vm/services/sync_service.hpp"

namespace celeriac::vm {

struct VmOptions {
  std::filesystem::path directory;           ///< of image.sqlite; made if need be
  std::filesystem::path hypervisor;          ///< the hypervisor's socket
  std::string token = {};                    ///< what clients over TCP must bring
  AccountOptions account = {};               ///< the web API to sync with
  std::filesystem::path guest_program = {};  ///< celeriac-guest
  KernelOptions kernel = {};
  int verbosity = 0;  ///< of guests' lines that go into the log
};

class Vm {
 public:
  /// Opens the image and begins to look for the hypervisor.
  static protocol::Result<std::unique_ptr<Vm>> open(boost::asio::io_context& io, const VmOptions& options);
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  /// Before the end: processes come to rest, which the log says, and the next VM lists them as interrupted.
  /// Calls `closed` after `patience` and kill_grace at the latest, and what a write to the disk takes. Once.
  void close(std::chrono::milliseconds patience, std::move_only_function<void()> closed);
  /// How it is, in one line: "The hypervisor is connected, 2 processes".
  [[nodiscard]] std::string line();

  [[nodiscard]] const protocol::Dispatcher& dispatcher() const noexcept { return dispatcher_; }
  [[nodiscard]] Hypervisor& hypervisor() noexcept { return hypervisor_; }
  [[nodiscard]] StepLoop& loop() noexcept { return world_.loop(); }
  [[nodiscard]] GuestHost& guests() noexcept { return guests_; }

 private:
  Vm(boost::asio::io_context& io, const VmOptions& options, std::unique_ptr<Image> image,
     std::unique_ptr<Worker> worker, std::unique_ptr<Assets> assets, std::unique_ptr<AssetStore> asset_store,
     std::unique_ptr<CodeStore> store, std::optional<Account> account);

  void list_interrupted();
  void write_record(std::string text, ProcessRecord::Written written);

  boost::asio::io_context& io_;
  // Destroyed from below: the worker finishes its jobs while the image is there. What the parts below have
  // given it is done before they go.
  std::unique_ptr<Image> image_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Assets> assets_;
  std::unique_ptr<AssetStore> asset_store_;
  std::unique_ptr<CodeStore> store_;
  protocol::Dispatcher dispatcher_;
  protocol::Registers registers_;
  Hypervisor hypervisor_;
  RemoteRegisters remote_;
  Photos photos_;
  LocalOperations local_;
  ProcessRecord record_;
  HostWorld world_;
  GuestHost guests_;
  GuestMachine machine_;
  NetworkRelay relay_;
  MessageService message_service_;
  GuestProcesses guest_processes_;
  Hardware hardware_;
  TimerObject timer_;
  SequenceObjects sequence_objects_;
  ImageObjects image_objects_;
  KernelCommands kernel_commands_;
  Drives drives_;
  FileService file_service_;
  PackageService package_service_;
  RegisterService register_service_;
  SyncService sync_service_;
  ScheduleService schedule_service_;
  BindingService binding_service_;
  std::unique_ptr<Closing> closing_;
};

}  // namespace celeriac::vm
