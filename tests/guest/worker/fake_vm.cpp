#include "fake_vm.hpp"

#include <stdexcept>

#include "protocol/payload.hpp"
#include "tests/wasm/wabt.hpp"

namespace celeriac::testing {
using protocol::Json;
using protocol::Request;
using protocol::Responder;

namespace {

std::string text(const Json& binary) {
  const auto& bytes = binary.get_binary();
  return {bytes.begin(), bytes.end()};
}

std::string slice(const std::string& bytes, const protocol::Arguments& arguments) {
  const auto offset = static_cast<std::size_t>(arguments.integer("offset"));
  const auto length = static_cast<std::size_t>(arguments.integer("length"));
  return offset > bytes.size() ? "" : bytes.substr(offset, length);
}

}  // namespace

FakeVm::FakeVm(vm::guests::WorkerSpec spec) {
  serve();
  if (spec.program.empty()) spec.program = TEST_WORKER;
  if (spec.package.empty()) spec.package = "test:tests";
  auto started = vm::guests::GuestWorker::start(io, std::move(spec), &dispatcher_);
  if (!started) throw std::runtime_error(started.error().message);
  worker = std::move(*started);
  worker->on_ended([this](const auto& end) { worker_end = end; });
}

void FakeVm::module(const std::string& name, const std::string& wat) {
  const auto bytes = wat2wasm(wat);
  modules_[name] = {bytes.begin(), bytes.end()};
}

bool FakeVm::until(const std::function<bool()>& so, std::chrono::steady_clock::duration within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!so() && std::chrono::steady_clock::now() < deadline) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return so();
}

protocol::Reply FakeVm::ask(std::string_view name, const Json& fields) {
  const auto* const operation = protocol::find_operation(name);
  const auto payload = protocol::encode(*operation, fields);
  if (!payload) throw std::runtime_error(payload.error().message);
  const auto reply = std::make_shared<std::optional<protocol::Reply>>();
  worker->session()->request(*operation, *payload, [reply](protocol::Reply got) { *reply = std::move(got); });
  if (!until([&] { return reply->has_value(); }))
    throw std::runtime_error(std::string(name) + " has no answer");
  return **reply;
}

protocol::Reply FakeVm::start(std::uint16_t process, const std::string& name, const Json& more) {
  Json fields{{"id", process},
              {"address", "here@" + name + ":test:tests"},
              {"path", "/proc/tests/test/" + name},
              {"module", name}};
  if (more.is_object()) fields.update(more);
  return ask("GUEST.START", fields);
}

void FakeVm::serve() {
  const auto on = [this](std::string_view name, protocol::Dispatcher::Handler handler) {
    dispatcher_.on(*protocol::find_operation(name), std::move(handler));
  };
  const auto bytes = [](Responder& responder, const std::string& data) {
    responder.forward({.status = 0, .value = 0, .data = data});
  };
  on("GUEST.MODULE", [this, bytes](Request& request, Responder responder) {
    ++modules_read;
    const auto found = modules_.find(request.arguments.string("sha256"));
    if (found == modules_.end())
      return responder.fail({.status = protocol::Status::not_found, .message = "There is no such module."});
    bytes(responder, slice(found->second, request.arguments));
  });
  on("GUEST.ENDED", [this](Request& request, Responder responder) {
    ended.push_back({request.arguments.id(), request.arguments.string("how"),
                     request.arguments.string("message"), request.arguments.string("output")});
    responder.ok();
  });
  on("MESSAGE.PRINT", [this](Request& request, Responder responder) {
    printed.push_back(request.arguments.string("text"));
    responder.ok();
  });
  on("MESSAGE.RECEIVE", [this](Request&, Responder responder) { receives.push_back(std::move(responder)); });
  on("MESSAGE.SEND", [this](Request&, Responder responder) {
    ++sends;
    responder.ok();
  });
  on("BLOB.WRITE", [this](Request& request, Responder responder) {
    auto handle =
        static_cast<std::uint16_t>(request.arguments.has("blob") ? request.arguments.integer("blob") : 0);
    if (handle == 0) handle = static_cast<std::uint16_t>(blobs.empty() ? 1 : blobs.rbegin()->first + 1);
    blobs[handle] += text(request.arguments.value("data"));
    responder.ok(handle);
  });
  on("BLOB.FREE", [this](Request& request, Responder responder) {
    blobs.erase(static_cast<std::uint16_t>(request.arguments.integer("blob")));
    responder.ok();
  });
  on("GUEST.COMMIT", [this](Request& request, Responder responder) {
    if (refuse_commits) return responder.fail(*refuse_commits);
    const auto& arguments = request.arguments;
    const auto blob = [&](const char* field) -> const std::string& {
      return blobs.at(static_cast<std::uint16_t>(arguments.integer(field)));
    };
    Commit commit{.data = {}, .outbox = {}, .answered = arguments.integer("answered")};
    if (arguments.has("data")) commit.data = text(arguments.value("data"));
    if (arguments.has("blob")) commit.data = blob("blob");
    Json outbox = arguments.value("outbox");
    if (arguments.has("outbox_blob")) outbox = protocol::from_bson(blob("outbox_blob")).value()["outbox"];
    if (outbox.is_array())
      for (const auto& entry : outbox) commit.outbox.push_back(text(entry));
    if (!commit.data.empty())
      protocol::apply(snapshots[arguments.id()], protocol::decode_snapshot(commit.data).value());
    commits.push_back(std::move(commit));
    responder.ok();
  });
  on("GUEST.RESTORE", [this, bytes](Request& request, Responder responder) {
    const auto found = snapshots.find(request.arguments.id());
    if (found == snapshots.end())
      return responder.fail({.status = protocol::Status::not_found, .message = "There is no snapshot."});
    bytes(responder, slice(protocol::encode(found->second), request.arguments));
  });
}

}  // namespace celeriac::testing
