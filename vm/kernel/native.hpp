#pragma once
// What the kernel itself offers as a process: hardware, timers, the namespace, files. A native object has no
// mailbox: it is called when a message for it has passed the checks.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "vm/kernel/message.hpp"

namespace celeriac::vm {

struct KernelProcess;

/// An answer of a native object.
struct NativeReply {
  protocol::Content content = {};
  std::optional<BlobRef> blob = {};
};

/// A message on its way to a native object. `answer` is called at most once, now or later; whether anybody
/// hears it is not the object's business.
struct NativeCall {
  MessageRef message;
  KernelProcess* sender = nullptr;  ///< valid during the call; nullptr: on another node
  std::string_view
      rest;  ///< what follows the object's own path: "/8" of /sys/pins/8; "" where it was named by its id
  std::move_only_function<void(protocol::Result<NativeReply>)> answer;
};

/// What says no, in the sender's terms: JSON {error: {code, message}}, or Othismo's error document.
protocol::Content refusal(const Message& request, const protocol::Error& error);

class NativeObject {
 public:
  virtual ~NativeObject() = default;
  virtual void receive(NativeCall call) = 0;
  /// True: anybody may send to it, and it looks for capabilities itself. False: its messaging capability is
  /// asked for.
  [[nodiscard]] virtual bool is_public() const noexcept { return true; }
};

}  // namespace celeriac::vm
