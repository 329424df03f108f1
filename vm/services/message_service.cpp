#include "vm/services/message_service.hpp"

#include <algorithm>
#include <format>
#include <set>

#include "protocol/payload.hpp"
#include "vm/kernel/records.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Item;
using protocol::Json;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using protocol::Session;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// The processes that a client has opened on its stream.
struct Opened {
  std::shared_ptr<std::set<ProcessId>> processes = std::make_shared<std::set<ProcessId>>();
};

/// An answer for what ends later, well or not.
auto answer(Responder responder) {
  return [held = std::make_shared<Responder>(std::move(responder))](const Result<void>& result) {
    if (result)
      held->ok();
    else
      held->fail(result.error());
  };
}

/// An answer that is an item of a mailbox.
auto answer_item(Responder responder) {
  return [held = std::move(responder)](Result<Item> item) mutable {
    if (!item) return held.fail(item.error());
    held.forward({.status = 0, .value = 0, .data = protocol::encode(*item)});
  };
}

/// The bytes of a field, as they stand in the document.
std::string_view bytes(const Json& value) {
  const auto& binary = value.get_binary();
  return {reinterpret_cast<const char*>(binary.data()), binary.size()};
}

/// A range of something that is longer than one answer: from `offset`, `length` bytes or as many as fit.
std::string_view range(std::string_view all, const protocol::Arguments& arguments) {
  const auto offset = std::min(static_cast<std::size_t>(arguments.integer("offset")), all.size());
  auto length = static_cast<std::size_t>(arguments.integer("length"));
  if (length == 0 || length > protocol::max_answer) length = protocol::max_answer;
  return all.substr(offset, length);
}

void answer_bytes(Responder& responder, std::string_view data) {
  responder.forward({.status = 0, .value = 0, .data = std::string(data)});
}

}  // namespace

const MessageService::Row MessageService::shared_[] = {
    {"MESSAGE.SEND", &MessageService::send},
    {"MESSAGE.AWAIT", &MessageService::await},
    {"MESSAGE.RESPOND", &MessageService::respond},
    {"MESSAGE.RECEIVE", &MessageService::receive},
    {"MESSAGE.PRINT", &MessageService::print},
    {"TOPIC.SUBSCRIBE", &MessageService::subscribe},
    {"TOPIC.UNSUBSCRIBE", &MessageService::unsubscribe},
    {"BLOB.WRITE", &MessageService::blob_write},
    {"BLOB.READ", &MessageService::blob_read},
    {"BLOB.FREE", &MessageService::blob_free},
    {"CAPABILITY.LIST", &MessageService::capabilities_list},
};

const MessageService::Row MessageService::guests_only_[] = {
    {"CAPABILITY.SAVE", &MessageService::capabilities_save},
    {"CAPABILITY.DROP", &MessageService::capabilities_drop},
    {"STATE.GET", &MessageService::state_get},
    {"STATE.SET", &MessageService::state_set},
    {"STATE.CLEAR", &MessageService::state_clear},
    {"GUEST.SPAWN", &MessageService::spawn},
    {"GUEST.SET_ON_EXIT", &MessageService::set_on_exit},
    {"GUEST.GET_ON_EXIT", &MessageService::get_on_exit},
    {"GUEST.RESTORE", &MessageService::restore},
    {"GUEST.COMMIT", &MessageService::commit},
    {"GUEST.ENDED", &MessageService::ended},
};

MessageService::MessageService(GuestHost& host) : host_(host), kernel_(host.kernel()) {}

Result<KernelProcess*> MessageService::speaker(Session& session, ProcessId id) {
  auto process = kernel_.need(id);
  if (!process) return process;
  const std::string& package = session.local<guests::WorkerIdentity>().package;
  const bool may = package.empty()
                       ? session.local<Opened>().processes->contains(id)
                       : (*process)->spec.kind == ProcessKind::guest && (*process)->package() == package;
  if (may) return process;
  host_.print(nullptr, 0,
              std::format("{} wanted to speak as {}: refused.",
                          package.empty() ? session.peer().name : package, (*process)->spec.name.text()));
  return fail(Status::denied,
              std::format("This stream may not speak in the name of process {}.", number(id)));
}

void MessageService::serve(protocol::Dispatcher& dispatcher, std::span<const Row> rows) {
  for (const Row& row : rows) {
    dispatcher.on(*protocol::find_operation(row.operation),
                  [this, serve = row.serve](Request& request, Responder responder) {
                    auto process = speaker(*request.session, ProcessId{request.arguments.id()});
                    if (!process) return responder.fail(process.error());
                    (this->*serve)(request, **process, std::move(responder));
                  });
  }
}

