#include "gateway/http/channel.hpp"

#include <vector>

namespace celeriac::gateway {
namespace {
constexpr std::string_view names[] = {"Text", "Binary", "Ping", "Pong", "Close"};
}

std::string_view name(ChannelFrame frame) noexcept {
  return names[static_cast<std::size_t>(frame)];
}

std::optional<ChannelFrame> channel_frame(std::string_view text) noexcept {
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == text) return static_cast<ChannelFrame>(i);
  return std::nullopt;
}

std::uint32_t Channels::add(Channel channel) {
  do ++last_;
  while (last_ == 0 || channels_.contains(last_));
  channels_.emplace(last_, std::move(channel));
  return last_;
}

Channel* Channels::find(std::uint32_t id, std::string_view owner) {
  const auto at = channels_.find(id);
  return at == channels_.end() || at->second.owner != owner ? nullptr : &at->second;
}

void Channels::close_all(std::string_view owner) {
  std::vector<std::function<bool(ChannelFrame, std::string)>> pushes;
  for (const auto& [id, channel] : channels_)
    if (channel.owner == owner) pushes.push_back(channel.push);
  for (const auto& push : pushes) push(ChannelFrame::close, {});
}

}  // namespace celeriac::gateway
