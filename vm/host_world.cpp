#include "vm/host_world.hpp"

#include <boost/asio/post.hpp>
#include <format>

#include "vm/log_entry.hpp"
#include "vm/resource_updates.hpp"
#include "vm/step_log.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Handles of scripts carry it; those of the hypervisor's operations count up from 1.
constexpr std::uint64_t script_bit = std::uint64_t{1} << 63;

}  // namespace

HostWorld::HostWorld(boost::asio::io_context& io, Worker& worker, Assets& assets, CodeStore& store,
                     Hypervisor& hypervisor, RemoteRegisters& remote, LocalOperations& local,
                     protocol::Registers& registers)
    : io_(io),
      assets_(assets),
      store_(store),
      hypervisor_(hypervisor),
      remote_(remote),
      local_(local),
      registers_(registers),
      alarm_(io),
      readings_(assets, remote, registers),
      lua_(io, loop_, hypervisor, remote, local, assets, registers, worker,
           [this](const Operation& operation, std::string_view payload, ProcessId process,
                  Hypervisor::Completion completion) {
             return send(operation, payload, process, std::move(completion));
           }) {}

// ---- operations ----------------------------------------------------------------------------------

std::uint64_t HostWorld::send(const Operation& operation, std::string_view payload, ProcessId process,
                              Hypervisor::Completion completion) {
  static const auto& write = "SYS.WRITE_PIN"_op;
  static const auto& toggle = "SYS.TOGGLE_PIN"_op;
  if (&operation == &write || &operation == &toggle) holding_.insert(number(process));
  say(operation, payload, process);
  return hypervisor_.operate(operation, payload, number(process), std::move(completion));
}

std::uint64_t HostWorld::operate(const Operation& operation, std::string_view payload, Ticket ticket) {
  if (operation.server == protocol::Server::hypervisor) {
    return send(operation, payload, ticket.process, [this, ticket](Reply reply) {
      loop_.answered(ticket, reply.ok() ? Result<double>(reply.value) : std::unexpected(reply.error()));
    });
  }
  const auto arguments = protocol::Arguments::decode(operation, payload);
  if (!arguments) {
    loop_.answered(ticket, std::unexpected(arguments.error()));
    return 0;
  }
  local_.serve(operation, *arguments, source_of(ticket.process),
               [this, &operation, ticket](Result<void> done) {
                 // A sequence from an account goes on where there is none to sync with; a client is told so.
                 static const auto& sync = "SYS.SYNC"_op;
                 if (!done && &operation == &sync && done.error().status == Status::wrong_state) {
                   write_log(registers_, {{"type", "warn"}, {"message", done.error().message}},
                             source_of(ticket.process));
                   done = {};
                 }
                 loop_.answered(ticket, done ? Result<double>(0) : std::unexpected(std::move(done.error())));
               });
  return 0;
}

void HostWorld::say(const Operation& operation, std::string_view payload, ProcessId process) {
  if (!has_line(operation)) return;
  const auto fields = payload.empty() ? Result<Json>(Json::object()) : protocol::from_bson(payload);
  if (!fields) return;
  const auto line = line_of(operation, *fields);
  if (!line->forced && !logs_every_step()) return;
  write_log(registers_, {{"type", line->type}, {"verbosity", line->verbosity}, {"message", line->text}},
            source_of(process));
}

void HostWorld::abort(std::uint64_t call) {
  if ((call & script_bit) != 0)
    lua_.stop(call & ~script_bit);
  else
    hypervisor_.abort(call);
}

void HostWorld::abandon(std::uint64_t call) {
  if ((call & script_bit) != 0)
    lua_.abandon(call & ~script_bit);
  else
    hypervisor_.abandon(call);
}

// A sequence that has run to its end may leave an output on, as people write them; one that was killed or has
// failed did not come to where it would have switched it off.
void HostWorld::ended(const Process& process) {
  if (record_ != nullptr) record_->ended(process.id);
  const auto id = number(process.id);
  if (holding_.erase(id) != 0) hypervisor_.release(id, process.state == State::done);
}