void MessageService::install(protocol::Dispatcher& dispatcher) {
  dispatcher.on("MESSAGE.OPEN"_op,
                [this](Request& request, Responder responder) { open(request, std::move(responder)); });
  serve(dispatcher, shared_);
}

void MessageService::install_guests(protocol::Dispatcher& dispatcher, Operate operate) {
  serve(dispatcher, shared_);
  serve(dispatcher, guests_only_);
  dispatcher.on("GUEST.MODULE"_op,
                [this](Request& request, Responder responder) { module(request, std::move(responder)); });
  for (const auto& operation : protocol::operations()) {
    if (operation.space != "SYS" || operation.wire == "HELLO" || !operation.available) continue;
    dispatcher.on(operation, [this, operate](Request& request, Responder responder) {
      hardware(request, std::move(responder), operate);
    });
  }
}

void MessageService::open(Request& request, Responder responder) {
  const auto opened = request.session->local<Opened>().processes;
  if (opened->size() >= max_opened)
    return responder.fail(
        {.status = Status::overloaded, .message = std::format("A stream may be {} processes.", max_opened)});
  std::string name = request.arguments.string("name");
  if (name.empty())
    name = std::format("client-{}-{}:console:local", request.session->number(), opened->size() + 1);
  auto parsed = parse_process_name(name);
  if (!parsed) return responder.fail(parsed.error());
  auto process = kernel_.initialise({.name = std::move(*parsed),
                                     .path = request.arguments.string("path"),
                                     .kind = ProcessKind::client,
                                     .is_public = request.arguments.number("public") != 0});
  if (!process) return responder.fail(process.error());
  const ProcessId id = (*process)->id;
  if (opened->empty()) {
    request.session->on_closed([this, opened, alive = std::weak_ptr(host_.alive())] {
      if (alive.expired()) return;
      for (const ProcessId gone : *opened) kernel_.closed(gone);
    });
  }
  opened->insert(id);
  responder.ok(number(id));
}

// ---- messages ----

Result<std::shared_ptr<Blob>> MessageService::take_blob(KernelProcess& process, std::uint16_t handle) {
  const auto found = process.handles.find(handle);
  if (found == process.handles.end())
    return fail(Status::not_found, std::format("There is no blob {}.", handle));
  auto blob = std::move(found->second);
  process.handles.erase(found);
  return blob;
}

Result<Kernel::Attached> MessageService::attach(KernelProcess& process, protocol::Outgoing& message) {
  Kernel::Attached attached;
  if (message.body_blob != 0) {
    auto body = take_blob(process, message.body_blob);
    if (!body) return std::unexpected(std::move(body.error()));
    if ((*body)->bytes.size() > protocol::max_body)
      return fail(
          Status::out_of_resources,
          std::format("A body has at most {} bytes: send what is longer as a blob.", protocol::max_body));
    message.body = std::move((*body)->bytes);
  }
  if (message.blob != 0) {
    auto blob = take_blob(process, message.blob);
    if (!blob) return std::unexpected(std::move(blob.error()));
    attached.blob = BlobRef{std::move(*blob), std::move(message.mime)};
  } else if (message.blob_bytes) {
    attached.blob = BlobRef{std::make_shared<Blob>(std::move(*message.blob_bytes)), std::move(message.mime)};
    message.blob_bytes.reset();
  }
  return attached;
}

void MessageService::send(Request& request, KernelProcess& process, Responder responder) {
  auto message = protocol::decode_outgoing(request.arguments.text());
  if (!message) return responder.fail(message.error());
  auto attached = attach(process, *message);
  if (!attached) return responder.fail(attached.error());
  kernel_.send(process, std::move(*message), std::move(*attached), answer(std::move(responder)));
}

void MessageService::await(Request& request, KernelProcess& process, Responder responder) {
  auto message = protocol::decode_outgoing(request.arguments.text());
  if (!message) return responder.fail(message.error());
  if (message->to.empty() && message->request != 0)
    return kernel_.await_more(process, message->request, answer_item(std::move(responder)));
  auto attached = attach(process, *message);
  if (!attached) return responder.fail(attached.error());
  kernel_.await(process, std::move(*message), std::move(*attached), answer_item(std::move(responder)));
}

