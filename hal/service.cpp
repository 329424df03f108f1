#include "hal/service.hpp"

namespace celeriac::hal {
namespace {

struct Known {
  bool watched = false;  // its end is reported to the hypervisor
};

void watch_end(const std::shared_ptr<protocol::Session>& session, Hypervisor& hypervisor) {
  if (std::exchange(session->local<Known>().watched, true)) return;
  session->on_closed([&hypervisor, number = session->number()] { hypervisor.stream_closed(number); });
}

}  // namespace

Completion answer(protocol::Responder responder) {
  return [responder = std::move(responder)](Outcome outcome) mutable {
    if (!outcome)
      responder.fail(outcome.error());
    else if (outcome->document)
      responder.document(*outcome->document);
    else
      responder.ok(outcome->value);
  };
}

Owner owner_of(const protocol::Request& request) {
  return {request.session->number(), request.channel, request.arguments.holder()};
}

void install(protocol::Dispatcher& dispatcher, Hypervisor& hypervisor) {
  for (const auto* operation : Hypervisor::operations())
    dispatcher.on(*operation, [&hypervisor](protocol::Request& request, protocol::Responder responder) {
      watch_end(request.session, hypervisor);
      hypervisor.serve(request.operation, request.arguments, owner_of(request), answer(std::move(responder)));
    });
}

void install(protocol::Dispatcher& dispatcher, camera::Photographer& photographer) {
  using namespace protocol::literals;
  dispatcher.on("SYS.TAKE_PHOTO"_op, [&photographer](protocol::Request&, protocol::Responder responder) {
    photographer.photograph(answer(std::move(responder)));
  });
}

void install(protocol::Dispatcher& dispatcher, gpio::Lines& lines) {
  using namespace protocol::literals;
  dispatcher.on("SYS.WRITE_LINE"_op, [&lines](protocol::Request& request, protocol::Responder responder) {
    const auto& arguments = request.arguments;
    answer(std::move(responder))(
        outcome_of(lines.write(arguments.string("line"), arguments.integer("value") != 0,
                               static_cast<gpio::Blink>(arguments.integer("blink")))));
  });
  dispatcher.on("SYS.READ_LINE"_op, [&lines](protocol::Request& request, protocol::Responder responder) {
    answer(std::move(responder))(outcome_of(
        lines.read(request.arguments.string("line")).transform([](bool value) { return value ? 1 : 0; })));
  });
}

}  // namespace celeriac::hal
