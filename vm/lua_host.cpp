#include "vm/lua_host.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <format>
#include <random>

#include "protocol/payload.hpp"
#include "vm/log_entry.hpp"

namespace celeriac::vm {

using protocol::fail;
using protocol::Json;
using protocol::Operation;
using protocol::Reply;
using protocol::Result;
using protocol::Status;
using namespace protocol::literals;

namespace {

/// Jobs of the status tree that are kept.
constexpr std::size_t max_jobs = 200;

std::unexpected<protocol::Error> ended() {
  return fail(Status::cancelled, "The script has ended.");
}

}  // namespace

LuaHost::LuaHost(boost::asio::io_context& io, StepLoop& loop, Hypervisor& hypervisor, RemoteRegisters& remote,
                 LocalOperations& local, Assets& assets, protocol::Registers& registers, Worker& worker,
                 Send send)
    : io_(io),
      loop_(loop),
      hypervisor_(hypervisor),
      remote_(remote),
      local_(local),
      registers_(registers),
      worker_(worker),
      send_(std::move(send)),
      runner_(*this, assets) {
  registers_.publish("jobs", jobs_);
}

LuaHost::~LuaHost() {
  *alive_ = false;
}

LuaHost::Script* LuaHost::find(LuaId script) {
  const auto found = scripts_.find(script);
  return found == scripts_.end() ? nullptr : &found->second;
}

// ---- the life of a script ------------------------------------------------------------------------

LuaId LuaHost::run(const Process& process, const std::string& code, Ticket ticket) {
  LuaJob job{.process = process.id, .name = process.path(), .code = code, .scope = process.top.scope};
  auto id = std::make_shared<LuaId>(0);
  auto started = runner_.start(std::move(job), [this, id, ticket](Result<LuaResult> result) {
    drop(*id, true);
    loop_.script_done(ticket, std::move(result));
  });
  if (!started) {
    boost::asio::post(io_, [this, alive = alive_, ticket, error = std::move(started.error())]() mutable {
      if (*alive) loop_.script_done(ticket, std::unexpected(std::move(error)));
    });
    return 0;
  }
  *id = *started;
  Script& script = scripts_[*started];
  script.process = process.id;
  script.ticket = ticket;
  return *started;
}

/// The script is forgotten; what it has in flight is given up.
void LuaHost::drop(LuaId id, bool abort_calls) {
  const auto found = scripts_.find(id);
  if (found == scripts_.end()) return;
  const Script script = std::move(found->second);
  scripts_.erase(found);
  for (const auto call : script.calls) {
    if (abort_calls)
      hypervisor_.abort(call);
    else
      hypervisor_.abandon(call);
  }
  for (const ProcessId child : script.children)
    loop_.kill(child, {.give = [](const Result<void>&) {}, .abandoned = [] { return true; }});
}

void LuaHost::abandon(LuaId id) {
  runner_.kill(id);
  drop(id, false);
}

void LuaHost::stop(LuaId id) {
  runner_.kill(id);
  Script* script = find(id);
  if (script == nullptr) return;
  script->stopping = true;
  script->waiting.reset();
  for (const auto call : std::vector(script->calls)) hypervisor_.abort(call);
  for (const ProcessId child : std::exchange(script->children, {})) {
    script->calls.push_back(0);  // one stands for the child until it is gone
    loop_.kill(child, {.give =
                           [this, alive = alive_, id](const Result<void>&) {
                             if (!*alive) return;
                             Script* parent = find(id);
                             if (parent == nullptr) return;
                             parent->calls.erase(std::ranges::find(parent->calls, 0));
                             settle(id);
                           },
                       .abandoned = [] { return false; }});
    script = find(id);
    if (script == nullptr) return;
  }
  settle(id);
}

void LuaHost::pause(LuaId id) {
  runner_.pause(id);
  if (Script* script = find(id)) {
    script->pausing = true;
    settle(id);
  }
}

void LuaHost::resume(LuaId id) {
  if (Script* script = find(id)) script->pausing = false;
  runner_.resume(id);
}

/// Says that a script rests or is gone, once nothing of it is in flight.
void LuaHost::settle(LuaId id) {
  Script* script = find(id);
  if (script == nullptr || !(script->stopping || script->pausing)) return;
  if (!script->calls.empty() || !script->children.empty()) return;
  boost::asio::post(io_, [this, alive = alive_, id] {
    if (!*alive) return;
    const Script* resting = find(id);
    if (resting == nullptr || !resting->calls.empty()) return;
    const Ticket ticket = resting->ticket;
    if (resting->stopping) {
      drop(id, false);
      loop_.script_done(ticket, ended());
    } else if (resting->pausing) {
      loop_.script_rests(ticket);
    }
  });
}

void LuaHost::abort(LuaId id) {
  Script* script = find(id);
  if (script == nullptr) return;
  script->waiting.reset();
  for (const auto call : script->calls) hypervisor_.abort(call);
}

// ---- what scripts ask for ------------------------------------------------------------------------

void LuaHost::operate(LuaId id, ProcessId process, const Operation& operation, Json fields, Number done) {
  const auto payload = protocol::encode(operation, fields);
  if (!payload) return done(std::unexpected(payload.error()));
  Script* script = find(id);
  if (script == nullptr) return done(ended());
  if (operation.server == protocol::Server::vm) {
    const auto arguments = protocol::Arguments::decode(operation, *payload);
    if (!arguments) return done(std::unexpected(arguments.error()));
    return local_.serve(operation, *arguments, source_of(process),
                        [done = std::move(done)](Result<void> served) mutable {
                          done(served.transform([] { return 0.0; }));
                        });
  }
  if (operation.motion && !loop_.take_motion(process)) {
    script->waiting = Waiting{&operation, *payload, std::move(done)};
    return;
  }
  send(id, operation, *payload, std::move(done));
}

void LuaHost::send(LuaId id, const Operation& operation, std::string_view payload, Number done) {
  const ProcessId process = find(id)->process;
  auto handle = std::make_shared<std::uint64_t>(0);
  *handle = send_(operation, payload, process,
                  [this, alive = alive_, id, handle, done = std::move(done)](Reply reply) mutable {
                    if (!*alive) return;
                    Script* script = find(id);
                    if (script == nullptr) return;
                    std::erase(script->calls, *handle);
                    if (!script->stopping)
                      done(reply.ok() ? Result<double>(reply.value) : std::unexpected(reply.error()));
                    settle(id);
                  });
  find(id)->calls.push_back(*handle);
}

void LuaHost::motion_granted(ProcessId process) {
  for (auto& [id, script] : scripts_) {
    if (script.process != process || !script.waiting) continue;
    Waiting waiting = std::move(*script.waiting);
    script.waiting.reset();
    return send(id, *waiting.operation, waiting.payload, std::move(waiting.done));
  }
}

void LuaHost::read_register(LuaId, const std::string& name, Value done) {
  remote_.read(name, [alive = alive_, done = std::move(done)](Result<Json> value) mutable {
    if (*alive) done(std::move(value));
  });
}

void LuaHost::evaluate(LuaId id, ProcessId process, Json node, Finished done) {
  if (node.is_object() && node.value("kind", "") == "execute") {
    node = {{"kind", "rpc_request"},
            {"args", {{"label", "lua"}, {"priority", 600}}},
            {"body", Json::array({std::move(node)})}};
  }
  std::string source = node.dump(-1, ' ', false, Json::error_handler_t::replace);
  worker_.run([source = std::move(source)]() mutable { return Code::make(std::move(source)); },
              [this, alive = alive_, id, process,
               done = std::move(done)](Result<std::shared_ptr<Code>> code) mutable {
                if (!*alive || find(id) == nullptr) return;
                if (!code) return done(std::unexpected(std::move(code.error())));
                start_child(id, process, std::move(*code), std::move(done));
              });
}

void LuaHost::start_child(LuaId id, ProcessId process, std::shared_ptr<Code> code, Finished done) {
  const Process* parent = loop_.table().find(process);
  auto child = loop_.start({.id = CodeId{}, .code = std::move(code)},
                           {.name = std::format("from Lua of process {}", number(process)),
                            .party = parent != nullptr ? parent->party : process});
  if (!child) return done(std::unexpected(std::move(child.error())));
  find(id)->children.push_back(*child);
  auto heard = std::make_shared<Finished>(std::move(done));
  loop_.wait(*child, {.give =
                          [this, alive = alive_, id, child = *child, heard](const Result<void>& how) {
                            if (!*alive) return;
                            Script* script = find(id);
                            if (script == nullptr || std::erase(script->children, child) == 0) return;
                            (*heard)(how);
                            settle(id);
                          },
                      .abandoned = [] { return false; }});
  (void)loop_.run(*child);
}

void LuaHost::read_status(Value done) {
  static const Operation& status = "SYS.READ_STATUS"_op;
  const auto channel =
      hypervisor_.send(status, {}, 0, [alive = alive_, done = std::move(done)](Reply reply) mutable {
        if (!*alive) return;
        if (!reply.ok()) return done(std::unexpected(reply.error()));
        auto tree = protocol::from_bson(reply.data);
        if (!tree) return done(std::unexpected(std::move(tree.error())));
        done(std::move(*tree));
      });
  (void)channel;
}

void LuaHost::fetch(web::HttpRequest request, web::HttpDone done) {
  request.ca_file = ca_file_;
  web::fetch(io_.get_executor(), std::move(request),
             [alive = alive_, done = std::move(done)](Result<web::HttpResponse> response) mutable {
               if (*alive) done(std::move(response));
             });
}

void LuaHost::after(std::chrono::milliseconds time, std::move_only_function<void()> done) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, time);
  timer->async_wait(
      [alive = alive_, timer, done = std::move(done)](const boost::system::error_code&) mutable {
        if (*alive) done();
      });
}

void LuaHost::log(ProcessId process, Json entry) {
  write_log(registers_, std::move(entry), source_of(process));
}

void LuaHost::set_job(const std::string& name, Json job) {
  if (!jobs_.contains(name) && jobs_.size() >= max_jobs) {
    const auto oldest = std::ranges::min_element(
        jobs_, {}, [](const Json& each) { return each.is_object() ? each.value("updated_at", 0.0) : 0.0; });
    jobs_.erase(oldest);
  }
  jobs_[name] = std::move(job);
  registers_.publish("jobs", jobs_);
}

void LuaHost::wake() {
  if (std::exchange(woken_, true)) return;
  boost::asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    woken_ = false;
    runner_.turn();
  });
}

std::uint64_t LuaHost::random() {
  static std::mt19937_64 generator{std::random_device()()};
  return generator();
}

}  // namespace celeriac::vm
