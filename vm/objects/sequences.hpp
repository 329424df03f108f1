#pragma once
// /code/<name or id>: {start: {args}} makes a process of a stored sequence and runs it; the answer is
// {process}, at once. /proc/<number>: {pause}, {run}, {kill}, {wait}, {status} of a sequence's process.
//
// What a sender needs is the capability of the operation behind it: {"operation": "PROC.START"}, "PROC.PAUSE"
// and so on.

#include "vm/kernel/kernel.hpp"
#include "vm/objects/spoken.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

class SequenceObjects final : public NativeObject {
 public:
  SequenceObjects(Kernel& kernel, CodeStore& store, StepLoop& loop);
  void receive(NativeCall call) override;

 private:
  using Result = protocol::Result<protocol::Json>;
  using Done = std::move_only_function<void(Result)>;
  using Serve = void (SequenceObjects::*)(ProcessId id, Done done);
  struct Row {
    const char* name;
    const char* operation;
    Serve serve;
  };
  static const Row rows_[];

  void start(std::string_view code, const protocol::Json& arguments, Done done);
  void pause(ProcessId id, Done done) { loop_.pause(id, answer(std::move(done))); }
  void run(ProcessId id, Done done);
  void kill(ProcessId id, Done done) { loop_.kill(id, answer(std::move(done))); }
  void wait(ProcessId id, Done done) { loop_.wait(id, answer(std::move(done))); }
  void status(ProcessId id, Done done);
  static Answer answer(Done done);

  Kernel& kernel_;
  CodeStore& store_;
  StepLoop& loop_;
};

}  // namespace celeriac::vm