void MessageService::respond(Request& request, KernelProcess& process, Responder responder) {
  auto message = protocol::decode_outgoing(request.arguments.text());
  if (!message) return responder.fail(message.error());
  auto attached = attach(process, *message);
  if (!attached) return responder.fail(attached.error());
  kernel_.respond(process, std::move(*message), std::move(*attached), answer(std::move(responder)));
}

void MessageService::receive(Request& request, KernelProcess& process, Responder responder) {
  const auto patience =
      std::chrono::milliseconds(static_cast<std::int64_t>(request.arguments.number("timeout")));
  kernel_.receive(process, patience, answer_item(std::move(responder)));
}

void MessageService::print(Request& request, KernelProcess& process, Responder responder) {
  host_.print_line(process, static_cast<int>(request.arguments.integer("verbosity")),
                   request.arguments.string("text"));
  responder.ok();
}

void MessageService::subscribe(Request& request, KernelProcess& process, Responder responder) {
  answer(std::move(responder))(kernel_.subscribe(process, request.arguments.string("topic")));
}

void MessageService::unsubscribe(Request& request, KernelProcess& process, Responder responder) {
  kernel_.unsubscribe(process, request.arguments.string("topic"));
  responder.ok();
}

// ---- blobs ----

void MessageService::blob_write(Request& request, KernelProcess& process, Responder responder) {
  const auto data = bytes(request.arguments.value("data"));
  auto handle =
      static_cast<std::uint16_t>(request.arguments.has("blob") ? request.arguments.integer("blob") : 0);
  std::size_t unsent = 0;
  for (const auto& [id, blob] : process.handles) unsent += blob->bytes.size();
  if (unsent + data.size() > max_unsent_blobs || (handle == 0 && process.handles.size() >= max_blob_handles))
    return responder.fail({.status = Status::overloaded,
                           .message = "There are too many blobs that were written and not sent."});
  if (handle == 0) {
    do ++process.last_handle;
    while (process.last_handle == 0 || process.handles.contains(process.last_handle));
    handle = process.last_handle;
    process.handles.emplace(handle, std::make_shared<Blob>());
  }
  const auto found = process.handles.find(handle);
  if (found == process.handles.end())
    return responder.fail(
        {.status = Status::not_found, .message = std::format("There is no blob {}.", handle)});
  if (found->second->bytes.size() + data.size() > protocol::max_blob)
    return responder.fail({.status = Status::out_of_resources,
                           .message = std::format("A blob has at most {} bytes.", protocol::max_blob)});
  found->second->bytes.append(data);
  responder.ok(handle);
}

void MessageService::blob_read(Request& request, KernelProcess& process, Responder responder) {
  const auto which = request.arguments.integer("blob");
  std::shared_ptr<const Blob> blob;
  if (which <= 0) {
    const auto& present = which == 0 ? process.item_blob : process.last_blob;
    if (present) blob = present->blob;
  } else if (const auto found = process.handles.find(static_cast<std::uint16_t>(which));
             found != process.handles.end()) {
    blob = found->second;
  }
  if (blob == nullptr)
    return responder.fail({.status = Status::not_found, .message = "There is no such blob."});
  answer_bytes(responder, range(blob->bytes, request.arguments));
}

void MessageService::blob_free(Request& request, KernelProcess& process, Responder responder) {
  process.handles.erase(static_cast<std::uint16_t>(request.arguments.integer("blob")));
  responder.ok();
}

// ---- capabilities ----

void MessageService::capabilities_list(Request&, KernelProcess& process, Responder responder) {
  responder.document({{"capabilities", document(process.capabilities.list())}});
}

void MessageService::capabilities_save(Request& request, KernelProcess& process, Responder responder) {
  const auto capabilities = read_capabilities(request.arguments.value("capabilities"));
  if (!capabilities) return responder.fail(capabilities.error());
  kernel_.save(process, *capabilities, answer(std::move(responder)));
}

void MessageService::capabilities_drop(Request& request, KernelProcess& process, Responder responder) {
  const auto capabilities = read_capabilities(request.arguments.value("capabilities"));
  if (!capabilities) return responder.fail(capabilities.error());
  kernel_.drop(process, *capabilities, answer(std::move(responder)));
}

// ---- state ----

Result<std::string> MessageService::bytes_of(Request& request, KernelProcess& process) {
  if (!request.arguments.has("blob")) {
    const Json& data = request.arguments.value("data");
    return data.is_binary() ? std::string(bytes(data)) : std::string();
  }
  auto blob = take_blob(process, static_cast<std::uint16_t>(request.arguments.integer("blob")));
  if (!blob) return std::unexpected(std::move(blob.error()));
  return std::move((*blob)->bytes);
}

