// ps, pause, resume, step, kill, wait: processes of the VM.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/commands/perform.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Json;

namespace {

asio::awaitable<Exit> list_processes(Context& context, bool running_only) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  auto answer = co_await (*client)->ask("PROC.LIST"_op);
  if (!answer) co_return context.failed(answer.error());
  Json processes = answer->value("processes", Json::array());
  if (running_only)
    std::erase_if(processes.get_ref<Json::array_t&>(),
                  [](const Json& process) { return ProcessStatus::of(process).ended(); });
  co_return context.done({{"processes", processes}}, processes.empty()
                                                         ? "no processes: `celeriac run FILE` starts one"
                                                         : process_table(processes));
}

std::shared_ptr<std::uint16_t> add_id(CLI::App& app) {
  auto id = std::make_shared<std::uint16_t>();
  app.add_option("id", *id, "Number of the process, as `celeriac ps` shows it")
      ->type_name("ID")
      ->required()
      ->check(CLI::Range(1, 65535, "1 to 65535"));
  return id;
}

/// A command that is one operation on one process, and tells its state afterwards.
asio::awaitable<Exit> control(Context& context, const protocol::Operation& operation, std::uint16_t id,
                              const char* done) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto reply = co_await (*client)->call(operation, {{"id", id}});
  if (!reply) co_return context.failed(reply.error());
  const auto stat = co_await (*client)->ask("PROC.STAT"_op, {{"id", id}});
  std::string text = std::format("process {} {}", id, done);
  if (stat) {
    const auto status = ProcessStatus::of(*stat);
    if (!status.ended() && !status.path.empty()) text += std::format(", next is {}", status.path);
  }
  co_return context.done(stat ? *stat : Json{{"id", id}}, text);
}

Action declare_control(CLI::App& app, const protocol::Operation& operation, const char* done) {
  auto id = add_id(app);
  return [id, &operation, done](Context& context) { return control(context, operation, *id, done); };
}

asio::awaitable<Exit> wait_for_end(Context& context, std::uint16_t id) {
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  const auto reply = co_await (*client)->call("PROC.WAIT"_op, {{"id", id}});
  if (!reply) co_return context.failed(reply.error());
  const auto stat = co_await (*client)->ask("PROC.STAT"_op, {{"id", id}});
  co_return context.done(stat ? *stat : Json{{"id", id}, {"state", "done"}},
                         std::format("process {} is done", id));
}

}  // namespace

Action declare_ps(CLI::App& app) {
  auto running = std::make_shared<bool>(false);
  app.add_flag("--running", *running, "Only those that have not ended");
  return [running](Context& context) { return list_processes(context, *running); };
}

Action declare_pause(CLI::App& app) {
  return declare_control(app, "PROC.PAUSE"_op, "is paused");
}
Action declare_resume(CLI::App& app) {
  return declare_control(app, "PROC.RUN"_op, "runs");
}
Action declare_step(CLI::App& app) {
  return declare_control(app, "PROC.STEP"_op, "has made one step");
}
Action declare_kill(CLI::App& app) {
  return declare_control(app, "PROC.KILL"_op, "is killed");
}

Action declare_wait(CLI::App& app) {
  auto id = add_id(app);
  return [id](Context& context) { return wait_for_end(context, *id); };
}

}  // namespace celeriac::console
