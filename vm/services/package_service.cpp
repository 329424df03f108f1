// The wire's side: what is asked, and how it is answered. installation.cpp does it.

#include "vm/services/package_service.hpp"

#include <spdlog/spdlog.h>

#include <format>

#include "protocol/words.hpp"

namespace celeriac::vm {

using protocol::Capability;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::shown;
using protocol::Status;
using namespace protocol::literals;

namespace {

auto with_document(Responder responder) {
  return [held = std::move(responder)](Result<Json> document) mutable {
    if (document)
      held.document(*document);
    else
      held.fail(document.error());
  };
}
auto with_nothing(Responder responder) {
  return [held = std::move(responder)](Result<void> done) mutable {
    if (done)
      held.ok();
    else
      held.fail(done.error());
  };
}

/// Takes a blob that the process has written: nobody writes to it while the worker reads.
Result<std::shared_ptr<Blob>> take_blob(KernelProcess& process, std::uint16_t handle) {
  const auto found = process.handles.find(handle);
  if (found == process.handles.end())
    return protocol::fail(Status::not_found, std::format("The process has no blob {}.", handle));
  auto blob = std::move(found->second);
  process.handles.erase(found);
  return blob;
}

}  // namespace

PackageService::PackageService(Worker& worker, Kernel& kernel, Image& image, Drives& drives,
                               std::filesystem::path trusted_keys, PinLabel pin_label)
    : worker_(worker),
      kernel_(kernel),
      image_(image),
      store_(image.database()),
      drives_(drives),
      trusted_keys_(std::move(trusted_keys)),
      consent_(std::move(pin_label)) {}

void PackageService::install(protocol::Dispatcher& dispatcher, const ProcessOf& process_of) {
  dispatcher.on("PACKAGE.INSPECT"_op, [this, process_of](Request& request, Responder responder) {
    const auto process = process_of(request);
    if (!process) return responder.fail(process.error());
    const auto handle = static_cast<std::uint16_t>(request.arguments.integer("blob"));
    const auto blob = take_blob(**process, handle);
    if (!blob) return responder.fail(blob.error());
    inspect(*blob, request.arguments.string("key"),
            [this, id = (*process)->id, handle, blob = *blob,
             answer = with_document(std::move(responder))](Result<Json> seen) mutable {
              if (KernelProcess* owner = kernel_.find(id)) owner->handles.emplace(handle, std::move(blob));
              answer(std::move(seen));
            });
  });
  dispatcher.on("PACKAGE.INSTALL"_op, [this, process_of](Request& request, Responder responder) {
    const auto process = process_of(request);
    if (!process) return responder.fail(process.error());
    auto blob = take_blob(**process, static_cast<std::uint16_t>(request.arguments.integer("blob")));
    if (!blob) return responder.fail(blob.error());
    put({.blob = std::move(*blob),
         .approved = request.arguments.string("approved"),
         .key = request.arguments.string("key"),
         .unsigned_too = request.arguments.number("unsigned_too") != 0},
        with_document(std::move(responder)));
  });
  dispatcher.on("PACKAGE.REMOVE"_op, [this](Request& request, Responder responder) {
    remove(request.arguments.string("package"), with_nothing(std::move(responder)));
  });
  dispatcher.on("PACKAGE.LIST"_op,
                [this](Request&, Responder responder) { list(with_document(std::move(responder))); });
  dispatcher.on("GRANT.LIST"_op, [this](Request& request, Responder responder) {
    responder.document(grants(request.arguments.string("package")));
  });
  dispatcher.on("GRANT.ADD"_op, [this](Request& request, Responder responder) {
    const auto given = give(request.arguments.string("process"),
                            {request.arguments.string("issuer"), request.arguments.string("params")});
    if (!given) return responder.fail(given.error());
    responder.ok();
  });
  dispatcher.on("GRANT.REVOKE"_op, [this](Request& request, Responder responder) {
    revoke(request.arguments.string("process"),
           {request.arguments.string("issuer"), request.arguments.string("params")},
           with_nothing(std::move(responder)));
  });
}

void PackageService::inspect(std::shared_ptr<const Blob> blob, const std::string& key, Done<Json> done) {
  struct Seen {
    Json document;
    Manifest manifest;
  };
  worker_.run(
      [this, blob = std::move(blob), key]() -> Result<Seen> {
        auto trust = trust_of(key);
        if (!trust) return std::unexpected(std::move(trust.error()));
        trust->unsigned_too = trust->unknown_too = true;
        auto package = read_package(blob->bytes, *trust);
        if (!package) return std::unexpected(std::move(package.error()));
        const auto present = store_.find(package->metadata.id());
        if (!present) return std::unexpected(present.error());
        Json installed;
        if (*present)
          installed = {{"version", (*present)->version},
                       {"hash", (*present)->manifest_hash},
                       {"signed_by", (*present)->signed_by}};
        Json document{{"package", package->metadata.id()},
                      {"version", package->metadata.version},
                      {"manifest", Json::parse(package->manifest.text, nullptr, false)},
                      {"hash", package->manifest.hash},
                      {"signed_by", package->signed_by},
                      {"trusted", package->trusted},
                      {"warnings", package->manifest.warnings},
                      {"installed", std::move(installed)}};
        return Seen{.document = std::move(document), .manifest = std::move(package->manifest)};
      },
      // What is connected to a pin is the loop's to know.
      [this, done = std::move(done)](Result<Seen> seen) mutable {
        if (!seen) return done(std::unexpected(std::move(seen.error())));
        seen->document["wants"] = consent_.wants(seen->manifest);
        done(std::move(seen->document));
      });
}

// ---- listing -------------------------------------------------------------------------------------

Json PackageService::processes_of(const std::string& package) const {
  auto processes = Json::array();
  kernel_.each([&](KernelProcess& process) {
    if (process.spec.kind == ProcessKind::guest && process.package() == package)
      processes.push_back({{"process", process.spec.name.text()},
                           {"id", number(process.id)},
                           {"state", name(process.state)}});
  });
  return processes;
}

void PackageService::list(Done<Json> done) {
  worker_.run([this] { return store_.list(); },
              [this, done = std::move(done)](Result<std::vector<StoredPackage>> stored) mutable {
                if (!stored) return done(std::unexpected(std::move(stored.error())));
                auto packages = Json::array();
                for (const auto& package : *stored)
                  packages.push_back({{"package", package.package},
                                      {"version", package.version},
                                      {"signed_by", package.signed_by},
                                      {"hash", package.manifest_hash},
                                      {"processes", processes_of(package.package)},
                                      {"installed", package.installed}});
                done(Json{{"packages", std::move(packages)}});
              });
}

// ---- grants --------------------------------------------------------------------------------------

Json PackageService::grants(const std::string& package) const {
  auto list = Json::array();
  kernel_.each([&](KernelProcess& process) {
    if (process.spec.kind != ProcessKind::guest || (!package.empty() && process.package() != package)) return;
    for (const auto& capability : process.capabilities.list()) {
      if (capability.issuer == process.address && capability.params == messaging_params) continue;
      const auto issuer = parse_address(capability.issuer);
      const bool elsewhere = issuer && issuer->node != kernel_.node();
      list.push_back(
          {{"process", process.spec.name.text()},
           {"issuer", capability.issuer},
           {"params", capability.params},
           {"says", issuer && !elsewhere
                        ? consent_.sentence(process.spec.name.process, process.spec.name, issuer->process,
                                            capability.params)
                        : std::format("{} holds the right {} of {}.", process.spec.name.process,
                                      shown(capability.params, 200), shown(capability.issuer, 200))}});
    }
  });
  return {{"grants", std::move(list)}};
}

}  // namespace celeriac::vm