void MessageService::state_get(Request& request, KernelProcess& process, Responder responder) {
  host_.disk().run(
      [this, name = process.spec.name.text()] { return host_.store().state(name); },
      [arguments = request.arguments,
       held = std::move(responder)](const Result<std::optional<std::string>>& state) mutable {
        if (!state) return held.fail(state.error());
        if (!*state)
          return held.fail({.status = Status::not_found, .message = "The process has kept nothing."});
        answer_bytes(held, range(**state, arguments));
      });
}

void MessageService::state_set(Request& request, KernelProcess& process, Responder responder) {
  auto state = bytes_of(request, process);
  if (!state) return responder.fail(state.error());
  if (state->size() > max_state)
    return responder.fail({.status = Status::out_of_resources,
                           .message = std::format("A process keeps at most {} bytes.", max_state)});
  host_.disk().run([this, name = process.spec.name.text(),
                    kept = std::move(*state)] { return host_.store().put_state(name, kept); },
                   answer(std::move(responder)));
}

void MessageService::state_clear(Request&, KernelProcess& process, Responder responder) {
  host_.disk().run([this, name = process.spec.name.text()] { return host_.store().remove_state(name); },
                   answer(std::move(responder)));
}

// ---- the life of guests ----

void MessageService::spawn(Request& request, KernelProcess& process, Responder responder) {
  const auto& arguments = request.arguments;
  auto wanted = read_capabilities(arguments.value("request"));
  if (!wanted) return responder.fail(wanted.error());
  auto on_exit = read_on_exit(arguments.value("on_exit"), [&](std::uint16_t handle) {
    auto blob = take_blob(process, handle);
    return blob ? std::move(*blob) : nullptr;
  });
  if (!on_exit) return responder.fail(on_exit.error());
  std::vector<std::pair<ProcessName, std::string>> grants;
  const Json& grant = arguments.value("grant");
  if (!grant.is_array())
    return responder.fail({.status = Status::malformed, .message = "grant is a list of {process, params}."});
  for (const Json& entry : grant) {
    // Unknown processes are passed over: there is nobody to give anything to.
    auto name = parse_process_name(entry.is_object() ? entry.value("process", "") : "");
    if (name) grants.emplace_back(std::move(*name), entry.value("params", std::string(messaging_params)));
  }
  ProcessSpec spec{.name = {.process = arguments.string("name"), .package = {}, .publisher = {}},
                   .on_exit = std::move(*on_exit),
                   .is_public = arguments.number("public") != 0,
                   .configuration = process.spec.configuration};
  // "/package:publisher/pkg/child.wasm" and "child.wasm" are the same file of the caller's own package, and
  // no other package's is to be had.
  const std::string path = arguments.string("module");
  const std::string own = "/" + process.package() + "/pkg/";
  std::string inside = path.starts_with(own) ? path.substr(own.size()) : path;
  if (inside.starts_with("/pkg/")) inside = inside.substr(5);
  host_.disk().run(
      [this, package = process.package(), inside] { return host_.store().package_module(package, inside); },
      [this, parent = process.id, spec = std::move(spec), wanted = std::move(*wanted),
       grants = std::move(grants),
       held = std::make_shared<Responder>(std::move(responder))](Result<std::string> module) mutable {
        KernelProcess* still = kernel_.find(parent);
        if (still == nullptr)
          return held->fail({.status = Status::cancelled, .message = "The process has ended."});
        if (!module)
          return held->fail({.status = Status::not_found,
                             .message = std::move(module.error().message),
                             .code = "no_file_at_path"});
        spec.module = std::move(*module);
        kernel_.spawn(*still, std::move(spec), std::move(wanted), std::move(grants),
                      [this, held](const Result<ProcessId>& child) {
                        if (!child) return held->fail(child.error());
                        const KernelProcess* made = kernel_.find(*child);
                        held->document({{"process", made != nullptr ? made->spec.name.text() : ""},
                                        {"id", number(*child)}});
                      });
      });
}

void MessageService::set_on_exit(Request& request, KernelProcess& process, Responder responder) {
  auto on_exit = read_on_exit(request.arguments.value("on_exit"), [&](std::uint16_t handle) {
    auto blob = take_blob(process, handle);
    return blob ? std::move(*blob) : nullptr;
  });
  if (!on_exit) return responder.fail(on_exit.error());
  kernel_.set_on_exit(process, std::move(*on_exit), answer(std::move(responder)));
}

