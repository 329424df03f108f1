#include "protocol/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <format>

namespace celeriac::protocol {
namespace {

constexpr std::int64_t protocol_version = 1;

/// Compares without telling by its duration how much was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                        static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]));
  return difference == 0;
}

/// A name as it may stand in a log: one line, not long.
std::string printable(std::string name) {
  constexpr std::size_t longest = 100;
  name = as_utf8(std::string_view(name).substr(0, longest));
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return name;
}

Error unknown_operation(std::string message) {
  return {.status = Status::unknown_operation, .message = std::move(message)};
}

}  // namespace

Dispatcher::Dispatcher(Server server, std::string token)
    : server_(server), token_(std::move(token)), handlers_(operations().size()) {
  on(*find_operation("SYS.HELLO"),
     [this](Request& request, Responder responder) { hello(request, std::move(responder)); });
}

void Dispatcher::on(const Operation& operation, Handler handler) {
  handlers_[index_of(operation)] = std::move(handler);
}

void Dispatcher::forward(Handler handler) {
  forward_ = std::move(handler);
}

void Dispatcher::hello(Request& request, Responder responder) const {
  Peer& peer = request.session->peer();
  if (peer.transport == Transport::tcp && !peer.admitted) {
    if (token_.empty() || !same_secret(request.arguments.string("token"), token_)) {
      spdlog::warn("{} said HELLO with a wrong token and is refused", peer.name);
      return responder.fail(
          {.status = Status::denied,
           .message = "The token is wrong: it is in the file that --token-file names at the host."});
    }
    peer.admitted = true;
  }
  if (request.arguments.has("client")) peer.name = printable(request.arguments.string("client"));
  responder.ok(protocol_version);
}

void Dispatcher::dispatch(const std::shared_ptr<Session>& session, const RequestFrame& frame) const {
  Responder responder(session, frame.channel);
  const Operation* operation = find_operation(frame.space, frame.wire);
  const bool is_hello = operation != nullptr && operation->wire == "HELLO";
  if (!session->peer().admitted && !is_hello)
    return responder.fail({.status = Status::denied,
                           .message = "Over TCP the first request must be SYS.HELLO with the token."});
  if (operation == nullptr)
    return responder.fail(unknown_operation(
        std::format("There is no operation {}.{} in the protocol.", frame.space, frame.wire)));
  if (!operation->available)
    return responder.fail(unknown_operation(std::format(
        "{} is in the protocol, but this version of the host does not serve it.", operation->long_name)));
  const auto& handler = handlers_[index_of(*operation)];
  const bool elsewhere =
      operation->server != Server::both && operation->server != Server::guest && operation->server != server_;
  if (!handler && !(forward_ && elsewhere))
    return responder.fail(
        unknown_operation(std::format("{} is served by the {}, not here.", operation->long_name,
                                      operation->server == Server::vm           ? "VM"
                                      : operation->server == Server::hypervisor ? "hypervisor"
                                      : operation->server == Server::guest      ? "worker of a package"
                                                                                : "host's own side")));
  Request request{*operation, {}, frame.payload, frame.channel, session};
  if (!handler) return forward_(request, std::move(responder));
  auto arguments = Arguments::decode(*operation, frame.payload);
  if (!arguments) return responder.fail(arguments.error());
  request.arguments = std::move(*arguments);
  handler(request, std::move(responder));
}

}  // namespace celeriac::protocol
