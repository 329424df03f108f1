#pragma once
// One running script: a Lua state of its own with bounded memory, its strands, and what it waits for.
//
//   ready ──slice──► running ──call of the API──► waiting ──reply──► ready        (each strand)
//                       └──end or error──► the script has ended
//
// A strand is a Lua coroutine that calls of the API suspend: the script itself, and the callback of
// watch_pin.

#include <lua.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vm/lua/limits.hpp"

namespace celeriac::vm::lua {

class Script;

/// Answers a call of the API with the values that it returns, an array; null is nil. A script that is gone
/// or does not wait for this answer any more does not notice.
class Reply {
 public:
  Reply(std::weak_ptr<Script> script, std::size_t strand, std::uint64_t call)
      : script_(std::move(script)), strand_(strand), call_(call) {}
  void operator()(nlohmann::json values) const;
  /// The script ends with an error that it cannot catch.
  void end(protocol::Error why) const;

 private:
  std::weak_ptr<Script> script_;
  std::size_t strand_;
  std::uint64_t call_;
};

/// A call of the API that waits: begun when the script has been suspended. At most one in a strand.
using Request = std::move_only_function<void(Reply)>;

/// What all scripts share.
struct Surroundings {
  LuaWorld& world;
  Assets& assets;
  LuaLimits limits;
};

class Script : public std::enable_shared_from_this<Script> {
 public:
  /// A strand has become ready, or the script has ended.
  using Ready = std::function<void(LuaId)>;

  Script(Surroundings& around, LuaId id, LuaJob job, Ready ready);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /// Makes the state and compiles. Errors: failed (syntax), out_of_resources.
  protocol::Result<void> compile();
  /// Runs a ready strand until it waits or its slice is over. Nothing, if none is ready.
  void run_slice();
  /// It has been killed: if it is running now, no instruction follows.
  void stop();
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] bool ended() const { return result_.has_value(); }
  [[nodiscard]] protocol::Result<LuaResult> take_result() { return std::move(*result_); }
  [[nodiscard]] bool running() const { return running_ != nullptr; }
  /// Instructions of the last slice.
  [[nodiscard]] std::uint64_t slice_instructions() const { return slice_; }

  // ---- for what runs inside it ----

  static Script& of(lua_State* state) { return **static_cast<Script**>(lua_getextraspace(state)); }
  /// The C function returns this: suspends the strand; the reply's values are what it returns.
  int wait(lua_State* state, Request request);
  /// Work of a library function, as a number of instructions.
  void charge(lua_State* state, std::uint64_t instructions);
  /// Raises the error `text Line N: more`, N the line of the script that is executed.
  [[noreturn]] void fail(lua_State* state, std::string_view text, std::string_view more = {});
  /// Starts the function on top of the stack, which it pops, as a second strand. false: there is one already.
  bool start_watcher(lua_State* state);

  [[nodiscard]] LuaWorld& world() { return around_.world; }
  [[nodiscard]] Assets& assets() { return around_.assets; }
  [[nodiscard]] const LuaLimits& limits() const { return around_.limits; }
  [[nodiscard]] const LuaJob& job() const { return job_; }
  [[nodiscard]] LuaId id() const { return id_; }
  [[nodiscard]] std::int64_t started_ms() const { return started_ms_; }
  /// Counts a printed line. false: this second has had its lines.
  bool may_print();

  bool paused = false;

 private:
  friend class Reply;

  struct Strand {
    lua_State* thread = nullptr;
    enum class State : std::uint8_t { ready, waiting, ended } state = State::ready;
    Request request = {};
    nlohmann::json answer = {};
    std::uint64_t call = 0;  ///< number of the call that is waited for
  };

  static void* allocate(void* script, void* block, std::size_t old_size, std::size_t new_size);
  static void hook(lua_State* state, lua_Debug* activation);
  static int continued(lua_State* state, int status, lua_KContext context);
  void look_often(bool now);
  void end(protocol::Result<LuaResult> result);
  void end_with_error(lua_State* thread, int status);
  protocol::Result<LuaResult> result_of(lua_State* thread, int count);
  protocol::Error describe(lua_State* thread, int status);
  std::size_t strand_of(lua_State* thread) const;

  Surroundings& around_;
  LuaId id_;
  LuaJob job_;
  Ready ready_;
  lua_State* state_ = nullptr;
  std::vector<Strand> strands_;
  std::size_t last_strand_ = 0;
  std::optional<protocol::Result<LuaResult>> result_;
  std::optional<protocol::Error> fatal_;  ///< an error that pcall cannot hold
  std::string failure_;                   ///< text of the last fail(), to know it again
  std::int64_t started_ms_ = 0;

  std::size_t bytes_ = 0;
  std::size_t slice_bytes_ = 0;
  std::uint64_t slice_ = 0;       ///< instructions of this slice
  std::uint64_t spent_ = 0;       ///< since the last call that waited
  std::uint64_t unyielding_ = 0;  ///< in this stretch that cannot be suspended
  int interval_ = instructions_per_look;
  Time slice_began_{};
  lua_State* running_ = nullptr;
  lua_State* hooked_ = nullptr;  ///< whose hook has the interval

  std::int64_t print_second_ = 0;
  int printed_ = 0;
  int unprinted_ = 0;
};

}  // namespace celeriac::vm::lua
