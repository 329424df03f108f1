#include "vm/services/image_service.hpp"

#include <filesystem>
#include <format>

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

auto answer_document(Responder responder) {
  return [held = std::make_shared<Responder>(std::move(responder))](const Result<Json>& result) {
    if (result)
      held->document(*result);
    else
      held->fail(result.error());
  };
}

auto answer_done(Responder responder) {
  return [held = std::make_shared<Responder>(std::move(responder))](const Result<Json>& result) {
    if (result)
      held->ok();
    else
      held->fail(result.error());
  };
}

}  // namespace

void serve_image(protocol::Dispatcher& dispatcher, GuestHost& host, Image& image, ImageObjects& objects) {
  dispatcher.on("IMAGE.LIST"_op, [&objects](Request& request, Responder responder) {
    objects.list(request.arguments.string("prefix"), answer_document(std::move(responder)));
  });
  dispatcher.on("IMAGE.IMPORT"_op, [&host, &objects](Request& request, Responder responder) {
    KernelProcess* process = host.kernel().find(ProcessId{request.arguments.id()});
    const auto handle = static_cast<std::uint16_t>(request.arguments.integer("blob"));
    if (process == nullptr || process->spec.kind != ProcessKind::client || !process->handles.contains(handle))
      return responder.fail(
          {.status = Status::not_found,
           .message = "There is no such blob: BLOB.WRITE makes one, in the name of a process of yours."});
    auto blob = std::move(process->handles.at(handle));
    process->handles.erase(handle);
    objects.import(request.arguments.string("path"), std::move(blob->bytes),
                   answer_done(std::move(responder)));
  });
  dispatcher.on("IMAGE.INSTANTIATE"_op, [&objects](Request& request, Responder responder) {
    objects.instantiate(request.arguments.string("module"), request.arguments.string("path"),
                        request.arguments.string("abi"),
                        [held = std::move(responder)](const Result<Json>& made) mutable {
                          if (!made) return held.fail(made.error());
                          held.ok((*made)["process"].get<std::uint16_t>());
                        });
  });
  dispatcher.on("IMAGE.REMOVE"_op, [&objects](Request& request, Responder responder) {
    objects.remove(request.arguments.string("path"), answer_done(std::move(responder)));
  });
  dispatcher.on("IMAGE.EXPORT"_op, [&host, &image](Request& request, Responder responder) {
    host.disk().run([&image, file = request.arguments.string(
                                 "file")] { return image.copy_to(file).transform([] { return Json(); }); },
                    answer_done(std::move(responder)));
  });
  dispatcher.on("IMAGE.CHECK"_op, [&host, &image](Request&, Responder responder) {
    host.disk().run([&image] { return image.examine(); }, answer_document(std::move(responder)));
  });
  dispatcher.on("IMAGE.COMPACT"_op, [&host, &image](Request&, Responder responder) {
    host.disk().run([&image] { return image.compact(); }, answer_document(std::move(responder)));
  });
}

}  // namespace celeriac::vm
