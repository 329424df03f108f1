#include "vm/objects/sequences.hpp"

#include <charconv>
#include <format>

#include "celeryscript/compiler_values.hpp"
#include "vm/sequences/process_document.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Status;

namespace {

/// What "farmbot." or a package may put in front of a name.
std::string_view plain(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

std::optional<std::uint16_t> number_of(std::string_view text) {
  std::uint16_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

const SequenceObjects::Row SequenceObjects::rows_[] = {
    {"pause", "PROC.PAUSE", &SequenceObjects::pause},  {"run", "PROC.RUN", &SequenceObjects::run},
    {"kill", "PROC.KILL", &SequenceObjects::kill},     {"wait", "PROC.WAIT", &SequenceObjects::wait},
    {"status", "PROC.STAT", &SequenceObjects::status},
};

SequenceObjects::SequenceObjects(Kernel& kernel, CodeStore& store, StepLoop& loop)
    : kernel_(kernel), store_(store), loop_(loop) {
  kernel.offer(std::nullopt, "/code", *this);
  kernel.offer(std::nullopt, "/proc", *this);
}

Answer SequenceObjects::answer(Done done) {
  auto held = std::make_shared<Done>(std::move(done));
  return {.give =
              [held](const protocol::Result<void>& result) {
                (*held)(result.transform([] { return Json::object(); }));
              },
          .abandoned = [] { return false; }};
}

void SequenceObjects::receive(NativeCall call) {
  if (call.sender == nullptr)
    return call.answer(fail(Status::denied, "Sequences take no orders from other nodes."));
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  const bool is_code = call.message->target_path.starts_with("/code");
  const std::string_view what = plain(spoken->name), which = call.rest.substr(call.rest.empty() ? 0 : 1);
  const Row* row = nullptr;
  for (const Row& known : rows_)
    if (!is_code && known.name == what) row = &known;
  if (row == nullptr && !(is_code && what == "start"))
    return call.answer(fail(Status::unknown_operation, std::format("{} knows nothing called {}.",
                                                                   call.message->target_path, spoken->name)));
  const auto& operation = *protocol::find_operation(row != nullptr ? row->operation : "PROC.START");
  if (auto may = kernel_.may_operate(*call.sender, operation, Json::object()); !may)
    return call.answer(std::unexpected(std::move(may.error())));
  Done done = [message = call.message, asked = *spoken,
               reply = std::move(call.answer)](Result result) mutable {
    if (!result) return reply(std::unexpected(std::move(result.error())));
    reply(answer_spoken(*message, asked, *result));
  };
  if (row == nullptr) return start(which, spoken->arguments, std::move(done));
  const auto id = number_of(which);
  if (!id) return done(fail(Status::not_found, std::format("There is no process {}.", which)));
  (this->*row->serve)(ProcessId{*id}, std::move(done));
}

void SequenceObjects::start(std::string_view which, const Json& arguments, Done done) {
  auto variables = celeryscript::applications_of(
      arguments.is_object() ? arguments.value("args", Json::object()) : Json::object());
  if (!variables) return done(std::unexpected(std::move(variables.error())));
  const auto wanted = number_of(which);
  for (const CodeEntry& entry : store_.list()) {
    if (entry.name != which && (!wanted || entry.resource_id != *wanted)) continue;
    return store_.load(entry.id, [this, variables = std::move(*variables),
                                  done = std::move(done)](protocol::Result<Sequence> sequence) mutable {
      if (!sequence) return done(std::unexpected(std::move(sequence.error())));
      const auto id = loop_.start(std::move(*sequence), {.variables = std::move(variables)});
      if (!id) return done(std::unexpected(id.error()));
      if (auto ran = loop_.run(*id); !ran) return done(std::unexpected(std::move(ran.error())));
      done(Json{{"process", number(*id)}});
    });
  }
  done(fail(Status::not_found, std::format("There is no sequence {}.", which)));
}

void SequenceObjects::run(ProcessId id, Done done) {
  done(loop_.run(id).transform([] { return Json::object(); }));
}

void SequenceObjects::status(ProcessId id, Done done) {
  auto process = loop_.find(id);
  if (!process) return done(std::unexpected(std::move(process.error())));
  done(document(**process, loop_.motion_owner()));
}

}  // namespace celeriac::vm
