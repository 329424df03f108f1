#pragma once
// A world in memory: the test decides when an operation is answered, and what time it is.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "protocol/document.hpp"
#include "tests/vm/sequences.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm::testing {

/// An operation or a register read that a process waits for.
struct Request {
  std::string what;  ///< "SYS.WRITE_PIN", or "position"
  nlohmann::json fields;
  Ticket ticket;
  std::uint64_t call;
  bool is_register = false;
};

class FakeWorld : public World {
 public:
  StepLoop loop{*this};
  /// Answers at once, from inside operate(), as long as it is on.
  bool answer_at_once = false;
  std::deque<Request> requests;    ///< unanswered ones
  std::vector<std::string> asked;  ///< all of them, in order
  std::vector<std::uint64_t> aborted, abandoned;
  std::map<std::int64_t, Sequence> sequences;  ///< what execute finds
  std::map<std::string, nlohmann::json> registers;
  std::vector<ProcessId> reported, beginnings, failures, endings;
  Assets garden;
  std::map<std::string, protocol::Result<LuaResult>> scripts;  ///< what Lua returns, by its code
  struct Reading {
    int pin, mode;
    double value;
  };
  std::vector<Reading> readings;
  std::vector<nlohmann::json> entries;  ///< of the log
  std::vector<std::uint64_t> paused_calls, resumed_calls;
  std::vector<ProcessId> granted;
  std::uint64_t next_random = 1;
  bool every_step = false;
  int begun = 0, finished = 0;  ///< sequences, each member of a group for itself
  bool awake = false;
  Time time{};

  /// Compiles and keeps a sequence with this body as code `id`.
  Sequence code(std::uint16_t id, nlohmann::json body, std::string name = "test") {
    auto made = Code::make(sequence(std::move(body), id, std::move(name)).dump());
    if (!made) throw std::runtime_error(made.error().message + " at " + made.error().path);
    sequences[id] = {CodeId{id}, *made};
    return sequences[id];
  }

  /// The same of a whole document.
  Sequence code_of(std::uint16_t id, const nlohmann::json& document) {
    auto made = Code::make(document.dump());
    if (!made) throw std::runtime_error(made.error().message + " at " + made.error().path);
    sequences[id] = {CodeId{id}, *made};
    return sequences[id];
  }

  /// Runs turns until nobody is runnable.
  void settle() {
    while (std::exchange(awake, false)) loop.turn();
  }
  void advance(std::chrono::milliseconds by) {
    time += by;
    loop.run_timers();
    settle();
  }
  /// Answers the oldest request.
  void answer(protocol::Result<double> value = 0) {
    const Request request = requests.front();
    requests.pop_front();
    loop.answered(request.ticket, std::move(value));
    settle();
  }
  void answer_register(protocol::Result<nlohmann::json> value) {
    const Request request = requests.front();
    requests.pop_front();
    loop.register_read(request.ticket, std::move(value));
    settle();
  }
  ProcessId start(std::uint16_t code_id) { return loop.start(sequences.at(code_id)).value(); }
  /// What a client hears of a pause, step, kill or wait.
  struct Heard {
    bool answered = false;
    protocol::Result<void> result;
    [[nodiscard]] protocol::Status status() const {
      return result ? protocol::Status::ok : result.error().status;
    }
  };
  using Ask = void (StepLoop::*)(ProcessId, Answer);
  std::shared_ptr<Heard> ask(Ask what, ProcessId id) {
    auto heard = std::make_shared<Heard>();
    (loop.*what)(id, {.give =
                          [heard](protocol::Result<void> result) {
                            heard->answered = true;
                            heard->result = std::move(result);
                          },
                      .abandoned = [] { return false; }});
    settle();
    return heard;
  }
  ProcessId start_and_run(std::uint16_t code_id) {
    const auto id = start(code_id);
    (void)loop.run(id);
    settle();
    return id;
  }
  Process& process(ProcessId id) { return **loop.find(id); }
  State state(ProcessId id) { return process(id).state; }

  std::uint64_t operate(const protocol::Operation& operation, std::string_view payload,
                        Ticket ticket) override {
    asked.emplace_back(operation.long_name);
    const auto call = ++last_call_;
    if (answer_at_once) {
      loop.answered(ticket, 0.0);
      return call;
    }
    requests.push_back({std::string(operation.long_name),
                        payload.empty() ? nlohmann::json::object() : protocol::from_bson(payload).value(),
                        ticket, call});
    return call;
  }
  std::uint64_t read_register(const std::string& name, Ticket ticket) override {
    asked.push_back(name);
    const auto call = ++last_call_;
    if (const auto known = registers.find(name); known != registers.end()) {
      loop.register_read(ticket, known->second);
      return call;
    }
    requests.push_back({name, {}, ticket, call, true});
    return call;
  }
  void abort(std::uint64_t call) override { aborted.push_back(call); }
  void abandon(std::uint64_t call) override {
    abandoned.push_back(call);
    std::erase_if(requests, [&](const Request& request) { return request.call == call; });
  }
  std::optional<protocol::Result<Sequence>> find_sequence(std::int64_t id, Ticket) override {
    const auto found = sequences.find(id);
    if (found == sequences.end())
      return protocol::fail(protocol::Status::not_found, "sequence not found: there is none with this id.");
    return found->second;
  }
  [[nodiscard]] const Assets& assets() const override { return garden; }
  std::uint64_t random() override { return next_random++; }
  std::uint64_t run_lua(const Process&, const std::string& code, Ticket ticket) override {
    asked.push_back("lua " + code);
    const auto call = ++last_call_;
    if (const auto known = scripts.find(code); known != scripts.end()) {
      loop.script_done(ticket, known->second);
      return call;
    }
    requests.push_back({"lua " + code, {}, ticket, call});
    return call;
  }
  void pause(std::uint64_t call) override { paused_calls.push_back(call); }
  void resume(std::uint64_t call) override { resumed_calls.push_back(call); }
  std::uint64_t run_script(const Process&, const celeryscript::ScriptCall& call, Ticket ticket) override {
    asked.push_back("script " + call.label);
    loop.answered(ticket, 0.0);
    return 0;
  }
  std::uint64_t update(const Process&, const celeryscript::DataValue& resource,
                       const celeryscript::ResourceUpdate& update, Ticket ticket) override {
    nlohmann::json properties = nlohmann::json::object();
    for (const auto& [label, value] : update.properties) properties[label] = value;
    asked.push_back("update " + celeryscript::to_node(resource).dump() + " " + properties.dump());
    loop.answered(ticket, 0.0);
    return 0;
  }
  void pin_was_read(const Process&, int pin, int mode, double value) override {
    readings.push_back({pin, mode, value});
  }
  void log(const Process&, nlohmann::json entry) override { entries.push_back(std::move(entry)); }
  [[nodiscard]] bool logs_every_step() const override { return every_step; }
  void entered(const Process&) override { ++begun; }
  void completed(const Process&) override { ++finished; }
  void motion_granted(const Process& process) override { granted.push_back(process.id); }
  void wake() override { awake = true; }
  void set_alarm(Time) override {}
  Time now() const override { return time; }
  std::int64_t wall_clock() const override { return 1'700'000'000'000; }
  void changed(Process& process) override { reported.push_back(process.id); }
  void began(const Process& process) override { beginnings.push_back(process.id); }
  void failed(const Process& process) override { failures.push_back(process.id); }
  void ended(const Process& process) override { endings.push_back(process.id); }

 private:
  std::uint64_t last_call_ = 0;
};

}  // namespace celeriac::vm::testing
