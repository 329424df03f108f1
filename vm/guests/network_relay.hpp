#pragma once
// The kernel's own correspondence: messages for other nodes go to net:distro:sys, subscriptions of topics
// "mqtt:…" to mqtt:distro:sys, both in the gateway; what comes from other nodes arrives here.
// gateway/mqtt/README.md has the exchange.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/document.hpp"
#include "protocol/node_message.hpp"
#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

/// Messages whose outcome the gateway still owes.
inline constexpr std::size_t max_relayed = 1024;
/// A topic of the broker's.
inline constexpr std::string_view broker_prefix = "mqtt:";

class NetworkRelay {
 public:
  explicit NetworkRelay(Kernel& kernel);

  void forward(const MessageRef& message, KernelWorld::Done done);
  void topic(std::string_view topic, bool wanted);
  /// The gateway has come: it hears of all subscriptions.
  void resubscribe();
  /// A parcel of net:distro:sys; the answer is the outcome.
  protocol::NodeOutcome arrived(std::string_view parcel);

 private:
  void receive();
  void ask(const char* service, std::string body, KernelWorld::Done done);
  void settle(const protocol::Item& item);

  Kernel& kernel_;
  ProcessId self_ = no_process;
  std::uint64_t last_key_ = 0;
  boost::unordered_flat_map<std::uint64_t, KernelWorld::Done> pending_;
};

}  // namespace celeriac::vm
