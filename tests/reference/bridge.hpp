#pragma once
// The same account on the real thing: compiled, and run by the step loop. Every operation is answered at
// once, and the clock jumps to the next alarm.

#include <optional>

#include <cmath>
#include <map>
#include <memory>

#include "tests/reference/tiny_world.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::reference {

class Bridge final : public vm::World {
 public:
  /// Both must outlive it.
  Bridge(const Account& account, TinyWorld& world) : account_(account), tiny_(world) {}

  /// A process of the root, running. What does not compile throws std::runtime_error with the diagnostics.
  vm::ProcessId start();
  /// Does the next thing that is due: false if nothing is, and nothing ever will be.
  bool advance();
  /// Starts the root, and runs it to its end.
  Ending run();
  vm::Process& process(vm::ProcessId id) { return **loop.find(id); }

  vm::StepLoop loop{*this};

 private:
  std::shared_ptr<vm::Code> compile(const Json& document);
  [[nodiscard]] Json value_of(const std::string& name) const;

  std::uint64_t operate(const protocol::Operation& operation, std::string_view payload,
                        vm::Ticket ticket) override;
  std::uint64_t read_register(const std::string& name, vm::Ticket ticket) override;
  void abort(std::uint64_t) override {}
  void abandon(std::uint64_t) override {}
  std::optional<protocol::Result<vm::Sequence>> find_sequence(std::int64_t id, vm::Ticket ticket) override;
  [[nodiscard]] const vm::Assets& assets() const override { return tiny_.assets; }
  std::uint64_t random() override { return tiny_.random(); }
  std::uint64_t run_lua(const vm::Process& process, const std::string& code, vm::Ticket ticket) override;
  void pause(std::uint64_t) override {}
  void resume(std::uint64_t) override {}
  std::uint64_t run_script(const vm::Process& process, const celeryscript::ScriptCall& call,
                           vm::Ticket ticket) override;
  std::uint64_t update(const vm::Process& process, const celeryscript::DataValue& resource,
                       const celeryscript::ResourceUpdate& update, vm::Ticket ticket) override;
  void pin_was_read(const vm::Process&, int pin, int mode, double value) override {
    tiny_.pin_was_read(pin, mode, value);
  }
  void log(const vm::Process& process, Json entry) override;
  [[nodiscard]] bool logs_every_step() const override { return true; }
  void entered(const vm::Process&) override {}
  void completed(const vm::Process&) override {}
  void motion_granted(const vm::Process&) override {}
  void wake() override { awake_ = true; }
  void set_alarm(vm::Time deadline) override { alarm_ = deadline; }
  [[nodiscard]] vm::Time now() const override { return time_; }
  [[nodiscard]] std::int64_t wall_clock() const override { return 0; }
  void changed(vm::Process&) override {}
  void began(const vm::Process&) override {}
  void failed(const vm::Process&) override {}
  void ended(const vm::Process&) override {}

  const Account& account_;
  TinyWorld& tiny_;
  std::map<std::int64_t, std::shared_ptr<vm::Code>> compiled_;
  vm::Time time_{};
  std::optional<vm::Time> alarm_;
  bool awake_ = false;
  std::optional<vm::Ticket> lock_asked_;  // by whom
};

}  // namespace celeriac::reference
