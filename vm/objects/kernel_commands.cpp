#include "vm/objects/kernel_commands.hpp"

#include <format>

#include "vm/kernel/records.hpp"
#include "vm/objects/spoken.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Status;

const KernelCommands::Row KernelCommands::rows_[] = {
    {"RunProcess", &KernelCommands::run},          {"KillProcess", &KernelCommands::kill},
    {"GrantCapabilities", &KernelCommands::grant}, {"DropCapabilities", &KernelCommands::drop},
    {"SetOnExit", &KernelCommands::set_on_exit},   {"Debug", &KernelCommands::debug},
};

KernelCommands::KernelCommands(Kernel& kernel, NetworkRelay& relay) : kernel_(kernel), relay_(relay) {
  kernel.offer(system_name("kernel"), "/sys/kernel", *this);
}

void KernelCommands::receive(NativeCall call) {
  if (call.sender != nullptr && call.sender->spec.name == system_name("net")) {
    NativeReply reply;
    reply.content.body = protocol::encode(relay_.arrived(call.message->content.body));
    return call.answer(std::move(reply));
  }
  auto spoken = read_spoken(*call.message);
  if (!spoken) return call.answer(std::unexpected(std::move(spoken.error())));
  for (const Row& row : rows_) {
    if (row.name != spoken->name) continue;
    return (this->*row.serve)(spoken->arguments, [message = call.message, asked = *spoken,
                                                  answer = std::move(call.answer)](Result result) mutable {
      if (!result) return answer(std::unexpected(std::move(result.error())));
      answer(answer_spoken(*message, asked, *result));
    });
  }
  call.answer(fail(Status::unknown_operation, std::format("The kernel has no command {}.", spoken->name)));
}

protocol::Result<KernelProcess*> KernelCommands::process_of(const Json& id) {
  auto name = parse_process_name(id.is_string() ? id.get<std::string>() : "");
  if (!name) return std::unexpected(std::move(name.error()));
  if (KernelProcess* process = kernel_.find(*name)) return process;
  return fail(Status::not_found, std::format("There is no process {}.", name->text()));
}

void KernelCommands::run(const Json& arguments, Done done) {
  auto process = process_of(arguments);
  if (!process) return done(fail(Status::not_found, "RunProcessError"));
  kernel_.run((*process)->id, [done = std::move(done)](const protocol::Result<void>& started) mutable {
    done(Json(started ? "StartedProcess" : "RunProcessError"));
  });
}

void KernelCommands::kill(const Json& arguments, Done done) {
  auto process = process_of(arguments);
  if (!process) return done(std::unexpected(std::move(process.error())));
  kernel_.kill((*process)->id, [arguments, done = std::move(done)](const protocol::Result<void>&) mutable {
    done(Json{{"KilledProcess", arguments}});
  });
}

void KernelCommands::grant(const Json& arguments, Done done) {
  auto process = process_of(arguments.value("target", Json()));
  if (!process) return done(std::unexpected(std::move(process.error())));
  auto capabilities = read_capabilities(arguments.value("capabilities", Json()));
  if (!capabilities) return done(std::unexpected(std::move(capabilities.error())));
  for (const auto& capability : *capabilities) kernel_.grant(**process, capability);
  done(Json::object());
}

void KernelCommands::drop(const Json& arguments, Done done) {
  auto process = process_of(arguments.value("target", Json()));
  if (!process) return done(std::unexpected(std::move(process.error())));
  auto capabilities = read_capabilities(arguments.value("capabilities", Json()));
  if (!capabilities) return done(std::unexpected(std::move(capabilities.error())));
  for (const auto& capability : *capabilities) kernel_.revoke(**process, capability);
  done(Json::object());
}

void KernelCommands::set_on_exit(const Json& arguments, Done done) {
  auto process = process_of(arguments.value("target", Json()));
  if (!process) return done(std::unexpected(std::move(process.error())));
  const Json wanted = arguments.value("on_exit", Json());
  auto on_exit = read_on_exit(wanted == "None"      ? Json("none")
                              : wanted == "Restart" ? Json("restart")
                                                    : wanted,
                              nullptr);
  if (!on_exit) return done(std::unexpected(std::move(on_exit.error())));
  kernel_.set_on_exit(**process, std::move(*on_exit),
                      [done = std::move(done)](const protocol::Result<void>& kept) mutable {
                        done(kept.transform([] { return Json::object(); }));
                      });
}

void KernelCommands::debug(const Json& arguments, Done done) {
  const auto tell = [&](const KernelProcess& process) {
    return Json{{"state", name(process.state)},
                {"on_exit", document(process.spec.on_exit)},
                {"public", process.spec.is_public},
                {"mailbox", process.mailbox.size()},
                {"capabilities", document(process.capabilities.list())}};
  };
  Json told = Json::object();
  if (arguments == "ProcessMap") {
    kernel_.each([&](const KernelProcess& process) { told[process.spec.name.text()] = tell(process); });
  } else if (arguments.contains("Process")) {
    auto process = process_of(arguments["Process"]);
    if (!process) return done(std::unexpected(std::move(process.error())));
    told = tell(**process);
  } else if (arguments.contains("HasCap")) {
    auto process = process_of(arguments["HasCap"].value("on", Json()));
    auto capability = read_capabilities(Json::array({arguments["HasCap"].value("cap", Json())}));
    if (!process) return done(std::unexpected(std::move(process.error())));
    if (!capability) return done(std::unexpected(std::move(capability.error())));
    told = (*process)->capabilities.holds(capability->front());
  } else {
    return done(fail(Status::malformed, "Debug is \"ProcessMap\", {Process: id} or {HasCap: {on, cap}}."));
  }
  done(Json{{"Debug", std::move(told)}});
}

}  // namespace celeriac::vm
