#pragma once
// The message kernel: processes, their mailboxes, who may send to whom, where responses go, and what becomes
// of what is not answered. It knows envelopes, not ABIs, and does no I/O: kernel_world.hpp is its seam.
//
//   send() ─ resolve the name ─ make the message ─ may it? ─┬─► mailbox of a process ──► receive()
//                                                           ├─► native object (hardware, timer, …)
//                                                           ├─► topic: one copy for each subscriber
//                                                           ├─► another node
//                                                           └─► bounce: an error item for the sender, at once
//
// FIFO between any two processes. Exactly one response or error for each request that expects one.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/operations.hpp"
#include "vm/kernel/kernel_world.hpp"
#include "vm/kernel/native.hpp"
#include "vm/kernel/process.hpp"

namespace celeriac::vm {

/// Guests and clients at once. Their numbers are above those of the sequences' processes.
inline constexpr std::uint16_t first_kernel_process = 61'440;
inline constexpr std::size_t max_kernel_processes = 4'000;
/// Topics that have a subscriber, and subscribers of one.
inline constexpr std::size_t max_topics = 4'096;
inline constexpr std::size_t max_subscribers = 1'000;
/// A request of Othismo or the header protocol that names no time.
inline constexpr std::int64_t default_expects = 30'000;
/// Times beyond it are cut: 2^31 s.
inline constexpr std::int64_t longest_expects = std::int64_t{2'147'483'648} * 1000;

struct KernelOptions {
  std::string node = "celeriac.local";
  /// A response, too, needs the requester's messaging capability, as the published runtime has it.
  bool strict_responses = false;
};

class Kernel {
 public:
  using Done = KernelWorld::Done;

  Kernel(KernelWorld& world, KernelOptions options);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  [[nodiscard]] const std::string& node() const noexcept { return options_.node; }
  [[nodiscard]] Address address_of(const ProcessName& name) const { return {options_.node, name}; }

  // ---- processes: kernel_processes.cpp ----

  /// A process in state ready: messages to it queue. It holds the messaging capability of itself. Codes:
  /// name_taken, bad_name.
  protocol::Result<KernelProcess*> initialise(ProcessSpec spec);
  /// Starts its instance. `done` when it runs; if it cannot, it is gone.
  void run(ProcessId id, Done done);
  /// Ends it, without restart or on-exit requests. What it has issued is taken from its holders, unless it
  /// comes again (an update).
  void kill(ProcessId id, Done done, bool keep_issued = false);
  /// The instance has ended by itself.
  void ended(ProcessId id, std::string_view how, std::string_view message);
  /// The worker of a package is gone, and all its instances with it.
  void worker_ended(std::string_view package, std::string_view how);
  /// Its instance rests, or goes on.
  void set_paused(KernelProcess& process, bool paused);
  /// A stream has ended that was a process.
  void closed(ProcessId id);
  /// Status::denied or an answer when the child runs. Codes: name_taken, no_file_at_path.
  void spawn(KernelProcess& parent, ProcessSpec spec, std::vector<protocol::Capability> request,
             std::vector<std::pair<ProcessName, std::string>> grant,
             std::move_only_function<void(protocol::Result<ProcessId>)> done);
  void set_on_exit(KernelProcess& process, OnExit on_exit, Done done);
  /// What was kept of a process when the VM ended: it is initialised, and not yet run.
  protocol::Result<KernelProcess*> restore(ProcessSpec spec, std::vector<protocol::Capability> capabilities);
  /// Sends what a process wanted to be sent at its end: the VM has ended, and the process with it. It keeps
  /// its requests for its next end.
  void send_exit_requests(KernelProcess& process);
  /// A message to a durable process that the VM had not delivered when it ended.
  void restore_message(std::shared_ptr<Message> message);

  [[nodiscard]] KernelProcess* find(ProcessId id) noexcept;
  [[nodiscard]] KernelProcess* find(const ProcessName& name) noexcept;
  [[nodiscard]] KernelProcess* find_path(std::string_view path) noexcept;
  /// Status::not_found with a sentence.
  protocol::Result<KernelProcess*> need(ProcessId id);
  void each(const std::function<void(KernelProcess&)>& visit);
  [[nodiscard]] std::size_t size() const noexcept { return processes_.size(); }

  // ---- native objects and topics ----

  /// Named by its id (system_name("timer")) and by a path and what is below it ("/sys/timer"); either may be
  /// absent.
  void offer(std::optional<ProcessName> name, std::string path, NativeObject& object);
  [[nodiscard]] std::vector<std::string> native_paths() const;
  protocol::Result<void> subscribe(KernelProcess& process, const std::string& topic);
  void unsubscribe(KernelProcess& process, const std::string& topic);
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> topics() const;

  // ---- messages in a process's name: kernel_send.cpp ----

  /// What goes along beside the envelope: the service has looked the handles up.
  struct Attached {
    std::optional<BlobRef> blob = {};
  };
  /// `done` says at once what is wrong with a message that expects no response; for one that does, what goes
  /// wrong becomes an item.
  void send(KernelProcess& sender, protocol::Outgoing message, Attached attached, Done done);
  /// The outcome of this message alone; everything else queues. Status::malformed: it expects no response, or
  /// goes to the sender itself.
  void await(KernelProcess& sender, protocol::Outgoing message, Attached attached, ItemHandler outcome);
  /// The next reply to a request of await() that wants several.
  void await_more(KernelProcess& sender, std::uint64_t request, ItemHandler outcome);
  void respond(KernelProcess& sender, protocol::Outgoing message, Attached attached, Done done);
  /// What a durable process's run has changed, with the messages that leave.
  void commit(KernelProcess& process, std::string snapshot,
              std::vector<std::pair<protocol::Outgoing, Attached>> outbox, Done done);
  /// A message of another node. Its source's node is what the network vouches for.
  protocol::Result<void> arrive_from_elsewhere(std::shared_ptr<Message> message);
  /// Another node says that a request of ours has failed there.
  void fail_request(const ProcessName& requester, std::uint64_t id, protocol::Failure failure,
                    std::string explanation);
  /// A message that was given to KernelWorld::forward() could not be delivered.
  void undeliverable(const MessageRef& message, protocol::Failure failure, std::string explanation);

  // ---- receiving: kernel_receive.cpp ----

  /// The next item, when there is one; timeout after `patience` unless it is negative. One receive at a time.
  void receive(KernelProcess& process, std::chrono::milliseconds patience, ItemHandler item);
  /// Nobody waits at the other end any more: pending handlers are dropped uncalled.
  void stop_waiting(KernelProcess& process);
  void run_deadlines();

  // ---- capabilities: kernel_capabilities.cpp ----

  /// Gives a capability; false if it was there already.
  bool grant(KernelProcess& process, const protocol::Capability& capability);
  bool revoke(KernelProcess& process, const protocol::Capability& capability);
  /// Keeps those that the process issues or that came with a message to it; silently leaves the rest.
  void save(KernelProcess& process, const std::vector<protocol::Capability>& capabilities, Done done);
  void drop(KernelProcess& process, const std::vector<protocol::Capability>& capabilities, Done done);
  /// With "our" replaced in the issuer's address.
  [[nodiscard]] protocol::Capability resolved(protocol::Capability capability) const;
  /// The capability to send to a process.
  [[nodiscard]] protocol::Capability messaging(const ProcessName& target) const;
  /// Whether a process may ask the hardware for this: Status::denied with a sentence. Clients may everything.
  protocol::Result<void> may_operate(const KernelProcess& process, const protocol::Operation& operation,
                                     const nlohmann::json& fields) const;
  protocol::Result<void> may_use_topic(const KernelProcess& process, const std::string& topic,
                                       std::string_view kind) const;

  /// A copy of the address with "our" replaced.
  [[nodiscard]] Address resolve_node(Address address) const;

 private:
  struct Native {
    std::optional<ProcessName> name;
    std::string path;
    NativeObject* object;
  };
  /// Whom a message is for.
  struct Target {
    KernelProcess* process = nullptr;
    const Native* native = nullptr;
    std::string rest;   // of a native object's path
    std::string topic;  // of a topic
    bool is_topic = false;
    bool elsewhere = false;
    Address address;
    std::string path;
  };
  /// Why a message does not reach its target.
  struct Bounce {
    protocol::Failure failure;
    std::string explanation;
  };
  struct Prepared {
    std::shared_ptr<Message> message;
    Target target;
    std::optional<Bounce> bounce;
    bool is_outstanding = false;
    int replies = 0;
  };
  /// A message that leaves with a commit.
  struct Leaving {
    std::shared_ptr<Message> message;
    std::string to;
    std::optional<Bounce> bounce;
    int replies = 0;
  };
  /// A publication whose publisher wants to know what became of it.
  struct Settlement {
    MessageRef publication;
    Time until{};
    int waiting = 0, answered = 0, failed = 0;
    bool complete = false;  ///< all copies are out
    std::vector<std::string> errors = {};
  };

  protocol::Result<Target> resolve(const protocol::Outgoing& message) const;
  const Native* native_at(std::string_view path) const;
  [[nodiscard]] bool is_system(const ProcessName& name) const;
  std::optional<Bounce> refuse(const KernelProcess& sender, const Target& target,
                               const Message& message) const;
  Prepared prepare(KernelProcess& sender, protocol::Outgoing message, Attached attached, bool awaited);
  void dispatch(Prepared prepared, Done done);
  void deliver(const Target& target, MessageRef message, Done done, int replies);
  void leave(Leaving one);
  void deliver_native(const Native& native, std::string rest, MessageRef message);
  void publish(const std::string& topic, const MessageRef& message, int replies);
  void settle(const Message& answer);
  void close_settlement(std::uint64_t id);
  void run_settlements(Time now);
  std::shared_ptr<Message> make_response(Endpoint from, std::string from_path, const Message& request,
                                         protocol::Content content, std::optional<BlobRef> blob) const;
  void route_response(MessageRef message, Done done);
  void filter(const KernelProcess& sender, protocol::Content& content) const;
  static void note_offered(KernelProcess& process, const protocol::Content& content);
  std::uint64_t fresh_id(const KernelProcess& process);
  void expect(KernelProcess& sender, MessageRef sent, std::optional<std::string> context, int replies);
  [[nodiscard]] bool closes_a_cycle(const KernelProcess& sender, const KernelProcess& target) const;

  void bounce(const MessageRef& message, protocol::Failure failure, std::string explanation);
  void arrive(KernelProcess& process, MailItem item);
  void enqueue(KernelProcess& process, MailItem item);
  void hand_out(KernelProcess& process);
  bool take(KernelProcess& process, MailItem& mail, protocol::Item& item);
  protocol::Item item_of(const KernelProcess& process, const MailItem& mail) const;
  void finish_outstanding(KernelProcess& process, std::uint64_t id, MailItem mail);
  void settle_await(KernelProcess& process, Outstanding& entry, MailItem mail);
  void add_deadline(Time deadline, ProcessId process, std::uint64_t id, bool receive);

  void end(KernelProcess& process, bool send_requests, std::string_view why, bool keep_issued = false);
  void bury(ProcessId id);
  void empty(KernelProcess& process, protocol::Failure failure, std::string_view why, MessageRef again = {});
  MessageRef put_down(KernelProcess& process, bool cut_short);
  void restart(KernelProcess& process, std::string_view why, bool cut_short = false);
  void subscribe_configured(KernelProcess& process);
  void start(KernelProcess& process, Done done);
  void revoke_issued_by(const std::string& address);
  ProcessId free_id();

  KernelWorld& world_;
  KernelOptions options_;
  std::map<std::uint16_t, std::unique_ptr<KernelProcess>> processes_;
  std::map<ProcessName, ProcessId> names_;
  std::map<std::string, ProcessId, std::less<>> paths_;
  std::vector<std::unique_ptr<KernelProcess>> graveyard_;  // until nobody above us on the stack can hold one
  std::uint16_t last_id_ = first_kernel_process - 1;
  std::vector<Native> natives_;
  std::map<std::string, std::vector<ProcessId>, std::less<>> topics_;
  std::uint64_t last_row_ = 0;
  std::uint64_t serial_ = 0;

  struct Deadline {
    Time time;
    ProcessId process;
    std::uint64_t id;  // of the outstanding request, or serial of the receive
    bool receive;
  };
  bool is_due(const Deadline& deadline);
  void deadline_dropped();
  static bool later(const Deadline& a, const Deadline& b) { return a.time > b.time; }
  std::vector<Deadline> deadlines_;  // a heap
  std::size_t dropped_deadlines_ = 0;
  std::map<std::uint64_t, Settlement> settlements_;
  std::map<Time, ProcessId> restarts_;
  Time alarm_ = Time::max();
};

}  // namespace celeriac::vm
