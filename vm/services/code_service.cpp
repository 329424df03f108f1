#include "vm/services/code_service.hpp"

namespace celeriac::vm {

using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

void answer(Responder& responder, const Result<void>& result) {
  if (result)
    responder.ok();
  else
    responder.fail(result.error());
}

}  // namespace

void serve_codes(protocol::Dispatcher& dispatcher, CodeStore& store) {
  dispatcher.on("CODE.CREATE"_op, [&store](Request&, Responder responder) {
    const auto id = store.create();
    if (!id) return responder.fail(id.error());
    responder.ok(number(*id));
  });
  dispatcher.on("CODE.OPEN"_op, [&store](Request& request, Responder responder) {
    answer(responder, store.open(request.session->local<OpenBuffers>(), request.channel,
                                 CodeId{request.arguments.id()}));
  });
  dispatcher.on("CODE.WRITE"_op, [&store](Request& request, Responder responder) {
    answer(responder,
           store.write(request.session->local<OpenBuffers>(), request.channel, request.arguments.text()));
  });
  dispatcher.on("CODE.CLOSE"_op, [&store](Request& request, Responder responder) {
    store.close(request.session->local<OpenBuffers>(), request.channel, CodeId{request.arguments.id()},
                [held = std::move(responder)](Result<void> closed) mutable { answer(held, closed); });
  });
  dispatcher.on("CODE.RM"_op, [&store](Request& request, Responder responder) {
    store.remove(CodeId{request.arguments.id()},
                 [held = std::move(responder)](Result<void> removed) mutable { answer(held, removed); });
  });
  dispatcher.on("CODE.READ"_op, [&store](Request& request, Responder responder) {
    store.read(CodeId{request.arguments.id()},
               [held = std::move(responder)](Result<std::string> source) mutable {
                 if (!source) return held.fail(source.error());
                 held.forward({.status = 0, .value = 0, .data = std::move(*source)});
               });
  });
  dispatcher.on("CODE.LIST"_op, [&store](Request&, Responder responder) {
    auto codes = protocol::Json::array();
    for (const CodeEntry& entry : store.list()) {
      codes.push_back({{"id", number(entry.id)},
                       {"name", entry.name},
                       {"kind", entry.kind},
                       {"bytes", entry.bytes},
                       {"sha256", entry.sha256},
                       {"created", entry.created},
                       {"resource_id", entry.resource_id}});
    }
    responder.document({{"codes", std::move(codes)}});
  });
}

}  // namespace celeriac::vm
