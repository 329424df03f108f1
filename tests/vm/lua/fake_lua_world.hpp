#pragma once
// A world for scripts: answers operations from a table, and lets the test say what time it is.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vm/lua/lua_scripts.hpp"

namespace celeriac::vm::testing {

struct Asked {
  std::string what;  ///< "SYS.HOME", "register position"
  nlohmann::json fields;
};

class FakeLuaWorld final : public LuaWorld {
 public:
  std::vector<Asked> asked;
  std::map<std::string, protocol::Result<double>> answers;  ///< by operation; 0 if absent
  bool hold = false;                                        ///< operations wait for release()
  std::vector<Number> held;
  std::map<std::string, nlohmann::json> registers{{"position", {{"x", 1.0}, {"y", 2.0}, {"z", 3.5}}}};
  nlohmann::json tree = {{"location_data", {{"position", {{"x", 1}}}}}};
  std::vector<nlohmann::json> evaluated;
  protocol::Result<void> evaluation = {};
  std::vector<web::HttpRequest> fetched;
  protocol::Result<web::HttpResponse> response =
      web::HttpResponse{.status = 200, .headers = {}, .body = "[1, 2.0]"};
  nlohmann::json account = {{"server", "https://garden"}, {"token", "secret"}};
  std::vector<nlohmann::json> logs;
  nlohmann::json all_jobs = nlohmann::json::object();
  std::vector<LuaId> aborted;
  std::vector<std::pair<std::int64_t, std::move_only_function<void()>>> timers;
  bool awake = false;
  std::int64_t clock_ms = 1'750'000'000'000;
  std::function<void()> on_operate;

  void operate(LuaId, ProcessId, const protocol::Operation& operation, nlohmann::json fields,
               Number done) override {
    asked.push_back({std::string(operation.long_name), std::move(fields)});
    if (on_operate) on_operate();
    if (hold) return held.push_back(std::move(done));
    const auto found = answers.find(asked.back().what);
    done(found != answers.end() ? found->second : protocol::Result<double>(0.0));
  }
  void read_register(LuaId, const std::string& name, Value done) override {
    asked.push_back({"register " + name, {}});
    const auto found = registers.find(name);
    done(found != registers.end() ? found->second : nlohmann::json());
  }
  void evaluate(LuaId, ProcessId, nlohmann::json node, Finished done) override {
    evaluated.push_back(std::move(node));
    done(evaluation);
  }
  void read_status(Value done) override { done(tree); }
  void fetch(web::HttpRequest request, web::HttpDone done) override {
    fetched.push_back(std::move(request));
    done(response);
  }
  nlohmann::json web_api() const override { return account; }
  void after(std::chrono::milliseconds time, std::move_only_function<void()> done) override {
    timers.emplace_back(clock_ms + time.count(), std::move(done));
  }
  void abort(LuaId script) override { aborted.push_back(script); }
  void log(ProcessId, nlohmann::json entry) override { logs.push_back(std::move(entry)); }
  const nlohmann::json& jobs() const override { return all_jobs; }
  void set_job(const std::string& name, nlohmann::json job) override { all_jobs[name] = std::move(job); }
  void wake() override { awake = true; }
  Time now() const override { return Time(std::chrono::milliseconds(clock_ms)); }
  std::int64_t wall_clock() const override { return clock_ms; }
  std::uint64_t random() override { return 42; }

  /// Lets the earliest timer come. false: there is none.
  bool next_timer() {
    if (timers.empty()) return false;
    const auto first = std::ranges::min_element(timers, {}, [](const auto& timer) { return timer.first; });
    clock_ms = std::max(clock_ms, first->first);
    auto done = std::move(first->second);
    timers.erase(first);
    done();
    return true;
  }
};

/// Runs scripts in a fake world.
struct Bench {
  FakeLuaWorld world;
  Assets assets;
  LuaScripts scripts;

  explicit Bench(const LuaLimits& limits = {}) : scripts(world, assets, limits) {}

  using Outcome = std::optional<protocol::Result<LuaResult>>;

  std::pair<LuaId, std::shared_ptr<Outcome>> start(std::string code, celeryscript::Scope scope = {}) {
    auto outcome = std::make_shared<Outcome>();
    auto id = scripts.start({.name = "test",
                             .code = std::move(code),
                             .scope = std::make_shared<const celeryscript::Scope>(std::move(scope))},
                            [outcome](protocol::Result<LuaResult> result) { *outcome = std::move(result); });
    if (!id) *outcome = std::unexpected(id.error());
    return {id.value_or(0), outcome};
  }
  void turns(int most) {
    while (most-- > 0 && std::exchange(world.awake, false)) scripts.turn();
  }
  /// Runs to the end, time included.
  protocol::Result<LuaResult> run(std::string code, celeryscript::Scope scope = {}) {
    const auto [id, outcome] = start(std::move(code), std::move(scope));
    for (int i = 0; i < 2'000'000 && !*outcome; ++i)
      if (std::exchange(world.awake, false))
        scripts.turn();
      else if (!world.next_timer())
        break;
    if (!*outcome) return protocol::fail(protocol::Status::internal, "it does not end");
    return **outcome;
  }
  nlohmann::json value(std::string code, celeryscript::Scope scope = {}) {
    auto result = run(std::move(code), std::move(scope));
    return result ? result->first : nlohmann::json("error: " + result.error().message);
  }
  std::string error(std::string code, celeryscript::Scope scope = {}) {
    auto result = run(std::move(code), std::move(scope));
    return result ? "no error: " + result->first.dump() : result.error().message;
  }
};

}  // namespace celeriac::vm::testing
