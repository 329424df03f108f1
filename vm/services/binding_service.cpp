#include "vm/services/binding_service.hpp"

#include "vm/log_entry.hpp"
#include "vm/services/stored_sequence.hpp"

namespace celeriac::vm {

using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;
using namespace protocol::literals;

namespace {

constexpr const char* source = "buttons";
constexpr std::int64_t os_package = 1;

}  // namespace

BindingService::BindingService(Assets& assets, CodeStore& store, StepLoop& loop, Hypervisor& hypervisor,
                               LocalOperations& local, RemoteRegisters& remote,
                               protocol::Registers& registers)
    : store_(store),
      loop_(loop),
      hypervisor_(hypervisor),
      local_(local),
      registers_(registers),
      bindings_(*this, assets) {
  // A stream: a press and its release that come together are two entries.
  remote.watch(
      "edges",
      [this](const Json& entry) {
        if (const auto edge = line_edge_of(entry)) bindings_.edge(*edge);
      },
      RemoteRegisters::Begin::with_the_next);
}

void BindingService::start(std::int64_t sequence_id, Started started, Ended ended) {
  run_stored_sequence(
      store_, loop_, sequence_id, {}, [started = std::move(started)](ProcessId) mutable { started(); },
      std::move(ended));
}

void BindingService::operate(const Operation& operation, Ended ended) {
  // Of the computer, not of the board.
  const Json fields = &operation == &"SYS.REBOOT"_op ? Json{{"package", os_package}} : Json::object();
  const auto payload = protocol::encode(operation, fields);
  if (!payload) return ended(std::unexpected(payload.error()));
  if (operation.server == protocol::Server::vm) {
    const auto arguments = protocol::Arguments::decode(operation, *payload);
    if (!arguments) return ended(std::unexpected(arguments.error()));
    return local_.serve(operation, *arguments, source, std::move(ended));
  }
  auto completion = [ended = std::move(ended)](const Reply& reply) mutable {
    ended(reply.ok() ? Result<void>() : std::unexpected(reply.error()));
  };
  if (&operation == &"SYS.EMERGENCY_LOCK"_op)
    hypervisor_.send_urgent(operation, {}, std::move(completion));
  else
    hypervisor_.send(operation, *payload, 0, std::move(completion));
}

std::string BindingService::sequence_name(std::int64_t sequence_id) const {
  return store_.sequence_name(sequence_id);
}

std::chrono::steady_clock::time_point BindingService::now() const {
  return std::chrono::steady_clock::now();
}

void BindingService::log(std::string_view type, std::string message) {
  write_log(registers_, {{"type", type}, {"message", std::move(message)}}, source);
}

}  // namespace celeriac::vm
