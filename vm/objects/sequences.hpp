#pragma once
// /code/<name or id>: {start: {args}} makes a process of a stored sequence and runs it; the answer is
// {process}, at once. /proc/<number>: {pause}, {run}, {kill}, {wait}, {status} of a sequence's process.
// /proc: {list: {name}} tells about all, or those of one name.
//
// Whose addresses have no paths finds the same at sequences:distro:sys: {start: {sequence, args}},
// {pause: {process}}, {list: {}}.
//
// What a sender needs is the capability of the operation behind it: {"operation": "PROC.START"}, "PROC.PAUSE"
// and so on.

#include "vm/kernel/kernel.hpp"
#include "vm/objects/spoken.hpp"
#include "vm/sequences/code_store.hpp"
#include "vm/sequences/step_loop.hpp"

namespace celeriac::vm {

/// Processes that one answer tells about.
inline constexpr std::size_t max_listed_sequences = 200;

class SequenceObjects final : public NativeObject {
 public:
  SequenceObjects(Kernel& kernel, CodeStore& store, StepLoop& loop);
  void receive(NativeCall call) override;

 private:
  using Result = protocol::Result<protocol::Json>;
  using Done = std::move_only_function<void(Result)>;
  /// What a request is about, as its path or its arguments say: a sequence, a process, or nothing.
  struct Subject {
    std::string name = {};
    ProcessId process = no_process;
  };
  using Serve = void (SequenceObjects::*)(const Subject& subject, const protocol::Json& arguments, Done done);
  enum class About : std::uint8_t { sequence, process, all };
  struct Row {
    std::string_view name;
    const char* operation;
    About about;
    Serve serve;
  };
  static const Row rows_[];

  static protocol::Result<Subject> subject(const NativeCall& call, const Row& row,
                                           const protocol::Json& arguments);
  void start(const Subject& subject, const protocol::Json& arguments, Done done);
  void pause(const Subject& subject, const protocol::Json& arguments, Done done);
  void run(const Subject& subject, const protocol::Json& arguments, Done done);
  void kill(const Subject& subject, const protocol::Json& arguments, Done done);
  void wait(const Subject& subject, const protocol::Json& arguments, Done done);
  void status(const Subject& subject, const protocol::Json& arguments, Done done);
  void list(const Subject& subject, const protocol::Json& arguments, Done done);
  static Answer answer(Done done);

  Kernel& kernel_;
  CodeStore& store_;
  StepLoop& loop_;
};

}  // namespace celeriac::vm
