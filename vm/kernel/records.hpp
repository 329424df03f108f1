#pragma once
// Kernel records as bytes: what the image keeps of processes and of messages to objects, and on-exit settings
// as the wire has them.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/document.hpp"
#include "vm/kernel/process.hpp"

namespace celeriac::vm {

/// "none", "restart" or {requests: [{envelope: binary}]}: each an Outgoing, its blob inside.
protocol::Json document(const OnExit& on_exit);
/// Status::malformed with a sentence. `take_blob` looks up handles of blobs that were written before;
/// nullptr: there are none.
protocol::Result<OnExit> read_on_exit(const protocol::Json& document,
                                      const std::function<std::shared_ptr<Blob>(std::uint16_t)>& take_blob);

/// [{issuer, params}]
protocol::Json document(const std::vector<protocol::Capability>& capabilities);
protocol::Result<std::vector<protocol::Capability>> read_capabilities(const protocol::Json& document);

std::string encode_process(const KernelProcess& process);
struct ProcessRecord {
  ProcessSpec spec;
  std::vector<protocol::Capability> capabilities;
};
protocol::Result<ProcessRecord> decode_process(std::string_view bytes);

std::string encode_message(const Message& message);
/// `stored` is not part of the bytes.
protocol::Result<std::shared_ptr<Message>> decode_message(std::string_view bytes);

}  // namespace celeriac::vm
