#pragma once
// A process as the kernel knows it: its names, its mailbox, what it waits for, what it holds.
//
//             run()                     ended: on-exit none, requests, or killed
//   ready ───────────► running ───────────────────────────────────► gone
//     ▲   instantiated     │ ended: on-exit restart
//     └──── resting ◄──────┘  (its back-off; messages to it bounce, as to one that is missing, unless it is
//     durable)
//
// What it has received last decides where a response goes: the prompting message. It is kept with each
// request that the process sends, and comes back with the response, so that a process may deal with several
// requests at once.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/envelope.hpp"
#include "vm/kernel/back_off.hpp"
#include "vm/kernel/capabilities.hpp"
#include "vm/kernel/message.hpp"
#include "vm/sequences/timers.hpp"

namespace celeriac::vm {

/// Messages that wait for a process; a request beyond it fails with `full`. Responses and errors always have
/// room: each belongs to a request of the process's own, and those are bounded.
inline constexpr std::size_t max_mailbox = 1000;
/// Bytes of bodies and blobs in it.
inline constexpr std::size_t max_mailbox_bytes = std::size_t{256} << 20;
/// Requests of a process that wait for a response; one more, and the oldest fails with `timeout`.
inline constexpr std::size_t max_outstanding = 1024;
/// Requests to a process that it may answer later, by their number; beyond it the oldest cannot be answered
/// any more.
inline constexpr std::size_t max_answerable = 1024;
/// Blobs that a process has written and not sent.
inline constexpr std::size_t max_blob_handles = 64;
/// How often a durable process gets a message again whose run its worker's end has cut short.
inline constexpr int max_redeliveries = 3;
/// On-exit requests of a process.
inline constexpr std::size_t max_on_exit_requests = 64;

enum class KernelState : std::uint8_t { ready, starting, running, paused, resting, ending, gone };
/// "ready", "running" …
std::string_view name(KernelState state) noexcept;

/// How a process came to its end.
enum class EndCause : std::uint8_t { returned, failed, killed };

/// What runs a process.
enum class ProcessKind : std::uint8_t {
  guest,   ///< a module in a worker
  client,  ///< a stream that has opened itself as a process
};

/// What becomes of a process that ends.
struct OnExit {
  enum class Kind : std::uint8_t { none, restart, requests } kind = Kind::none;
  struct Request {
    protocol::Outgoing message;
    std::optional<BlobRef> blob;
  };
  std::vector<Request> requests = {};
};

/// What a process is made of; all of it outlives the VM for a process that is kept.
struct ProcessSpec {
  ProcessName name;
  std::string path = {};  ///< a path of its own; "" means name.path()
  ProcessKind kind = ProcessKind::guest;
  std::string module = {};  ///< sha256
  std::string abi = {};     ///< "": found out by the worker
  OnExit on_exit = {};
  bool is_public = false;
  /// An Othismo object: its memory is snapshotted after each run, and the messages to it outlive the VM.
  bool durable = false;
  bool ahead_of_time = false;
  nlohmann::json configuration =
      nlohmann::json::object();  ///< arguments, topics, exchanges, directories, limits
};

/// What comes out of a mailbox.
struct MailItem {
  MessageRef message;
  std::optional<protocol::Failure> failure;  ///< it is the error about `message`
  std::string explanation;
};

using ItemHandler = std::move_only_function<void(protocol::Result<protocol::Item>)>;

/// A request of ours that wants a response.
struct Outstanding {
  MessageRef sent;
  std::optional<std::string> context;
  MessageRef prompting;  ///< when it was sent
  Time deadline = Time::max();
  std::uint64_t serial = 0;  ///< orders them by age
  ItemHandler awaited;       ///< set while MESSAGE.AWAIT waits for it
  int replies = 1;           ///< that are still wanted
  bool answered = false;     ///< its last response is in the mailbox: no deadline any more
};

struct KernelProcess {
  ProcessId id = no_process;
  ProcessSpec spec;
  std::string address;  ///< text of node and name
  std::string path;
  KernelState state = KernelState::ready;
  std::uint32_t incarnation = 0;  ///< of how many runs this is; answers to an earlier one are not for it

  std::deque<MailItem> mailbox;
  std::size_t mailbox_bytes = 0;
  ItemHandler receiver;  ///< set while MESSAGE.RECEIVE waits
  Time receive_deadline = Time::max();
  std::uint64_t receive_serial = 0;

  MessageRef prompting;
  std::optional<BlobRef> current_blob, last_blob;
  std::optional<BlobRef> item_blob;  ///< of the item taken last, an error too: what BLOB.READ of 0 reads
  boost::unordered_flat_map<std::uint64_t, Outstanding> outstanding;
  std::uint64_t awaiting = 0;  ///< id of the request that MESSAGE.AWAIT waits for
  boost::unordered_flat_map<std::uint64_t, MessageRef> answerable;
  std::deque<std::uint64_t> answerable_order;
  boost::unordered_flat_map<std::uint16_t, std::shared_ptr<Blob>> handles;
  std::uint16_t last_handle = 0;

  CapabilitySet capabilities;
  std::deque<protocol::Capability> offered;  ///< came with messages: these it may save
  BackOff back_off;
  Time started{};
  std::int64_t started_ms = 0;  ///< since 1970, 0: it has not run
  EndCause end_cause = EndCause::killed;
  std::string end_message = "The process was killed.";
  MessageRef in_hand;                    ///< what a durable process is dealing with
  int cut_short = 0;                     ///< runs in a row of which this message saw no end
  std::uint64_t received = 0, sent = 0;  ///< messages, for people
  std::vector<std::string> topics;       ///< subscriptions

  [[nodiscard]] bool alive() const noexcept { return state != KernelState::gone; }
  [[nodiscard]] std::string package() const { return spec.name.package_id(); }
};

}  // namespace celeriac::vm
