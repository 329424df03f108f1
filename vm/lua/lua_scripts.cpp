#include "vm/lua/lua_scripts.hpp"

#include <algorithm>
#include <deque>
#include <format>
#include <unordered_map>
#include <utility>

#include "vm/lua/script.hpp"

namespace celeriac::vm {

using lua::Script;
using protocol::Result;
using protocol::Status;

struct LuaScripts::Impl {
  struct Entry {
    std::shared_ptr<Script> script;
    Done done;
  };

  /// A script may have become ready, or ended, from outside a turn.
  void ready(LuaId id) {
    const auto found = scripts.find(id);
    if (found == scripts.end() || found->second.script->paused) return;
    enqueue(id);
  }
  void enqueue(LuaId id) {
    if (std::ranges::find(queue, id) == queue.end()) queue.push_back(id);
    if (!std::exchange(woken, true)) around.world.wake();
  }

  lua::Surroundings around;
  std::unordered_map<LuaId, Entry> scripts;
  std::deque<LuaId> queue;  // scripts with something to run, or to report; each once
  LuaId last = 0;
  bool woken = false;
};

LuaScripts::LuaScripts(LuaWorld& world, Assets& assets, const LuaLimits& limits)
    : impl_(std::make_unique<Impl>(Impl{.around = {world, assets, limits}})) {}

LuaScripts::~LuaScripts() = default;

Result<LuaId> LuaScripts::start(LuaJob job, Done done) {
  if (impl_->scripts.size() >= impl_->around.limits.scripts)
    return protocol::fail(Status::overloaded,
                          std::format("{} Lua scripts are running already.", impl_->scripts.size()));
  const LuaId id = ++impl_->last;
  auto script = std::make_shared<Script>(impl_->around, id, std::move(job),
                                         [impl = impl_.get()](LuaId ready) { impl->ready(ready); });
  if (auto compiled = script->compile(); !compiled) return std::unexpected(std::move(compiled.error()));
  impl_->scripts.emplace(id, Impl::Entry{std::move(script), std::move(done)});
  impl_->enqueue(id);
  return id;
}

void LuaScripts::kill(LuaId id) {
  const auto found = impl_->scripts.find(id);
  if (found == impl_->scripts.end()) return;
  // The state outlives this call if the script is the one that runs: turn() holds it.
  const auto entry = std::move(found->second);
  entry.script->stop();
  impl_->scripts.erase(found);
  std::erase(impl_->queue, id);
  impl_->around.world.abort(id);
}

void LuaScripts::pause(LuaId id) {
  if (const auto found = impl_->scripts.find(id); found != impl_->scripts.end())
    found->second.script->paused = true;
}

void LuaScripts::resume(LuaId id) {
  const auto found = impl_->scripts.find(id);
  if (found == impl_->scripts.end()) return;
  found->second.script->paused = false;
  if (found->second.script->is_ready() || found->second.script->ended()) impl_->enqueue(id);
}

void LuaScripts::turn() {
  Impl& impl = *impl_;
  impl.woken = false;
  const Time began = impl.around.world.now();
  std::uint64_t instructions = 0;
  // Every script that is in line now has at most one slice; a turn ends early when it has taken its time.
  for (auto left = impl.queue.size(); left > 0 && !impl.queue.empty(); --left) {
    const LuaId id = impl.queue.front();
    impl.queue.pop_front();
    const auto found = impl.scripts.find(id);
    if (found == impl.scripts.end()) continue;
    const auto script = found->second.script;  // a call may kill it
    if (script->paused) continue;
    if (!script->ended()) {
      script->run_slice();
      instructions += script->slice_instructions();
    }
    if (script->ended()) {
      if (const auto entry = impl.scripts.find(id); entry != impl.scripts.end()) {
        auto done = std::move(entry->second.done);
        impl.scripts.erase(entry);
        std::erase(impl.queue, id);
        impl.around.world.abort(id);  // what a watcher had in flight
        done(script->take_result());  // may start and kill scripts, this table's too
      }
    } else if (script->is_ready() && impl.scripts.contains(id) && !std::ranges::contains(impl.queue, id)) {
      impl.queue.push_back(id);
    }
    if (instructions >= static_cast<std::uint64_t>(impl.around.limits.instructions_per_turn) ||
        impl.around.world.now() - began >= lua::slice_time)
      break;
  }
  if (!impl.queue.empty() && !std::exchange(impl.woken, true)) impl.around.world.wake();
}

std::size_t LuaScripts::running() const noexcept {
  return impl_->scripts.size();
}

}  // namespace celeriac::vm