std::uint64_t HostWorld::read_register(const std::string& name, Ticket ticket) {
  // What the account says of the machine goes before the hypervisor's own settings.
  constexpr std::string_view config = "config.";
  if (name.starts_with(config)) {
    Json known = assets_.field(AssetKind::fbos_config, std::string_view(name).substr(config.size()));
    if (!known.is_null()) {
      loop_.register_read(ticket, std::move(known));
      return 0;
    }
  }
  remote_.read(name, [this, ticket](Result<Json> value) { loop_.register_read(ticket, std::move(value)); });
  return 0;
}

std::optional<Result<Sequence>> HostWorld::find_sequence(std::int64_t sequence_id, Ticket ticket) {
  return store_.find_sequence(sequence_id, [this, ticket](Result<Sequence> sequence) {
    loop_.sequence_ready(ticket, std::move(sequence));
  });
}

// ---- scripts and resources -----------------------------------------------------------------------

std::uint64_t HostWorld::run_lua(const Process& process, const std::string& code, Ticket ticket) {
  const LuaId script = lua_.run(process, code, ticket);
  return script == 0 ? 0 : script | script_bit;
}

void HostWorld::pause(std::uint64_t call) {
  lua_.pause(call & ~script_bit);
}

void HostWorld::resume(std::uint64_t call) {
  lua_.resume(call & ~script_bit);
}

std::uint64_t HostWorld::run_script(const Process& process, const celeryscript::ScriptCall& call,
                                    Ticket ticket) {
  static const auto& photo = "SYS.TAKE_PHOTO"_op;
  if (call.label == "take-photo") return operate(photo, {}, ticket);
  const auto error =
      fail(Status::not_found, std::format("The package \"{}\" is not installed: this version runs no scripts "
                                          "but take-photo.",
                                          call.label));
  boost::asio::post(io_, [this, ticket = process.ticket(), error] { loop_.answered(ticket, error); });
  return 0;
}

std::uint64_t HostWorld::update(const Process& process, const celeryscript::DataValue& resource,
                                const celeryscript::ResourceUpdate& update, Ticket ticket) {
  std::vector<std::string> texts;
  for (const auto& [label, value] : update.properties)
    if (value.is_string()) texts.push_back(value.get<std::string>());
  // The program, whose tables hold `update`, may go while registers are read.
  read_template_values(
      remote_, texts,
      [this, ticket, resource, update, source = source_of(process.id)](const TemplateValues& values) {
        const auto change = work_out(assets_, resource, update, values, protocol::now_milliseconds() * 1000);
        if (!change) return loop_.answered(ticket, std::unexpected(change.error()));
        const auto done = change->fields.empty() ? Result<void>()
                                                 : assets_.update(change->kind, change->id, change->fields);
        if (!done)
          return loop_.answered(
              ticket, fail(Status::malformed,
                           std::format("Failed update ({}): Ensure the data is properly formatted. {}",
                                       change->name, done.error().message)));
        for (const std::string& line : change->lines)
          write_log(registers_, {{"message", line}, {"verbosity", 3}}, source);
        loop_.answered(ticket, 0);
      });
  return 0;
}

void HostWorld::pin_was_read(const Process& process, int pin, int mode, double value) {
  readings_.note(pin, mode, value, source_of(process.id));
}

// ---- the log -------------------------------------------------------------------------------------

void HostWorld::log(const Process& process, Json entry) {
  write_log(registers_, std::move(entry), source_of(process.id));
}

void HostWorld::entered(const Process& process) {
  tell_of_sequence(process, "sequence_init_log", "Starting");
}

void HostWorld::completed(const Process& process) {
  tell_of_sequence(process, "sequence_complete_log", "Completed");
}

void HostWorld::tell_of_sequence(const Process& process, std::string_view setting, std::string_view verb) {
  if (!assets_.setting(setting, false)) return;
  const auto& name = *process.top.code->name();
  std::string text = std::format("{} {}", verb, name.empty() ? "sequence" : name);
  if (const auto& iteration = process.top.iteration)
    text = std::format("[{}/{}] {}", iteration->at + 1, iteration->members.size(), text);
  log(process, {{"message", text}, {"verbosity", 2}});
}

// ---- time ----------------------------------------------------------------------------------------

void HostWorld::wake() {
  boost::asio::post(io_, [this] { loop_.turn(); });
}

void HostWorld::set_alarm(Time deadline) {
  if (alarm_.expiry() == deadline && deadline > now()) return;
  alarm_.expires_at(deadline);
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (!error) loop_.run_timers();
  });
}

}  // namespace celeriac::vm
