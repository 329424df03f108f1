#pragma once
// WebSockets as processes see them: numbers to push to.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "gateway/http/limits.hpp"
#include "protocol/error.hpp"

namespace celeriac::gateway {

enum class ChannelFrame : std::uint8_t { text, binary, ping, pong, close };
/// As Kinode spells them: "Text", "Binary", "Ping", "Pong", "Close".
std::string_view name(ChannelFrame frame) noexcept;
std::optional<ChannelFrame> channel_frame(std::string_view name) noexcept;

/// One open WebSocket, as far as others need it. Its connection takes what is pushed.
struct Channel {
  std::string owner;    ///< process:package:publisher that may push
  std::string address;  ///< of it
  std::string path;     ///< bound path
  /// False: too much waits, the channel is closing.
  std::function<bool(ChannelFrame frame, std::string bytes)> push;
};

class Channels {
 public:
  /// A number that no open channel has.
  std::uint32_t add(Channel channel);
  void remove(std::uint32_t id) { channels_.erase(id); }
  /// nullptr: there is none, or it is another's.
  Channel* find(std::uint32_t id, std::string_view owner);
  /// Closes all of a process that has ended.
  void close_all(std::string_view owner);
  [[nodiscard]] std::size_t size() const noexcept { return channels_.size(); }

 private:
  std::map<std::uint32_t, Channel> channels_;
  std::uint32_t last_ = 0;
};

}  // namespace celeriac::gateway
