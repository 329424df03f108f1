// Who may do what.

#include <algorithm>
#include <format>

#include "vm/kernel/kernel.hpp"

namespace celeriac::vm {

using protocol::Capability;
using protocol::fail;
using protocol::Result;
using protocol::Status;

namespace {

/// Capabilities of messages that a process may still save.
constexpr std::size_t max_offered = 1024;

/// Fields of operations that a capability for the hardware may be narrowed to: one pin of the board, one GPIO
/// line of the computer.
constexpr const char* narrowing_fields[] = {"pin", "line"};

}  // namespace

Capability Kernel::messaging(const ProcessName& target) const {
  return {address_of(target).text(), std::string(messaging_params)};
}

Capability Kernel::resolved(Capability capability) const {
  if (const auto at = capability.issuer.find('@'); capability.issuer.substr(0, at) == our)
    capability.issuer = options_.node + capability.issuer.substr(at);
  return capability;
}

bool Kernel::grant(KernelProcess& process, const Capability& capability) {
  if (!process.capabilities.add(resolved(capability))) return false;
  world_.keep(process, [](const Result<void>&) {});
  return true;
}

bool Kernel::revoke(KernelProcess& process, const Capability& taken) {
  const Capability capability = resolved(taken);
  if (!process.capabilities.remove(capability)) return false;
  // Nor may it save it again from a message, however that has spelt it.
  std::erase_if(process.offered, [&](const Capability& other) {
    return other.issuer == capability.issuer && canonical(other.params) == canonical(capability.params);
  });
  // Topics that it may not hear any more are not heard any more.
  for (const auto& topic : std::vector(process.topics))
    if (!may_use_topic(process, topic, "subscribe")) unsubscribe(process, topic);
  world_.keep(process, [](const Result<void>&) {});
  return true;
}

void Kernel::save(KernelProcess& process, const std::vector<Capability>& capabilities, Done done) {
  for (const auto& wanted : capabilities) {
    const Capability capability = resolved(wanted);
    const auto same = [&](const Capability& other) {
      return other.issuer == capability.issuer && canonical(other.params) == canonical(capability.params);
    };
    if (capability.issuer != process.address && std::ranges::none_of(process.offered, same)) {
      world_.print(&process, 0,
                   std::format("wanted to save a capability of {} that it has never been given: ignored.",
                               capability.issuer));
      continue;
    }
    process.capabilities.add(capability);
  }
  world_.keep(process, std::move(done));
}

void Kernel::drop(KernelProcess& process, const std::vector<Capability>& capabilities, Done done) {
  for (const auto& capability : capabilities) process.capabilities.remove(resolved(capability));
  world_.keep(process, std::move(done));
}

/// Only what the sender issues or holds goes along.
void Kernel::filter(const KernelProcess& sender, protocol::Content& content) const {
  std::erase_if(content.capabilities, [&](Capability& capability) {
    capability = resolved(std::move(capability));
    return sender.spec.kind != ProcessKind::client && capability.issuer != sender.address &&
           !sender.capabilities.holds(capability);
  });
}

void Kernel::note_offered(KernelProcess& process, const protocol::Content& content) {
  for (const auto& capability : content.capabilities) {
    if (process.offered.size() == max_offered) process.offered.pop_front();
    process.offered.push_back(capability);
  }
}

Result<void> Kernel::may_operate(const KernelProcess& process, const protocol::Operation& operation,
                                 const nlohmann::json& fields) const {
  if (process.spec.kind == ProcessKind::client) return {};
  const auto reaches = [&](const nlohmann::json& params, const char* what) {
    const auto wanted = params.find(what), asked = fields.find(what);
    return wanted == params.end() || (asked != fields.end() && *asked == *wanted);
  };
  const bool allowed = process.capabilities.any_of(
      address_of(system_name("hardware")).text(), [&](const nlohmann::json& params) {
        return params.is_object() && params.value("operation", nlohmann::json()) == operation.long_name &&
               std::ranges::all_of(narrowing_fields, [&](const char* what) { return reaches(params, what); });
      });
  if (allowed) return {};
  std::string where;
  for (const char* const what : narrowing_fields)
    if (const auto asked = fields.find(what); asked != fields.end())
      where = std::format(" on {} {}", what, asked->dump());
  return fail(Status::denied, std::format("{} may not do {}{}: it holds no capability for it.",
                                          process.spec.name.text(), operation.long_name, where));
}

Result<void> Kernel::may_use_topic(const KernelProcess& process, const std::string& topic,
                                   std::string_view kind) const {
  if (process.spec.kind == ProcessKind::client) return {};
  const bool allowed =
      process.capabilities.any_of(address_of(system_name("topic")).text(), [&](const nlohmann::json& params) {
        return params.is_object() && params.value("topic", nlohmann::json()) == topic &&
               params.value("kind", nlohmann::json()) == kind;
      });
  if (allowed) return {};
  return fail(Status::denied, std::format("{} may not {} the topic {}: it holds no capability for it.",
                                          process.spec.name.text(),
                                          kind == "publish" ? "publish on" : "subscribe to", topic));
}

}  // namespace celeriac::vm
