#include "vm/guests/guest_machine.hpp"

#include "protocol/payload.hpp"

namespace celeriac::vm {

using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;
using namespace protocol::literals;

namespace {

Reply reply_of(const Result<void>& result) {
  if (result) return {};
  return {.status = static_cast<std::uint16_t>(result.error().status),
          .value = 0,
          .data = protocol::to_bson(result.error().document())};
}

}  // namespace

void GuestMachine::pass(const KernelProcess& process, const Operation& operation, std::string_view payload,
                        protocol::Session::Completion completion) {
  if (&operation == &"SYS.EMERGENCY_LOCK"_op)
    return hypervisor_.send_urgent(operation, {}, std::move(completion));
  // What a worker puts there is the name that it asks in; the operation has no payload.
  if (operation.payload == protocol::Payload::none) payload = {};
  if (operation.server == protocol::Server::hypervisor) {
    hypervisor_.send(operation, payload, number(process.id), std::move(completion));
    return;
  }
  auto arguments = protocol::Arguments::decode(operation, payload);
  if (!arguments) return completion(reply_of(std::unexpected(arguments.error())));
  local_.serve(operation, *arguments, process.spec.name.text(),
               [completion = std::move(completion)](const Result<void>& result) mutable {
                 completion(reply_of(result));
               });
}

void GuestMachine::operate(const KernelProcess& process, const Operation& operation, const Json& fields,
                           Done done) {
  auto payload = protocol::encode(operation, fields);
  if (!payload) return done(std::unexpected(std::move(payload.error())));
  pass(process, operation, *payload, [done = std::move(done)](const Reply& reply) mutable {
    if (!reply.ok()) return done(std::unexpected(reply.error()));
    if (!reply.data.empty()) return done(reply.document());
    done(Json{{"value", reply.value}});
  });
}

}  // namespace celeriac::vm
