#pragma once
// MESSAGE.*, TOPIC.*, BLOB.*, STATE.*, CAPABILITY.* and GUEST.*: from frames to the kernel.
//
// Each request speaks in a process's name, and the stream must be the one that may: a worker's for the
// processes of its package, a client's for those that it has opened itself. Everything else is `denied`.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/dispatcher.hpp"
#include "vm/guests/guest_host.hpp"
#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

/// Processes that one client may open.
inline constexpr std::size_t max_opened = 64;
/// Bytes of blobs that a process has written and not sent.
inline constexpr std::size_t max_unsent_blobs = std::size_t{512} << 20;

class MessageService {
 public:
  explicit MessageService(GuestHost& host);

  /// For streams of clients: they open processes.
  void install(protocol::Dispatcher& dispatcher);
  /// For streams of workers. What a guest asks of the hardware goes to `operate`, once it may.
  using Operate = std::function<void(const KernelProcess& process, const protocol::Operation& operation,
                                     std::string_view payload, protocol::Responder responder)>;
  void install_guests(protocol::Dispatcher& dispatcher, Operate operate);
  /// The process that a stream speaks for: not_found, or denied if it may not.
  protocol::Result<KernelProcess*> speaker(protocol::Session& session, ProcessId id);

 private:
  using Serve = void (MessageService::*)(protocol::Request&, KernelProcess&, protocol::Responder);
  struct Row {
    const char* operation;
    Serve serve;
  };
  static const Row shared_[], guests_only_[];

  void serve(protocol::Dispatcher& dispatcher, std::span<const Row> rows);
  void open(protocol::Request& request, protocol::Responder responder);

  void send(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void await(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void respond(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void receive(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void print(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void subscribe(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void unsubscribe(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void blob_write(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void blob_read(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void blob_free(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void capabilities_list(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void capabilities_save(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void capabilities_drop(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void state_get(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void state_set(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void state_clear(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void spawn(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void set_on_exit(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void get_on_exit(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void restore(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void commit(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void ended(protocol::Request& request, KernelProcess& process, protocol::Responder responder);
  void module(protocol::Request& request, protocol::Responder responder);
  void hardware(protocol::Request& request, protocol::Responder responder, const Operate& operate);

  protocol::Result<Kernel::Attached> attach(KernelProcess& process, protocol::Outgoing& message);
  protocol::Result<std::shared_ptr<Blob>> take_blob(KernelProcess& process, std::uint16_t handle);
  /// The bytes of the field `data`, or of the blob that `blob` names.
  protocol::Result<std::string> bytes_of(protocol::Request& request, KernelProcess& process);

  GuestHost& host_;
  Kernel& kernel_;
};

}  // namespace celeriac::vm
