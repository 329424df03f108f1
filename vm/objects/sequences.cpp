#include "vm/objects/sequences.hpp"

#include <algorithm>
#include <charconv>
#include <format>
#include <vector>

#include "celeryscript/compiler_values.hpp"
#include "protocol/words.hpp"
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
    {"start", "PROC.START", About::sequence, &SequenceObjects::start},
    {"pause", "PROC.PAUSE", About::process, &SequenceObjects::pause},
    {"run", "PROC.RUN", About::process, &SequenceObjects::run},
    {"kill", "PROC.KILL", About::process, &SequenceObjects::kill},
    {"wait", "PROC.WAIT", About::process, &SequenceObjects::wait},
    {"status", "PROC.STAT", About::process, &SequenceObjects::status},
    {"list", "PROC.LIST", About::all, &SequenceObjects::list},
};

SequenceObjects::SequenceObjects(Kernel& kernel, CodeStore& store, StepLoop& loop)
    : kernel_(kernel), store_(store), loop_(loop) {
  kernel.offer(system_name("sequences"), "/code", *this);
  kernel.offer(system_name("sequences"), "/proc", *this);
}

Answer SequenceObjects::answer(Done done) {
  auto held = std::make_shared<Done>(std::move(done));
  return {.give =
              [held](const protocol::Result<void>& result) {
                (*held)(result.transform([] { return Json::object(); }));
              },
          .abandoned = [] { return false; }};
}

protocol::Result<SequenceObjects::Subject> SequenceObjects::subject(const NativeCall& call, const Row& row,
                                                                    const Json& arguments) {
  const std::string& path = call.message->target_path;
  const bool has_path = !path.empty();
  if (has_path && path.starts_with("/code") != (row.about == About::sequence))
    return fail(Status::unknown_operation, std::format("{} knows nothing called {}.", path, row.name));
  Subject subject;
  if (row.about == About::all) return subject;
  const char* key = row.about == About::sequence ? "sequence" : "process";
  const auto given = arguments.is_object() ? arguments.find(key) : arguments.end();
  if (has_path)
    subject.name = call.rest.substr(call.rest.empty() ? 0 : 1);
  else if (arguments.is_object() && given != arguments.end() && given->is_string())
    subject.name = given->get<std::string>();
  else if (arguments.is_object() && given != arguments.end() && given->is_number_unsigned())
    subject.name = given->dump();
  else
    return fail(Status::malformed,
                std::format("{} needs `{}`: {{\"{}\": {{\"{}\": {}}}}}.", row.name, key, row.name, key,
                            row.about == About::sequence ? "\"Water\"" : "12"));
  if (row.about == About::sequence) return subject;
  const auto id = number_of(subject.name);
  if (!id)
    return fail(Status::not_found, std::format("There is no process {}.", protocol::shown(subject.name)));
  subject.process = ProcessId{*id};
  return subject;
}

void SequenceObjects::receive(NativeCall call) {
  if (call.sender == nullptr)
    return call.answer(fail(Status::denied, "Sequences take no orders from other nodes."));
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  const auto row = std::ranges::find(rows_, plain(spoken->name), &Row::name);
  if (row == std::end(rows_))
    return call.answer(fail(Status::unknown_operation,
                            std::format("Sequences know nothing called {}.", protocol::shown(spoken->name))));
  auto about = subject(call, *row, spoken->arguments);
  if (!about) return call.answer(std::unexpected(std::move(about.error())));
  const auto& operation = *protocol::find_operation(row->operation);
  if (auto may = kernel_.may_operate(*call.sender, operation, Json::object()); !may)
    return call.answer(std::unexpected(std::move(may.error())));
  Done done = [message = call.message, asked = *spoken,
               reply = std::move(call.answer)](Result result) mutable {
    if (!result) return reply(std::unexpected(std::move(result.error())));
    reply(answer_spoken(*message, asked, *result));
  };
  (this->*row->serve)(*about, spoken->arguments, std::move(done));
}

void SequenceObjects::start(const Subject& subject, const Json& arguments, Done done) {
  const std::string& which = subject.name;
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
  done(fail(Status::not_found, std::format("There is no sequence {}.", protocol::shown(which))));
}

void SequenceObjects::pause(const Subject& subject, const Json&, Done done) {
  loop_.pause(subject.process, answer(std::move(done)));
}

void SequenceObjects::run(const Subject& subject, const Json&, Done done) {
  done(loop_.run(subject.process).transform([] { return Json::object(); }));
}

void SequenceObjects::kill(const Subject& subject, const Json&, Done done) {
  loop_.kill(subject.process, answer(std::move(done)));
}

void SequenceObjects::wait(const Subject& subject, const Json&, Done done) {
  loop_.wait(subject.process, answer(std::move(done)));
}

void SequenceObjects::status(const Subject& subject, const Json&, Done done) {
  auto process = loop_.find(subject.process);
  if (!process) return done(std::unexpected(std::move(process.error())));
  done(document(**process, loop_.motion_owner()));
}

void SequenceObjects::list(const Subject&, const Json& arguments, Done done) {
  const auto name = arguments.is_object() ? arguments.find("name") : arguments.end();
  const bool of_one_name = arguments.is_object() && name != arguments.end();
  std::vector<Process*> wanted;
  loop_.table().each([&](Process& process) {
    const std::string& called = process.given_name ? *process.given_name : *process.code_name;
    if (!of_one_name || *name == called) wanted.push_back(&process);
  });
  if (wanted.size() > max_listed_sequences)
    return done(
        fail(Status::out_of_resources,
             std::format("{} processes are more than one answer tells about: ask for those of one name.",
                         wanted.size())));
  Json processes = Json::array();
  for (Process* process : wanted) processes.push_back(document(*process, loop_.motion_owner()));
  done(Json{{"processes", std::move(processes)}});
}

}  // namespace celeriac::vm
