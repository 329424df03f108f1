#include "vm/services/process_service.hpp"

#include <algorithm>
#include <format>
#include <limits>
#include <memory>

#include "celeryscript/compiler_values.hpp"
#include "vm/sequences/process_document.hpp"

namespace celeriac::vm {

using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

/// An answer that the step loop may keep.
Answer answer_of(Responder responder) {
  auto held = std::make_shared<Responder>(std::move(responder));
  return {.give =
              [held](const Result<void>& result) {
                if (result)
                  held->ok();
                else
                  held->fail(result.error());
              },
          .abandoned = [held] { return held->abandoned(); }};
}

ProcessId process_of(const Request& request) {
  return ProcessId{request.arguments.id()};
}

Result<StartOptions> options_of(const protocol::Arguments& arguments) {
  constexpr std::size_t longest_name = 200;
  constexpr std::int64_t low = std::numeric_limits<std::int32_t>::min(),
                         high = std::numeric_limits<std::int32_t>::max();
  auto variables = celeryscript::applications_of(arguments.value("args"));
  if (!variables) return std::unexpected(std::move(variables.error()));
  return StartOptions{
      .name = arguments.string("name").substr(0, longest_name),
      .priority = static_cast<std::int32_t>(std::clamp(arguments.integer("priority"), low, high)),
      .variables = std::move(*variables)};
}

void list(StepLoop& loop, GuestProcesses& guests, Responder responder) {
  // A first look at the size: the documents of 60,000 processes are not made for nothing.
  constexpr std::size_t least_bytes = 200;
  auto processes = Json::array();
  const auto too_many = [&responder] {
    responder.fail(
        {.status = protocol::Status::out_of_resources,
         .message = "There are more processes than one answer holds: ask for each with PROC.STAT."});
  };
  std::size_t count = 0;
  loop.table().each([&](Process&) { ++count; });
  if (count * least_bytes > max_list_bytes) return too_many();
  loop.table().each([&](Process& process) { processes.push_back(document(process, loop.motion_owner())); });
  guests.append_to(processes);
  const auto answer = protocol::to_bson({{"processes", std::move(processes)}});
  if (answer.size() > max_list_bytes) return too_many();
  responder.forward({.status = 0, .value = 0, .data = answer});
}

}  // namespace

void serve_processes(protocol::Dispatcher& dispatcher, CodeStore& store, StepLoop& loop,
                     GuestProcesses& guests) {
  // What is about a guest's process goes to the guests.
  const auto serve = [&dispatcher, &guests](const protocol::Operation& operation,
                                            protocol::Dispatcher::Handler handler) {
    dispatcher.on(operation, [&guests, handler = std::move(handler)](Request& request, Responder responder) {
      if (GuestProcesses::owns(request.arguments.id())) return guests.serve(request, std::move(responder));
      handler(request, std::move(responder));
    });
  };
  dispatcher.on("PROC.START"_op, [&store, &loop](Request& request, Responder responder) {
    auto options = options_of(request.arguments);
    if (!options) return responder.fail(options.error());
    store.load(CodeId{request.arguments.id()},
               [&loop, options = std::move(*options),
                held = std::move(responder)](Result<Sequence> sequence) mutable {
                 if (!sequence) return held.fail(sequence.error());
                 const auto id = loop.start(std::move(*sequence), options);
                 if (!id) return held.fail(id.error());
                 held.ok(number(*id));
               });
  });
  serve("PROC.RUN"_op, [&loop](Request& request, Responder responder) {
    const auto result = loop.run(process_of(request));
    if (!result) return responder.fail(result.error());
    responder.ok();
  });

  // Answered when it has come about.
  using Control = void (StepLoop::*)(ProcessId, Answer);
  const auto on = [&](const protocol::Operation& operation, Control control) {
    serve(operation, [&loop, control](Request& request, Responder responder) {
      (loop.*control)(process_of(request), answer_of(std::move(responder)));
    });
  };
  on("PROC.PAUSE"_op, &StepLoop::pause);
  on("PROC.KILL"_op, &StepLoop::kill);
  on("PROC.STEP"_op, &StepLoop::step);
  on("PROC.WAIT"_op, &StepLoop::wait);

  serve("PROC.STAT"_op, [&loop](Request& request, Responder responder) {
    const auto process = loop.find(process_of(request));
    if (!process) return responder.fail(process.error());
    responder.document(document(**process, loop.motion_owner()));
  });
  dispatcher.on("PROC.LIST"_op, [&loop, &guests](Request&, Responder responder) {
    list(loop, guests, std::move(responder));
  });
}

}  // namespace celeriac::vm
