#include "vm/lua/script.hpp"

#include <lauxlib.h>

#include <algorithm>
#include <cstdlib>
#include <format>
#include <utility>

#include "vm/lua/failures.hpp"
#include "vm/lua/json.hpp"
#include "vm/lua/sandbox.hpp"

namespace celeriac::vm::lua {

using nlohmann::json;
using protocol::Error;
using protocol::Result;
using protocol::Status;

// ---- replies -------------------------------------------------------------------------------------

void Reply::operator()(json values) const {
  const auto script = script_.lock();
  if (!script || script->ended()) return;
  auto& strand = script->strands_[strand_];
  if (strand.state != Script::Strand::State::waiting || strand.call != call_) return;
  strand.state = Script::Strand::State::ready;
  strand.answer = std::move(values);
  script->ready_(script->id_);
}

void Reply::end(Error why) const {
  const auto script = script_.lock();
  if (!script || script->ended()) return;
  const auto where = describe_place(script->strands_[strand_].thread);
  why.message += where.line > 0 ? std::format(" Line {}.", where.line) : "";
  why.details = {{"line", where.line}, {"traceback", where.traceback}, {"script", script->job_.name}};
  script->end(std::unexpected(std::move(why)));
  script->ready_(script->id_);
}

// ---- life ----------------------------------------------------------------------------------------

Script::Script(Surroundings& around, LuaId id, LuaJob job, Ready ready)
    : around_(around),
      id_(id),
      job_(std::move(job)),
      ready_(std::move(ready)),
      started_ms_(around.world.wall_clock()) {}

Script::~Script() {
  // Closing runs no code of the script: it has no finalizers, and only the main thread, which runs nothing,
  // would close its variables.
  if (state_ != nullptr) lua_close(state_);
}

Result<void> Script::compile() {
  const auto out_of_memory = protocol::fail(Status::out_of_resources, "There is no memory for a script.");
  state_ = lua_newstate(&Script::allocate, this);
  if (state_ == nullptr) return out_of_memory;
  *static_cast<Script**>(lua_getextraspace(state_)) = this;
  strands_.reserve(2);

  // Whatever may run out of memory runs protected.
  lua_pushcfunction(state_, [](lua_State* state) {
    open_sandbox(state);
    auto& script = of(state);
    lua_State* thread = lua_newthread(state);
    lua_setfield(state, LUA_REGISTRYINDEX, "celeriac.script");
    lua_sethook(thread, &Script::hook, LUA_MASKCOUNT, script.interval_);
    script.strands_.push_back({.thread = thread});
    return 0;
  });
  if (lua_pcall(state_, 0, 0, 0) != LUA_OK) return out_of_memory;

  lua_State* thread = strands_.front().thread;
  const auto status = load_script(thread, job_.code);
  if (status == LUA_OK) return {};
  return std::unexpected(describe(thread, status));
}

std::size_t Script::strand_of(lua_State* thread) const {
  return strands_.front().thread == thread ? 0 : 1;
}

bool Script::is_ready() const {
  if (paused || ended()) return false;
  return std::ranges::any_of(strands_, [](const Strand& s) { return s.state == Strand::State::ready; });
}

bool Script::start_watcher(lua_State* state) {
  if (strands_.size() > 1) return false;
  lua_State* thread = lua_newthread(state);
  lua_setfield(state, LUA_REGISTRYINDEX, "celeriac.watcher");
  lua_xmove(state, thread, 1);
  lua_sethook(thread, &Script::hook, LUA_MASKCOUNT, interval_);
  strands_.push_back({.thread = thread});
  return true;
}

void Script::stop() {
  fatal_ = Error{.status = Status::cancelled, .message = "The script was ended."};
  look_often(true);
}

void Script::run_slice() {
  if (!is_ready()) return;
  // The strand that did not have the last slice, if both are ready.
  std::size_t index = (last_strand_ + 1) % strands_.size();
  if (strands_[index].state != Strand::State::ready) index = last_strand_;
  last_strand_ = index;
  lua_State* thread = strands_[index].thread;
  slice_ = slice_bytes_ = unyielding_ = 0;
  slice_began_ = world().now();
  running_ = thread;
  look_often(false);
  int count = 0;
  const int status = lua_resume(thread, nullptr, 0, &count);
  running_ = nullptr;
  if (ended()) return;
  if (fatal_ || (status != LUA_OK && status != LUA_YIELD)) return end_with_error(thread, status);
  auto& strand = strands_[index];
  if (status == LUA_OK) {
    strand.state = Strand::State::ended;
    if (index == 0) end(result_of(thread, count));
    return;
  }
  if (strand.request) {
    strand.state = Strand::State::waiting;
    spent_ = 0;
    auto request = std::exchange(strand.request, {});
    request(Reply(weak_from_this(), index, strand.call));
  }
}

void Script::end(Result<LuaResult> result) {
  if (!result_) result_ = std::move(result);
}

void Script::end_with_error(lua_State* thread, int status) {
  auto why = describe(thread, status);
  if (fatal_) {
    why.status = fatal_->status;
    why.code = fatal_->code;
    why.message = fatal_->message;
    if (why.details["line"] > 0) why.message += std::format(" Line {}.", why.details["line"].get<int>());
  }
  end(std::unexpected(std::move(why)));
}

Result<LuaResult> Script::result_of(lua_State* thread, int count) {
  LuaResult result{.count = static_cast<std::size_t>(count)};
  if (count == 0) return result;
  auto first = to_json(thread, lua_gettop(thread) - count + 1);
  if (!first) {
    first.error().code = "lua_error";
    first.error().message = "Lua failure. What the script returns cannot be used: " + first.error().message;
    return std::unexpected(std::move(first.error()));
  }
  result.first = std::move(*first);
  return result;
}

// ---- limits --------------------------------------------------------------------------------------

void* Script::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& script = *static_cast<Script*>(self);
  const std::size_t before = block != nullptr ? old_size : 0;
  if (new_size == 0) {
    std::free(block);
    script.bytes_ -= before;
    return nullptr;
  }
  if (new_size > before) {
    if (script.bytes_ - before + new_size > script.limits().bytes) {
      if (script.running_ != nullptr) script.charge(script.running_, failed_allocation_cost);
      return nullptr;
    }
    script.slice_bytes_ += new_size - before;
    if (script.slice_bytes_ > max_slice_bytes) script.look_often(true);
  }
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) script.bytes_ += new_size - before;
  return moved;
}

