#include "vm/host_world.hpp"

#include <boost/asio/post.hpp>
#include <format>

namespace celeriac::vm {

using protocol::Json;
using protocol::Reply;
using protocol::Result;
using namespace protocol::literals;

std::uint64_t HostWorld::operate(const protocol::Operation& operation, std::string_view payload,
                                 Ticket ticket) {
  if (operation.server == protocol::Server::hypervisor) {
    static const auto& write = "SYS.WRITE_PIN"_op;
    static const auto& toggle = "SYS.TOGGLE_PIN"_op;
    if (&operation == &write || &operation == &toggle) holding_.insert(number(ticket.process));
    return hypervisor_.operate(operation, payload, number(ticket.process), [this, ticket](Reply reply) {
      loop_.answered(ticket, reply.ok() ? Result<double>(reply.value) : std::unexpected(reply.error()));
    });
  }
  const auto arguments = protocol::Arguments::decode(operation, payload);
  if (!arguments) {
    loop_.answered(ticket, std::unexpected(arguments.error()));
    return 0;
  }
  local_.serve(operation, *arguments, std::format("process {}", number(ticket.process)),
               [this, ticket](Result<void> done) {
                 loop_.answered(ticket, done ? Result<double>(0) : std::unexpected(std::move(done.error())));
               });
  return 0;
}

// A sequence that has run to its end may leave an output on, as people write them; one that was killed or has
// failed did not come to where it would have switched it off.
void HostWorld::ended(const Process& process) {
  const auto id = number(process.id);
  if (holding_.erase(id) != 0) hypervisor_.release(id, process.state == State::done);
}

std::uint64_t HostWorld::read_register(const std::string& name, Ticket ticket) {
  remote_.read(name, [this, ticket](Result<Json> value) { loop_.register_read(ticket, std::move(value)); });
  return 0;
}

std::optional<Result<Sequence>> HostWorld::find_sequence(std::int64_t sequence_id, Ticket ticket) {
  return store_.find_sequence(sequence_id, [this, ticket](Result<Sequence> sequence) {
    loop_.sequence_ready(ticket, std::move(sequence));
  });
}

void HostWorld::wake() {
  boost::asio::post(io_, [this] { loop_.turn(); });
}

void HostWorld::set_alarm(Time deadline) {
  if (alarm_.expiry() == deadline && deadline > now()) return;
  alarm_.expires_at(deadline);
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.run_timers();
  });
}

}  // namespace celeriac::vm
