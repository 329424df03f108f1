#include "vm/services/system_service.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <format>
#include <memory>
#include <optional>
#include <string>

namespace celeriac::vm {

using protocol::Channel;
using protocol::Reply;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

/// A client's unanswered requests: our channel to the hypervisor, by the client's own.
using Passed = boost::unordered_flat_map<Channel, Channel>;

/// Of one stream. Shared with the completions, which may come after it has ended.
struct Client {
  std::shared_ptr<Passed> passed = std::make_shared<Passed>();
  bool hooked = false;
};

class Forwarding {
 public:
  explicit Forwarding(Hypervisor& hypervisor) : hypervisor_(hypervisor) {}

  void operator()(Request& request, Responder responder) {
    static const auto& stop = "SYS.EMERGENCY_LOCK"_op;
    static const auto& abort = "SYS.ABORT"_op;
    // The emergency stop goes before everything, whatever channel it came on.
    if (&request.operation == &stop) {
      return hypervisor_.send_urgent(
          stop, {}, [held = std::move(responder)](Reply reply) mutable { held.forward(reply); });
    }
    if (&request.operation == &abort) return pass_abort(request, std::move(responder));
    if (*unanswered_ >= max_forwarded)
      return responder.fail(
          {.status = protocol::Status::overloaded,
           .message = std::format("{} requests of clients wait for the bot already.", max_forwarded)});
    pass(request, request.payload, std::move(responder));
  }

 private:
  void pass(Request& request, std::string_view payload, Responder responder) {
    const auto passed = client(request.session);
    ++*unanswered_;
    const auto holder = first_client_holder + request.session->number();
    const Channel ours = hypervisor_.send(request.operation, payload, holder,
                                          [passed, channel = request.channel, unanswered = unanswered_,
                                           held = std::move(responder)](Reply reply) mutable {
                                            --*unanswered;
                                            passed->erase(channel);
                                            held.forward(reply);
                                          });
    if (ours != protocol::emergency_channel) (*passed)[request.channel] = ours;
  }

  /// ABORT of one request names the client's channel; the hypervisor knows it by ours.
  void pass_abort(Request& request, Responder responder) {
    const auto arguments = protocol::Arguments::decode(request.operation, request.payload);
    if (!arguments) return responder.fail(arguments.error());
    if (!arguments->has("channel")) return pass(request, request.payload, std::move(responder));
    const auto passed = client(request.session);
    const auto found = passed->find(Channel{static_cast<std::uint16_t>(arguments->integer("channel"))});
    if (found == passed->end()) return responder.ok();  // answered already
    const auto payload =
        protocol::encode(request.operation, {{"channel", static_cast<std::uint16_t>(found->second)}});
    pass(request, *payload, std::move(responder));
  }

  std::shared_ptr<Passed> client(const std::shared_ptr<protocol::Session>& session) {
    Client& state = session->local<Client>();
    if (!std::exchange(state.hooked, true)) {
      session->on_closed([this, passed = state.passed, holder = first_client_holder + session->number()] {
        for (const auto& [theirs, ours] : *passed) hypervisor_.abort(ours);
        hypervisor_.release(holder, false);
      });
    }
    return state.passed;
  }

  Hypervisor& hypervisor_;
  std::shared_ptr<std::size_t> unanswered_ = std::make_shared<std::size_t>(0);
};

}  // namespace

void serve_system(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor, LocalOperations& local) {
  for (const auto& operation : protocol::operations()) {
    if (operation.space != "SYS" || operation.server != protocol::Server::vm || !operation.available)
      continue;
    dispatcher.on(operation, [&local](Request& request, Responder responder) {
      local.serve(request.operation, request.arguments, request.session->peer().name,
                  [held = std::move(responder)](Result<void> done) mutable {
                    if (done)
                      held.ok();
                    else
                      held.fail(done.error());
                  });
    });
  }
  dispatcher.forward(
      [forwarding = std::make_shared<Forwarding>(hypervisor)](Request& request, Responder responder) {
        (*forwarding)(request, std::move(responder));
      });
}

}  // namespace celeriac::vm
