#pragma once
// http-server:distro:sys: processes bind paths here, and are asked what clients ask for.
//
//   process ──{"Bind": …}, {"othismo.http.bind": …}──► Bindings
//   client ──request──► HttpServer ──ask()──► process that has bound the path ──► answer

#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/http/bindings.hpp"
#include "gateway/http/channel.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/vm_link.hpp"
#include "protocol/document.hpp"

namespace celeriac::gateway {

struct HttpAccess {
  /// What bindings that are `authenticated` ask for, as a bearer token; "": they are closed.
  std::string token;
  /// Short paths that the person gives away: path → process ("p:k:u" or an object's path).
  std::vector<std::pair<std::string, std::string>> given_paths;
  /// Where the bindings are kept, for a gateway that starts anew while their processes run on; "": nowhere.
  std::filesystem::path kept = {};
};

class HttpService {
 public:
  HttpService(VmLink& link, boost::asio::io_context& io, HttpAccess access, const HttpTimes& times);

  /// Asks whoever serves the path. Refusals are answers: 401, 403, 404.
  boost::asio::awaitable<HttpAnswer> answer(const HttpQuestion& question);

  /// Who takes WebSockets at this path; an answer with the reason if nobody does, or not from this client.
  std::expected<Binding, HttpAnswer> websocket_binding(const HttpQuestion& question) const;
  /// Registers an open WebSocket and tells its process.
  boost::asio::awaitable<std::uint32_t> open_channel(Channel channel);
  /// What its client says. False: the process has ended.
  boost::asio::awaitable<bool> channel_said(std::uint32_t id, const Channel& channel, ChannelFrame frame,
                                            std::string bytes);
  boost::asio::awaitable<void> close_channel(std::uint32_t id, const Channel& channel);
  [[nodiscard]] const Channels& channels() const noexcept { return channels_; }

  [[nodiscard]] const Bindings& bindings() const noexcept { return bindings_; }

 private:
  struct Sender;
  /// What an action comes to: what it answers is {"Ok": null}, or the error.
  protocol::Result<void> act(const Incoming& request, const Sender& sender, const protocol::Json& action);
  protocol::Result<void> bind(const Incoming& request, const Sender& sender, const protocol::Json& fields,
                              Bindings& into);
  protocol::Result<void> unbind(const Sender& sender, const protocol::Json& fields, Bindings& from);
  protocol::Result<void> push(const Incoming& request, const Sender& sender, const protocol::Json& fields);
  [[nodiscard]] bool may_have_short(const Incoming& request, const Sender& sender,
                                    std::string_view path) const;
  [[nodiscard]] std::optional<HttpAnswer> refusal(const HttpQuestion& question, const Binding& binding) const;
  void taken(Incoming request);
  boost::asio::awaitable<void> respond(Incoming request, protocol::Result<void> done);
  void ended(const std::string& owner);
  void restore();
  void keep() const;

  HttpAccess access_;
  HttpTimes times_;
  Bindings bindings_, websockets_;
  Channels channels_;
  std::shared_ptr<VmProcess> process_;
};

}  // namespace celeriac::gateway