void MessageService::get_on_exit(Request&, KernelProcess& process, Responder responder) {
  responder.document({{"on_exit", document(process.spec.on_exit)}});
}

void MessageService::module(Request& request, Responder responder) {
  // A worker reads only what one of its package's processes is made of.
  const std::string& package = request.session->local<guests::WorkerIdentity>().package;
  const std::string sha256 = request.arguments.string("sha256");
  bool own = false;
  kernel_.each([&](const KernelProcess& process) {
    own = own || (process.package() == package && process.spec.module == sha256);
  });
  if (!own)
    return responder.fail(
        {.status = Status::denied, .message = std::format("{} has no module {}.", package, sha256)});
  host_.disk().run([this, sha256] { return host_.store().module(sha256); },
                   [arguments = request.arguments,
                    held = std::move(responder)](const Result<std::string>& module) mutable {
                     if (!module) return held.fail(module.error());
                     answer_bytes(held, range(*module, arguments));
                   });
}

void MessageService::restore(Request& request, KernelProcess& process, Responder responder) {
  host_.disk().run([this, name = process.spec.name.text()] { return host_.store().snapshot(name); },
                   [arguments = request.arguments, held = std::move(responder)](
                       const Result<std::optional<protocol::Snapshot>>& snapshot) mutable {
                     if (!snapshot) return held.fail(snapshot.error());
                     if (!*snapshot)
                       return held.fail({.status = Status::not_found, .message = "There is no snapshot."});
                     answer_bytes(held, range(protocol::encode(**snapshot), arguments));
                   });
}

void MessageService::commit(Request& request, KernelProcess& process, Responder responder) {
  if (!process.spec.durable)
    return responder.fail(
        {.status = Status::wrong_state, .message = "Only an object of the image is snapshotted."});
  auto change = bytes_of(request, process);
  if (!change) return responder.fail(change.error());
  std::vector<std::pair<protocol::Outgoing, Kernel::Attached>> outbox;
  Json entries = request.arguments.value("outbox");
  if (request.arguments.has("outbox_blob")) {  // too long for a frame
    const auto blob =
        take_blob(process, static_cast<std::uint16_t>(request.arguments.integer("outbox_blob")));
    if (!blob) return responder.fail(blob.error());
    const auto document = protocol::from_bson((*blob)->bytes);
    if (!document) return responder.fail(document.error());
    entries = document->value("outbox", Json());
  }
  for (const Json& entry : entries.is_array() ? entries : Json::array()) {
    auto message = entry.is_binary() ? protocol::decode_outgoing(bytes(entry))
                                     : fail(Status::malformed, "outbox is a list of envelopes.");
    if (!message) return responder.fail(message.error());
    auto attached = attach(process, *message);
    if (!attached) return responder.fail(attached.error());
    outbox.emplace_back(std::move(*message), std::move(*attached));
  }
  kernel_.commit(process, std::move(*change), std::move(outbox), answer(std::move(responder)));
}

void MessageService::ended(Request& request, KernelProcess& process, Responder responder) {
  const std::string how = request.arguments.string("how");
  std::string message = request.arguments.string("message");
  if (const auto output = request.arguments.string("output"); !output.empty() && how != "returned")
    message += "\n" + output;
  responder.ok();
  host_.instance_ended(process);
  kernel_.ended(process.id, how, message);
}

void MessageService::hardware(Request& request, Responder responder, const Operate& operate) {
  // Any document may carry `holder`; where the operation has none of its own, the guest's is there for
  // nothing else.
  std::uint64_t holder = request.arguments.holder();
  Json fields = request.arguments.fields();
  if (request.operation.payload == protocol::Payload::none && !request.payload.empty()) {
    if (const auto document = protocol::from_bson(request.payload))
      holder = document->value("holder", std::uint64_t{0});
  }
  if (holder == 0 || holder > 65535)
    return responder.fail(
        {.status = Status::malformed,
         .message = "A worker says in whose name it asks: the field \"holder\" is missing."});
  auto process = speaker(*request.session, ProcessId{static_cast<std::uint16_t>(holder)});
  if (!process) return responder.fail(process.error());
  if (const auto may = kernel_.may_operate(**process, request.operation, fields); !may) {
    host_.print(*process, 0, may.error().message);
    return responder.fail(may.error());
  }
  operate(**process, request.operation, request.payload, std::move(responder));
}

}  // namespace celeriac::vm
