#include "vm/services/schedule_service.hpp"

#include <utility>

#include "celeryscript/compiler_values.hpp"
#include "vm/log_entry.hpp"
#include "vm/services/stored_sequence.hpp"

namespace celeriac::vm {

using nlohmann::json;
using protocol::Arguments;
using protocol::Request;
using protocol::Responder;
using protocol::Result;
using namespace protocol::literals;

namespace {

constexpr const char* note_name = "schedule";

}  // namespace

ScheduleService::ScheduleService(boost::asio::io_context& io, Worker& worker, Image& image, Assets& assets,
                                 CodeStore& store, StepLoop& loop, RemoteRegisters& remote,
                                 protocol::Registers& registers)
    : worker_(worker), image_(image), store_(store), loop_(loop), registers_(registers), alarm_(io, [this] {
        if (!closed_) scheduler_->look();
      }) {
  const auto state = image_.note(note_name);
  if (!state) log("warn", 1, "The schedule's notes cannot be read: " + state.error().message);
  scheduler_ = std::make_unique<Scheduler>(*this, assets, state.value_or(""));
  alarm_.set(now());
  remote.watch("firmware", [this](const json& firmware) {
    if (!closed_ && firmware.is_object() && firmware.value("state", json()) == "ready")
      scheduler_->machine_ready();
  });
}

void ScheduleService::install(protocol::Dispatcher& dispatcher) {
  dispatcher.on("SCHEDULE.LIST"_op, [this](Request& request, Responder responder) {
    list(request.arguments, std::move(responder));
  });
  dispatcher.on("SCHEDULE.SKIP"_op, [this](Request& request, Responder responder) {
    skip(request.arguments, std::move(responder));
  });
}

void ScheduleService::close() {
  closed_ = true;
  alarm_.set(std::nullopt);
}

// ---- the world ------------------------------------------------------------------------------------

void ScheduleService::start(std::int64_t sequence_id, json applications, std::string name, Started started,
                            Ended ended) {
  auto variables = celeryscript::applications_of_items(applications);
  if (!variables) return ended(std::unexpected(std::move(variables.error())));
  run_stored_sequence(
      store_, loop_, sequence_id,
      {.name = std::move(name), .variables = std::move(*variables), .variables_win = true},
      [started = std::move(started)](ProcessId id) mutable { started(number(id)); }, std::move(ended));
}

std::string ScheduleService::sequence_name(std::int64_t sequence_id) const {
  return store_.sequence_name(sequence_id);
}

WallTime ScheduleService::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void ScheduleService::save(std::string state, Saved saved) {
  worker_.run([&image = image_, state = std::move(state)] { return image.set_note(note_name, state); },
              std::move(saved));
}

void ScheduleService::log(std::string_view type, int verbosity, std::string message) {
  write_log(registers_, {{"type", type}, {"verbosity", verbosity}, {"message", std::move(message)}},
            "schedule");
}

// ---- for clients ----------------------------------------------------------------------------------

json ScheduleService::times_of(WallTime time) const {
  return {{"at", time.time_since_epoch().count()}, {"local", shown(time, scheduler_->zone())}};
}

void ScheduleService::list(const Arguments& arguments, Responder responder) const {
  const auto event = arguments.has("event_id") ? std::optional(arguments.integer("event_id")) : std::nullopt;
  auto entries = json::array();
  for (const Entry& entry :
       scheduler_->upcoming(static_cast<std::size_t>(arguments.integer("count")), event)) {
    json row = times_of(entry.due.moment.at);
    row["event_id"] = entry.due.event_id;
    row["kind"] = entry.is_regimen ? "regimen" : "sequence";
    row["name"] = entry.name;
    row["sequence_id"] = entry.sequence_id;
    row["state"] = name(entry.prospect);
    if (entry.process != 0) row["process"] = entry.process;
    entries.push_back(std::move(row));
  }
  responder.document({{"now", times_of(now())},
                      {"timezone", scheduler_->zone().name()},
                      {"clock_is_set", scheduler_->clock_is_set()},
                      {"entries", std::move(entries)}});
}

void ScheduleService::skip(const Arguments& arguments, Responder responder) {
  const auto at = arguments.has("at")
                      ? std::optional(WallTime(std::chrono::milliseconds(arguments.integer("at"))))
                      : std::nullopt;
  scheduler_->skip(arguments.integer("event_id"), at,
                   [this, held = std::move(responder)](Result<Due> due) mutable {
                     if (!due) return held.fail(due.error());
                     json row = times_of(due->moment.at);
                     row["event_id"] = due->event_id;
                     held.document(row);
                   });
}

}  // namespace celeriac::vm
