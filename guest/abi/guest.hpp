#pragma once
// The seam between an ABI and everything around it: what a personality may do with the instance that it
// serves, and what it gives to whoever runs it. The worker implements Guest; tests implement a fake.
//
//   instantiate with functions() ──► run(guest), on the instance's own fiber ──► returns: it has ended
//                                      │ guest.call(export)    enters the module, which calls functions()
//                                      └ guest.ask(operation)  the fiber sleeps until the answer is there
//
// Trap and Ended are exceptions because they unwind through a guest: whoever called run(), or the engine's
// border, catches them. They never cross the engine itself.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/operations.hpp"
#include "protocol/session.hpp"
#include "wasm/signature.hpp"

namespace celeriac::guest {

/// The guest has broken a rule of its ABI: its execution ends here, and its process with it.
struct Trap {
  std::string why;  ///< a sentence for a person: "receive: the return area at 4098 is not aligned to 8."
};

/// Nobody wants the guest to go on: it was killed, or has asked to end.
struct Ended {
  int code = 0;  ///< of proc_exit
};

/// A value as the engine holds it: an i32 or f32 in the low half, zero above.
using Slot = std::uint64_t;

/// Who the process is.
struct Identity {
  std::uint16_t process = 0;  ///< its number on the wire
  std::string address;        ///< node@process:package:publisher
  std::string path;           ///< /proc/publisher/package/process, or its own
  std::vector<std::string> arguments;
  std::vector<std::string> topics;       ///< subscriptions of its configuration
  std::vector<std::string> exchanges;    ///< message exchanges that it may connect to, by name
  std::vector<std::string> directories;  ///< drives that it may open files in: "/package:publisher/pkg"
  bool restored = false;  ///< memory and globals are those of a snapshot: no _initialize, no _othismo_start
};

class Guest {
 public:
  virtual ~Guest() = default;

  [[nodiscard]] virtual const Identity& identity() const = 0;
  /// The linear memory; empty if there is none. Invalid after call(): memory may have grown.
  virtual std::span<std::uint8_t> memory() = 0;
  [[nodiscard]] virtual bool exports(std::string_view function) const = 0;
  /// The type of an exported function; nullptr if there is none of that name.
  [[nodiscard]] virtual const wasm::Signature* export_type(std::string_view function) const = 0;
  /// Calls an exported function, from run() or from inside a host function. Returns its results. Throws Trap
  /// when the guest traps (after which it must not be entered again), Ended when it is to end.
  virtual std::vector<Slot> call(std::string_view function, std::span<const Slot> arguments) = 0;

  /// Sends a request over the wire in the name of this process and sleeps until the answer is there. The
  /// payload is complete (encode_id(process) in front where the operation wants it). Throws Ended when killed
  /// meanwhile.
  virtual protocol::Reply ask(const protocol::Operation& operation, std::string payload) = 0;
  /// The same without waiting for the answer; sleeps only when too many are unanswered. FIFO with ask().
  virtual void tell(const protocol::Operation& operation, std::string payload) = 0;
  /// Sends a request and goes on; its answer is one of those that next_answer() gives, with this number.
  /// FIFO with ask(). The caller bounds how many are unanswered. A guest that cannot do this traps.
  virtual void begin(const protocol::Operation&, std::string /*payload*/, std::uint64_t /*number*/) {
    throw Trap{"This host deals with one request at a time."};
  }
  struct Answer {
    std::uint64_t number = 0;
    protocol::Reply reply;
  };
  /// The next answer to begin(), whenever it comes, or nullopt after `patience`.
  virtual std::optional<Answer> next_answer(std::optional<std::chrono::nanoseconds> /*patience*/) {
    return std::nullopt;
  }
  /// Lets time pass without entering the guest.
  virtual void sleep(std::chrono::nanoseconds time) = 0;
  /// A line of the guest's standard output or error, for the log.
  virtual void write_line(bool error, std::string_view line) = 0;

  /// A run has come to its end, with no function of the module on the stack: changed memory is committed
  /// together with the outbox (each entry: encode_id(process) + envelope). Othismo only; others never call
  /// it. An error ends the guest.
  virtual void commit(std::vector<std::string> outbox, std::uint64_t answered) = 0;
};

/// A function that a module may import. `call` gets the personality that offers it.
class Personality;
struct HostFunction {
  std::string_view module;
  std::string_view field;
  wasm::Signature type;
  /// Runs on the guest's fiber, may call back into the guest and may sleep. Throws Trap or Ended.
  void (*call)(Personality& self, Guest& guest, std::span<const Slot> arguments, std::span<Slot> results);
};

/// One ABI at work for one instance.
class Personality {
 public:
  virtual ~Personality() = default;
  /// What the module may import; a longer table than it needs. Views and table outlive the personality.
  [[nodiscard]] virtual std::span<const HostFunction> functions() const = 0;
  /// Everything after instantiation: initialisation, then serving until the process ends. Returning is the
  /// ordinary end; Trap and Ended come through.
  virtual void run(Guest& guest) = 0;
};

/// What a module says of itself: enough to choose an ABI before there is an instance.
struct ModuleShape {
  struct Function {
    std::string_view module;  ///< "" for exports
    std::string_view name;
    wasm::Signature type;
  };
  std::vector<Function> imports;
  std::vector<Function> exports;
  std::string_view wit;  ///< contents of a component-type custom section, "" if there is none

  [[nodiscard]] const Function* find_export(std::string_view name) const noexcept;
  [[nodiscard]] const Function* find_import(std::string_view module, std::string_view name) const noexcept;
};

/// Chooses by imports and exports, or by `hint` (the manifest's `abi`), checks every import against the
/// tables (checklist 2, 3: by name and type) and that what the ABI needs is exported (7).
/// Status::invalid_code with a sentence that names module and field. wasi_snapshot_preview1 is offered beside
/// every ABI.
protocol::Result<std::unique_ptr<Personality>> personality_for(const ModuleShape& module,
                                                               std::string_view hint);

}  // namespace celeriac::guest
