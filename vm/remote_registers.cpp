#include "vm/remote_registers.hpp"

#include <utility>

namespace celeriac::vm {

using protocol::Json;
using protocol::Reply;
using protocol::Result;
using namespace protocol::literals;

RemoteRegisters::RemoteRegisters(Hypervisor& hypervisor) : hypervisor_(hypervisor) {
  hypervisor_.on_link([this](bool up) { linked(up); });
  hypervisor_.on_register([this](std::uint16_t id, const Json& value) {
    const auto name = names_.find(id);
    if (name == names_.end()) return;
    tell(std::string(name->second), value);
  });
}

void RemoteRegisters::tell(const std::string& name, const Json& value) {
  const auto remote = remotes_.find(name);
  if (remote == remotes_.end()) return;
  const auto watchers = remote->second.changed;  // one of them may add another
  for (const auto& changed : watchers) changed(value);
}

void RemoteRegisters::linked(bool up) {
  if (!up) {
    names_.clear();
    for (auto& [name, remote] : remotes_) remote.id = 0;
    return;
  }
  for (auto& [name, remote] : remotes_)
    if (!remote.changed.empty()) begin_watch(name);
}

void RemoteRegisters::with_open(const std::string& name, Ready then) {
  Remote& remote = remotes_[name];
  if (remote.id != 0) return then({});
  remote.waiting.push_back(std::move(then));
  if (std::exchange(remote.opening, true)) return;
  const auto payload = protocol::encode("REGISTER.NEW"_op, {{"name", name}});
  if (!payload) return opened(name, {.status = static_cast<std::uint16_t>(protocol::Status::malformed)});
  hypervisor_.send("REGISTER.NEW"_op, *payload, 0, [this, name](Reply reply) { opened(name, reply); });
}

void RemoteRegisters::opened(const std::string& name, const Reply& reply) {
  const auto found = remotes_.find(name);
  if (found == remotes_.end()) return;
  Remote& remote = found->second;
  remote.opening = false;
  auto waiting = std::exchange(remote.waiting, {});
  Result<void> result;
  if (reply.ok()) {
    remote.id = reply.value;
    names_[reply.value] = name;
  } else {
    result = std::unexpected(reply.error());
    if (remote.changed.empty()) remotes_.erase(found);
  }
  for (auto& then : waiting) then(result);
}

void RemoteRegisters::read(const std::string& name, Value value) {
  with_open(name, [this, name, value = std::move(value)](Result<void> open) mutable {
    if (!open) return value(std::unexpected(std::move(open.error())));
    hypervisor_.send("REGISTER.READ"_op, protocol::encode_id(remotes_[name].id), 0,
                     [value = std::move(value)](Reply reply) mutable {
                       if (!reply.ok()) return value(std::unexpected(reply.error()));
                       auto document = reply.document();
                       if (!document) return value(std::unexpected(std::move(document.error())));
                       value(document->value("value", Json()));
                     });
  });
}

void RemoteRegisters::begin_watch(const std::string& name) {
  with_open(name, [this, name](Result<void> open) {
    if (!open) return;
    hypervisor_.send("REGISTER.WATCH"_op, protocol::encode_id(remotes_[name].id), 0, [](Reply) {});
    // A watch begins with the next change; what is true already has to be asked for.
    if (remotes_[name].begin == Begin::with_the_next) return;
    read(name, [this, name](Result<Json> value) {
      if (value) tell(name, *value);
    });
  });
}

void RemoteRegisters::watch(const std::string& name, Changed changed, Begin begin) {
  Remote& remote = remotes_[name];
  remote.changed.push_back(std::move(changed));
  remote.begin = begin;
  if (hypervisor_.connected()) begin_watch(name);
}

void RemoteRegisters::watch(const std::string& name, Changed changed, Ready ready) {
  with_open(name,
            [this, name, changed = std::move(changed), ready = std::move(ready)](Result<void> open) mutable {
              if (open) watch(name, std::move(changed));
              ready(std::move(open));
            });
}

}  // namespace celeriac::vm
