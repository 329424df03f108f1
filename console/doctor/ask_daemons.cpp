// What the hypervisor and the VM answer, or why they do not.

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "console/blob_upload.hpp"
#include "console/client.hpp"
#include "console/doctor/gather.hpp"
#include "protocol/envelope.hpp"
#include "protocol/node_message.hpp"
#include "protocol/payload.hpp"

namespace celeriac::console::doctor {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace protocol::literals;
using protocol::Json;
using protocol::Operation;
using protocol::Result;
using protocol::Status;

namespace {

bool may(const fs::path& path, int how) {
  return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

std::string group_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  const group* row = ::getgrgid(info.st_gid);
  return row != nullptr ? row->gr_name : std::to_string(info.st_gid);
}

/// The outermost directory on the way that this user may not pass.
fs::path closed_directory(const fs::path& path) {
  fs::path at;
  for (const auto& part : path.parent_path()) {
    at /= part;
    if (!may(at, X_OK)) return at;
  }
  return path.parent_path();
}

void forbid(Door& door, const fs::path& what) {
  door.state = Door::State::forbidden;
  door.forbidden = what;
  door.group = group_of(what);
}

/// As far as the file system tells; State::answers if somebody may listen.
void look_at(Door& door) {
  struct stat info{};
  if (::stat(door.socket.c_str(), &info) != 0) {
    door.trouble = std::strerror(errno);
    if (errno == EACCES) forbid(door, closed_directory(door.socket));
    return;
  }
  door.state = Door::State::answers;
  if (!S_ISSOCK(info.st_mode))
    door.state = Door::State::no_socket;
  else if (!may(door.socket, R_OK | W_OK))
    forbid(door, door.socket);
}

/// A call that must not take long, whatever the operation's own patience.
asio::awaitable<Answer> ask(Client& client, const Operation& operation, const Json& fields,
                            std::chrono::milliseconds patience) {
  auto payload = protocol::encode(operation, fields);
  if (!payload) co_return std::unexpected(std::move(payload.error()));
  auto reply = co_await client.send(operation, std::move(*payload), patience);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return reply->document();
}

/// A client whose daemon has answered, or nullptr; the door says why.
asio::awaitable<std::unique_ptr<Client>> enter(asio::io_context& io, Target target, Door& door) {
  auto client = co_await Client::connect(io, std::move(target));
  if (!client) {
    door.state = Door::State::nobody;
    door.trouble = client.error().message;
    co_return nullptr;
  }
  const auto hello = co_await ask(**client, "SYS.HELLO"_op, {{"protocol", 1}, {"client", "celeriac doctor"}},
                                  answer_patience);
  if (!hello && (hello.error().status == Status::timeout || hello.error().code == unreachable_code)) {
    door.state = Door::State::speechless;
    door.trouble = hello.error().message;
    co_return nullptr;
  }
  door.state = Door::State::answers;
  co_return std::move(*client);
}

/// A message to a process of the VM's, and its response.
asio::awaitable<Result<protocol::Item>> converse(Client& client, std::uint16_t self, const std::string& to,
                                                 const Json& body) {
  protocol::Outgoing message;
  message.to = to;
  message.expects = std::chrono::milliseconds(answer_patience).count();
  message.body = body.dump();
  auto reply = co_await client.send("MESSAGE.AWAIT"_op, protocol::encode_id(self) + protocol::encode(message),
                                    answer_patience * 2);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  auto item = protocol::decode_item(reply->data);
  if (!item) co_return std::unexpected(std::move(item.error()));
  if (item->type == protocol::ItemType::error)
    co_return std::unexpected(protocol::Error{
        .status = Status::failed, .message = item->explanation, .code = std::string(name(item->failure))});
  co_return std::move(*item);
}

asio::awaitable<void> ask_kernel(Client& client, Facts& facts) {
  const auto self = co_await become_process(client);
  if (!self) {
    facts.processes = std::unexpected(self.error());
    co_return;
  }
  const auto map = co_await converse(client, *self, "kernel:distro:sys", {{"Debug", "ProcessMap"}});
  if (!map) {
    facts.processes = std::unexpected(map.error());
    co_return;
  }
  const Json told = Json::parse(map->body, nullptr, false);
  facts.processes = told.is_object() ? told.value("Debug", Json::object()) : Json::object();
  if (!facts.processes->contains("mqtt:distro:sys")) co_return;
  const auto status = co_await converse(client, *self, "mqtt:distro:sys", "Status");
  if (!status) {
    facts.broker = std::unexpected(status.error());
    co_return;
  }
  const auto outcome = protocol::decode_node_outcome(status->body);
  if (!outcome)
    facts.broker = std::unexpected(outcome.error());
  else if (outcome->failure)
    facts.broker = std::unexpected(protocol::Error{.status = Status::offline,
                                                   .message = outcome->explanation,
                                                   .code = std::string(name(*outcome->failure))});
  else
    facts.broker = Json(true);
}

asio::awaitable<void> ask_vm(Client& client, Facts& facts, bool photo) {
  facts.vm_status = co_await client.read("status");
  facts.image = co_await ask(client, "IMAGE.CHECK"_op, Json::object(), image_patience);
  facts.packages = co_await ask(client, "PACKAGE.LIST"_op, Json::object(), answer_patience);
  facts.bindings = co_await ask(client, "ASSET.LIST"_op, {{"kind", "pin_binding"}}, answer_patience);
  facts.sync = co_await client.read("sync_status");
  co_await ask_kernel(client, facts);
  if (photo) facts.photo = co_await ask(client, "SYS.TAKE_PHOTO"_op, Json::object(), photo_patience);
}

}  // namespace

asio::awaitable<void> ask_daemons(const Surroundings& at, Facts& facts, bool photo) {
  auto& io = at.context.world().io;
  if (!facts.remote) {
    const Target target = at.context.hypervisor();
    facts.hypervisor.socket = target.socket;
    look_at(facts.hypervisor);
    if (facts.hypervisor.state == Door::State::answers)
      if (const auto client = co_await enter(io, target, facts.hypervisor)) {
        facts.hypervisor_status =
            co_await ask(*client, "SYS.READ_STATUS"_op, Json::object(), answer_patience);
        facts.camera = co_await client->read("camera");
      }
  }
  auto target = facts.remote ? at.context.target() : Result<Target>(at.context.vm());
  if (!target) {
    facts.vm.trouble = target.error().message;
    co_return;
  }
  facts.vm.socket = target->place();
  if (facts.remote)
    facts.vm.state = Door::State::answers;
  else
    look_at(facts.vm);
  if (facts.vm.state != Door::State::answers) co_return;
  if (const auto client = co_await enter(io, std::move(*target), facts.vm))
    co_await ask_vm(*client, facts, photo);
}

}  // namespace celeriac::console::doctor