void Script::look_often(bool now) {
  if (running_ == nullptr) return;
  const int wanted = now                         ? 1
                     : bytes_ > big_script_bytes ? instructions_per_look_when_big
                                                 : instructions_per_look;
  const int interval = std::min(wanted, limits().instructions_per_turn);
  // Setting a hook goes through all calls in progress: not when it stays as it is.
  if (interval == interval_ && hooked_ == running_) return;
  interval_ = interval;
  hooked_ = running_;
  lua_sethook(running_, &Script::hook, LUA_MASKCOUNT, interval_);
}

void Script::charge(lua_State*, std::uint64_t instructions) {
  slice_ += instructions;
  spent_ += instructions;
  if (slice_ >= static_cast<std::uint64_t>(limits().instructions_per_turn)) look_often(true);
}

void Script::hook(lua_State* state, lua_Debug*) {
  auto& script = of(state);
  const auto passed = static_cast<std::uint64_t>(script.interval_);
  script.slice_ += passed;
  script.spent_ += passed;
  if (script.spent_ > script.limits().instructions && !script.fatal_)
    script.fatal_ =
        Error{.status = Status::out_of_resources,
              .message = std::format("The script ran for {} instructions without calling anything "
                                     "that waits, and was ended. Is there an endless loop in it?",
                                     script.limits().instructions),
              .code = "lua_instructions"};
  const bool yields = lua_isyieldable(state) != 0;
  if (!yields && (script.unyielding_ += passed) > max_unyielding_instructions && !script.fatal_)
    script.fatal_ = Error{.status = Status::out_of_resources,
                          .message = "A metamethod that a library function called ran for too long.",
                          .code = "lua_instructions"};
  if (script.fatal_) {
    // Where Lua can be suspended, it is, for good: no pcall hears of it. Elsewhere every instruction raises
    // until it can.
    script.look_often(true);
    if (!yields) luaL_error(state, "ended");
    lua_yield(state, 0);
    return;
  }
  const bool over = script.slice_ >= static_cast<std::uint64_t>(script.limits().instructions_per_turn) ||
                    script.slice_bytes_ > max_slice_bytes ||
                    script.world().now() - script.slice_began_ >= slice_time;
  if (over && yields) {
    lua_yield(state, 0);
    return;
  }
  script.look_often(false);
}

// ---- calls of the API ----------------------------------------------------------------------------

int Script::wait(lua_State* state, Request request) {
  if (lua_isyieldable(state) == 0)
    fail(state, "Lua failure.",
         "A function that waits cannot be called from a metamethod that a library function calls.");
  auto& strand = strands_[strand_of(state)];
  strand.request = std::move(request);
  ++strand.call;
  return lua_yieldk(state, 0, 0, &Script::continued);
}

int Script::continued(lua_State* state, int, lua_KContext) {
  auto& script = of(state);
  auto& strand = script.strands_[script.strand_of(state)];
  const auto values = std::exchange(strand.answer, {});
  for (const auto& value : values) push(state, value);
  return static_cast<int>(values.size());
}

void Script::fail(lua_State* state, std::string_view text, std::string_view more) {
  const int line = describe_place(state).line;
  failure_ = text;
  if (line > 0) failure_ += std::format(" Line {}{}", line, more.empty() ? "." : ": ");
  if (line == 0 && !more.empty()) failure_ += ' ';
  failure_ += more;
  lua_pushlstring(state, failure_.data(), failure_.size());
  lua_error(state);
  std::abort();  // lua_error does not return
}

Error Script::describe(lua_State* thread, int status) {
  return describe_failure(
      thread, status,
      {.own = failure_, .code = job_.code, .script = job_.name, .memory_limit = limits().bytes});
}

bool Script::may_print() {
  const auto second = world().wall_clock() / 1000;
  if (second != print_second_) {
    if (unprinted_ > 0)
      world().log(job_.process, {{"type", "debug"},
                                 {"message", std::format("{} more printed lines are left out.", unprinted_)},
                                 {"verbosity", 3},
                                 {"channels", json::array()}});
    print_second_ = second;
    printed_ = unprinted_ = 0;
  }
  if (++printed_ <= max_printed_lines_per_second) return true;
  ++unprinted_;
  return false;
}

}  // namespace celeriac::vm::lua
