#include "vm/services/register_service.hpp"

#include <charconv>
#include <format>

#include "vm/sequences/process_document.hpp"

namespace celeriac::vm {

using protocol::Json;
using protocol::Registers;
using protocol::Result;
using protocol::Status;

namespace {

constexpr std::string_view process_prefix = "process.";
constexpr const char* status_name = "status";

std::string register_of(const Process& process) {
  return std::format("{}{}", process_prefix, number(process.id));
}

}  // namespace

RegisterService::RegisterService(boost::asio::io_context& io, Registers& registers, Hypervisor& hypervisor,
                                 RemoteRegisters& remote, HostWorld& world, CodeStore& store)
    : registers_(registers),
      hypervisor_(hypervisor),
      remote_(remote),
      world_(world),
      store_(store),
      status_timer_(io) {
  registers_.resolve_with([this](const std::string& name, Ready ready) { resolve(name, std::move(ready)); });
  world_.on_changed([this](Process& process) {
    if (process.watched) registers_.touch(register_of(process));
    status_changed();
  });
  world_.on_failed([this](const Process& process) { log_failure(process); });
  world_.loop().table().on_forget([this](Process& process) {
    if (process.watched) registers_.remove(register_of(process));
  });
  // The emergency lock ends processes, so it is watched always; the hypervisor's log becomes part of ours.
  remote_.watch("locked", [this](const Json& value) {
    world_.loop().set_locked(value.is_boolean() && value.get<bool>());
  });
  remote_.watch(
      "log",
      [this](const Json& entry) {
        if (entry.is_object()) registers_.log(entry);
      },
      RemoteRegisters::Begin::with_the_next);
  hypervisor_.on_link([this](bool up) {
    if (!up)
      for (const auto& name : mirrored_) registers_.touch(name);
    status_changed();
  });
}

void RegisterService::resolve(const std::string& name, Ready ready) {
  if (name.starts_with(process_prefix)) return resolve_process(name, std::move(ready));
  if (name == status_name) return resolve_status(std::move(ready));
  resolve_remote(name, std::move(ready));
}

void RegisterService::resolve_process(const std::string& name, Ready ready) {
  std::uint16_t id = 0;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + process_prefix.size(), end, id);
  Process* process =
      read.ec == std::errc() && read.ptr == end ? world_.loop().table().find(ProcessId{id}) : nullptr;
  // The name must be the one spelling, so that no process has two registers: "process.07" is none.
  if (process == nullptr || register_of(*process) != name)
    return ready(protocol::fail(Status::not_found,
                                std::format("There is no register \"{}\": there is no such process.", name)));
  process->watched = true;
  registers_.provide(name, [this, process_id = process->id](Registers::Value value) {
    const auto found = world_.loop().find(process_id);
    if (!found) return value(std::unexpected(found.error()));
    value(document(**found, world_.loop().motion_owner()));
  });
  ready({});
}

void RegisterService::resolve_remote(const std::string& name, Ready ready) {
  auto changed = [this, name](const Json&) { registers_.touch(name); };
  remote_.watch(name, std::move(changed), [this, name, ready = std::move(ready)](Result<void> open) mutable {
    if (open && !registers_.contains(name)) {
      mirrored_.push_back(name);
      registers_.provide(name,
                         [this, name](Registers::Value value) { remote_.read(name, std::move(value)); });
    }
    ready(std::move(open));
  });
}

void RegisterService::log_failure(const Process& process) {
  const std::string& name = process.given_name ? *process.given_name : *process.code_name;
  registers_.log({{"time", protocol::now_milliseconds()},
                  {"level", "error"},
                  {"type", "error"},
                  {"verbosity", 2},
                  {"channels", Json::array()},
                  {"source", std::format("process {}", number(process.id))},
                  {"path", process.error->path},
                  {"message", std::format("{} failed: {}", name.empty() ? "The sequence" : name,
                                          process.error->message)}});
}

// ---- status --------------------------------------------------------------------------------------

void RegisterService::resolve_status(Ready ready) {
  registers_.provide(status_name, [this](Registers::Value value) { read_status(std::move(value)); });
  remote_.watch(status_name, [this](const Json&) { status_changed(); });
  world_.loop().report_all(true);
  ready({});
}

void RegisterService::read_status(Registers::Value value) {
  remote_.read(status_name, [this, value = std::move(value)](Result<Json> tree) mutable {
    Json status = own_status();
    if (tree && tree->is_object()) status.update(*tree);
    value(std::move(status));
  });
}

Json RegisterService::own_status() const {
  auto processes = Json::array();
  auto& loop = world_.loop();
  loop.table().each([&](Process& process) {
    if (!process.ended() && processes.size() < max_status_processes)
      processes.push_back(document(process, loop.motion_owner()));
  });
  const auto owner = loop.motion_owner();
  return {{"processes", std::move(processes)},
          {"vm",
           {{"version", CELERIAC_VERSION},
            {"started", started_},
            {"codes", store_.list().size()},
            {"processes", loop.table().live()},
            {"motion_owner", owner != no_process ? Json(number(owner)) : Json()},
            {"hypervisor", hypervisor_.connected() ? "connected" : "offline"}}}};
}

void RegisterService::status_changed() {
  if (std::exchange(status_stale_, true)) return;
  status_timer_.expires_after(status_period);
  status_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    status_stale_ = false;
    registers_.touch(status_name);
  });
}

}  // namespace celeriac::vm
