#include "console/tui/feed.hpp"

#include <algorithm>
#include <format>
#include <utility>

namespace celeriac::console::tui {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Error;
using protocol::Json;
using protocol::Reply;
using protocol::Result;

namespace {

constexpr const char* registers_of_every_host[] = {"position", "trust",  "encoders", "outputs",
                                                   "locked",   "busy",   "firmware", "status",
                                                   "log",      "frames", "serial"};

std::vector<std::string> members_of(const Result<Json>& document) {
  std::vector<std::string> names;
  if (document && document->is_object())
    for (const auto& [name, value] : document->items()) names.push_back(name);
  return names;
}

}  // namespace

Feed::Feed(asio::io_context& io, Tasks& tasks, Model& model, Target vm, Target hypervisor, bool remote,
           Events events)
    : io_(io),
      tasks_(tasks),
      model_(model),
      remote_(remote),
      events_(std::move(events)),
      vm_(io, std::move(vm),
          link_events(model.vm, "VM", [this](auto client) { return watch_vm(std::move(client)); })),
      hypervisor_(io, std::move(hypervisor), link_events(model.hypervisor, "hypervisor", [this](auto client) {
                    return watch_hypervisor(std::move(client));
                  })) {}

void Feed::start() {
  tasks_.start(hypervisor_.keep());
  tasks_.start(vm_.keep());
  tasks_.start(poll_processes());
}

Link::Events Feed::link_events(LinkState& state, const char* who,
                               std::function<Prepared(std::shared_ptr<Client>)> prepare) {
  return {.prepare = std::move(prepare),
          .connected =
              [this, &state, who] {
                if (state.ever)
                  model_.say(protocol::now_milliseconds(), Level::info, std::format("The {} is back.", who));
                state = {.connected = true, .ever = true};
                refresh_names();
                events_.changed();
              },
          .lost =
              [this, &state, who](const Error& why) {
                if (state.connected)
                  model_.say(protocol::now_milliseconds(), Level::error,
                             std::format("The connection to the {} is lost; trying again.", who));
                state.connected = false;
                state.problem = why.message;
                if (&state == &model_.hypervisor) {
                  model_.machine_known = false;
                  events_.hypervisor_lost();
                } else {
                  model_.processes.clear();
                }
                events_.changed();
              },
          .stopped = [this, who](const Result<Reply>& answer) { events_.stopped(who, answer); }};
}

// ---- registers -----------------------------------------------------------------------------------

Feed::Prepared Feed::watch_vm(std::shared_ptr<Client> client) {
  co_return co_await client->watch("log", [this](const Json& entry, std::int64_t) {
    model_.log_arrived(entry);
    events_.changed();
  });
}

Feed::Prepared Feed::watch_hypervisor(std::shared_ptr<Client> client) {
  const auto changed = [this](const Json& status) {
    model_.machine_changed(status);
    events_.changed();
  };
  auto watched =
      co_await client->watch("status", [changed](const Json& status, std::int64_t) { changed(status); });
  if (!watched) co_return watched;
  auto status = co_await client->read("status");
  if (!status) co_return std::unexpected(std::move(status.error()));
  changed(*status);
  // The VM's log has the hypervisor's entries as well; without the VM they come from here.
  if (!remote_)
    co_await client->watch("log", [this](const Json& entry, std::int64_t) {
      if (model_.vm.connected) return;
      model_.log_arrived(entry);
      events_.changed();
    });
  co_return Result<void>();
}

asio::awaitable<void> Feed::poll_processes() {
  while (true) {
    if (const auto client = vm_.client(); client && model_.vm.connected) co_await list_processes(client);
    if (!co_await pass(io_, list_period)) co_return;
  }
}

asio::awaitable<void> Feed::list_processes(std::shared_ptr<Client> client) {
  const auto list = co_await client->ask("PROC.LIST"_op);
  if (!list || client != vm_.client()) co_return;
  model_.processes_listed(list->value("processes", Json::array()));
  co_await follow(client);
  events_.changed();
}

asio::awaitable<void> Feed::follow(std::shared_ptr<Client> client) {
  if (followed_on_.lock() != client) followed_.clear();
  followed_on_ = client;
  std::set<std::uint16_t> wanted;
  for (const auto& process : model_.processes)
    if (!process.ended() && wanted.size() < most_followed) wanted.insert(process.id);
  const auto before = followed_;
  for (const auto id : before) {
    if (wanted.contains(id)) continue;
    followed_.erase(id);
    co_await client->unwatch(std::format("process.{}", id));
  }
  for (const auto id : wanted) {
    if (!followed_.insert(id).second) continue;
    co_await client->watch(std::format("process.{}", id), [this](const Json& stat, std::int64_t) {
      model_.process_changed(stat);
      events_.changed();
    });
  }
}

// ---- raw view ------------------------------------------------------------------------------------

void Feed::raw_arrived(Tap tap, const Json& entry) {
  if (events_.paused()) {
    ++model_.raw_missed;
  } else if (tap == Tap::wire) {
    model_.serial_arrived(entry);
  } else {
    model_.frame_arrived(tap, entry);
  }
  events_.changed();
}

Feed::Prepared Feed::watch_raw(std::shared_ptr<Client> client,
                               std::vector<std::pair<const char*, Tap>> registers) {
  for (const auto& [name, tap] : registers) {
    const auto watched = co_await client->watch(
        name, [this, tap](const Json& entry, std::int64_t) { raw_arrived(tap, entry); });
    if (!watched && watched.error().code == unreachable_code) co_return watched;
    if (!watched)  // an older host: the other registers are worth having
      model_.say(protocol::now_milliseconds(), Level::warn, watched.error().message);
  }
  co_return Result<void>();
}

Link::Events Feed::raw_events(std::vector<std::pair<const char*, Tap>> registers) {
  return {.prepare = [this, registers](
                         std::shared_ptr<Client> client) { return watch_raw(std::move(client), registers); },
          .connected = [] {},
          .lost = [](const Error&) {},
          .stopped = [](const Result<Reply>&) {}};
}

void Feed::raw(bool wanted) {
  if (wanted == (raw_vm_ != nullptr)) return;
  if (!wanted) {
    for (const auto id : std::exchange(raw_tasks_, {})) tasks_.cancel(id);
    ended_.clear();  // of the time before: their tasks have ended long ago
    ended_.push_back(std::move(raw_vm_));
    ended_.push_back(std::move(raw_hypervisor_));
    return;
  }
  raw_vm_ = std::make_unique<Link>(io_, vm_.target(), raw_events({{"frames", Tap::vm}}));
  raw_hypervisor_ =
      std::make_unique<Link>(io_, hypervisor_.target(),
                             remote_ ? raw_events({{"serial", Tap::wire}})
                                     : raw_events({{"frames", Tap::hypervisor}, {"serial", Tap::wire}}));
  raw_tasks_ = {tasks_.start(raw_vm_->keep()), tasks_.start(raw_hypervisor_->keep())};
}

void Feed::clear_raw() {
  model_.raw.clear();
  model_.raw_missed = 0;
}

// ---- names ---------------------------------------------------------------------------------------

void Feed::refresh_names() {
  if (!std::exchange(asking_names_, true)) tasks_.start(ask_names());
}

asio::awaitable<void> Feed::ask_names() {
  Names names;
  for (const auto* name : registers_of_every_host) names.registers.emplace_back(name);
  const auto vm = vm_.client();
  const auto machine = hypervisor_.client();
  if (machine) {
    names.parameters = members_of(co_await machine->ask("SYS.CONFIG_READ"_op, {{"package", 0}}));
    names.settings = members_of(co_await machine->ask("SYS.CONFIG_READ"_op, {{"package", 1}}));
  }
  if (vm) {
    const auto codes = co_await vm->ask("CODE.LIST"_op);
    if (codes)
      for (const auto& code : codes->value("codes", Json::array()))
        names.codes.emplace_back(std::to_string(integer_of(code, "id")), text_of(code, "name"));
  }
  for (const auto& process : model_.processes) {
    names.processes.emplace_back(std::to_string(process.id), process.name);
    names.registers.push_back(std::format("process.{}", process.id));
  }
  for (const auto& output : model_.machine.outputs)
    names.registers.push_back(std::format("pins.{}", output.pin));
  for (const auto& pin : model_.machine.pins) names.registers.push_back(std::format("pins.{}", pin.number));
  for (const auto& parameter : names.parameters) names.registers.push_back("config." + parameter);
  asking_names_ = false;
  names_ = names;
  events_.names(std::move(names));
}

// ---- leases and stops ----------------------------------------------------------------------------

void Feed::keep_alive() {
  const auto client = hypervisor_.client();
  if (!client || alive_on_.lock() == client) return;
  alive_on_ = client;
  tasks_.start(stay_alive(client));
}

asio::awaitable<void> Feed::stay_alive(std::shared_ptr<Client> client) {
  // A host that does not know the operation holds nothing against silence either.
  while (client == hypervisor_.client()) {
    const auto answer = co_await client->call("SYS.KEEP_ALIVE"_op);
    if (!answer) co_return;
    if (!co_await pass(io_, keep_alive_period)) co_return;
  }
}

void Feed::stop() {
  tasks_.start(hypervisor_.stop());
  tasks_.start(vm_.stop());
}

void Feed::cancel_stop() {
  hypervisor_.cancel_stop();
  vm_.cancel_stop();
}

}  // namespace celeriac::console::tui
