#pragma once
// Messages inside the kernel: made once, shared from then on by whoever still needs them (the mailbox, the
// sender that may get it back as an error, the process that deals with it).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/envelope.hpp"
#include "vm/kernel/names.hpp"
#include "vm/sequences/ids.hpp"

namespace celeriac::vm {

/// Bytes that travel beside a message, and are never copied: messages that pass a blob on share it.
struct Blob {
  std::string bytes;
};

/// A blob with what it is said to be.
struct BlobRef {
  std::shared_ptr<const Blob> blob;
  std::optional<std::string> mime;
};

/// One end of a message.
struct Endpoint {
  ProcessId id = no_process;  ///< no_process: on another node
  Address address;
};

struct Message {
  /// Correlates a request, its response and its errors; random.
  std::uint64_t id = 0;
  bool response = false;
  Endpoint source;
  Endpoint target;
  std::string source_path;
  std::string target_path;       ///< as the sender named it, where it named a path
  std::optional<Endpoint> rsvp;  ///< who gets a response; nullopt: nobody
  bool inherit = false;
  std::optional<std::int64_t> expects;  ///< ms
  protocol::Content content;
  std::optional<BlobRef> blob;
  std::uint64_t stored = 0;  ///< its row in the image, for a target whose messages outlive the VM; 0: none
};
using MessageRef = std::shared_ptr<const Message>;

}  // namespace celeriac::vm
