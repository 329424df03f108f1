#include "tests/reference/bridge.hpp"

#include <algorithm>
#include <format>
#include <stdexcept>

#include "celeryscript/compiler_values.hpp"
#include "protocol/document.hpp"

namespace celeriac::reference {

using protocol::Result;
using protocol::Status;
using vm::Code;
using vm::CodeId;
using vm::Process;
using vm::Sequence;
using vm::Ticket;

namespace {

/// No run of a generated account takes as many turns.
constexpr int most_turns = 1'000'000;

Ending ending(const Process& process) {
  if (!process.error) return {};
  return {.good = false, .reason = process.error->message, .others = {}};
}

}  // namespace

std::shared_ptr<Code> Bridge::compile(const Json& document) {
  auto made = Code::make(document.dump());
  if (!made) throw std::runtime_error(std::format("{} at {}", made.error().message, made.error().path));
  return *made;
}

vm::ProcessId Bridge::start() {
  Json given = Json::array();
  for (const auto& [label, value] : account_.given)
    given.push_back({{"kind", "parameter_application"}, {"args", {{"label", label}, {"data_value", value}}}});
  const auto id = loop.start({CodeId{1}, compile(account_.root)},
                             {.variables = celeryscript::applications_of_items(given).value(),
                              .variables_win = account_.given_wins})
                      .value();
  if (!loop.run(id)) throw std::logic_error("a new process does not run");
  return id;
}

bool Bridge::advance() {
  if (const auto asked = std::exchange(lock_asked_, std::nullopt)) {
    loop.set_locked(true);
    loop.engage_lock();
    loop.answered(*asked, 0.0);
  } else if (std::exchange(awake_, false)) {
    loop.turn();
  } else if (const auto alarm = std::exchange(alarm_, std::nullopt)) {
    time_ = std::max(time_, *alarm);
    tiny_.elapsed_ms = std::chrono::duration<double, std::milli>(time_.time_since_epoch()).count();
    loop.run_timers();
  } else {
    return false;
  }
  return true;
}

Ending Bridge::run() {
  const auto id = start();
  for (int turns = 0; turns < most_turns; ++turns) {
    if (process(id).ended()) return ending(process(id));
    if (!advance())
      return {.good = false, .reason = "the process waits for nothing that comes: at " + process(id).path()};
  }
  return {.good = false, .reason = "the process does not end"};
}

std::uint64_t Bridge::operate(const protocol::Operation& operation, std::string_view payload, Ticket ticket) {
  const auto fields = payload.empty() ? Json::object() : protocol::from_bson(payload).value();
  auto done = tiny_.operate(operation, fields);
  if (tiny_.locked)
    lock_asked_ = ticket;
  else
    loop.answered(ticket, std::move(done));
  return 0;
}

std::uint64_t Bridge::read_register(const std::string& name, Ticket ticket) {
  loop.register_read(ticket, value_of(name));
  return 0;
}

Json Bridge::value_of(const std::string& name) const {
  const auto& at = tiny_.position;
  const auto known = [](double value) { return std::isnan(value) ? Json() : Json(value); };
  if (name == "position") return {{"x", known(at[0])}, {"y", known(at[1])}, {"z", known(at[2])}};
  if (name == "config.safe_height") return tiny_.assets.setting("safe_height", 0.0);
  if (name.starts_with("pins.")) {
    const auto pin = tiny_.pins.find(std::stoi(name.substr(5)));
    return pin == tiny_.pins.end() ? Json() : Json(pin->second);
  }
  throw std::logic_error("a sequence reads the register " + name);
}

std::optional<Result<Sequence>> Bridge::find_sequence(std::int64_t id, Ticket) {
  const auto stored = account_.sequences.find(id);
  if (stored == account_.sequences.end())
    return protocol::fail(Status::not_found, "sequence not found: there is none with this id.");
  auto& code = compiled_[id];
  if (!code) code = compile(stored->second);
  return Sequence{CodeId{static_cast<std::uint16_t>(id)}, code};
}

std::uint64_t Bridge::run_lua(const Process&, const std::string& code, Ticket ticket) {
  auto values = tiny_.lua(code);
  if (values)
    loop.script_done(ticket, vm::LuaResult{.count = values->count, .first = values->first});
  else
    loop.script_done(ticket, std::unexpected(values.error()));
  return 0;
}

std::uint64_t Bridge::run_script(const Process&, const celeryscript::ScriptCall& call, Ticket ticket) {
  Json environment = Json::array();
  for (const auto& [label, value] : call.environment) environment.push_back({label, value});
  loop.answered(ticket, tiny_.script(call.label, environment));
  return 0;
}

std::uint64_t Bridge::update(const Process&, const celeryscript::DataValue& resource,
                             const celeryscript::ResourceUpdate& update, Ticket ticket) {
  Json properties = Json::array();
  for (const auto& [label, value] : update.properties) properties.push_back({label, value});
  loop.answered(ticket, tiny_.update(celeryscript::to_node(resource), properties));
  return 0;
}

void Bridge::log(const Process&, Json entry) {
  // Of the log, only what is part of a step's meaning.
  if (entry.at("type") == "assertion") tiny_.log("assertion", entry.at("message").get<std::string>());
}

}  // namespace celeriac::reference
