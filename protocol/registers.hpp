#pragma once
// Named values that clients read and watch, and the REGS operations on them.
//
// A watcher has at most one unanswered REGISTER.SET for a register: newer values replace each other until it
// is answered, and the latest goes out then. Stream registers, of which `log` is one, do not coalesce: their
// entries queue, and a drop is reported in the next entry that arrives, as its field `dropped`. A value that
// is too long for a REGISTER.SET arrives as null beside `too_long: true`; REGISTER.READ gives it whole.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "protocol/document.hpp"

namespace celeriac::protocol {

/// Registers that one stream may have open at once.
inline constexpr std::size_t max_open_registers = 4096;
/// Entries of a stream register that wait for a slow watcher.
inline constexpr std::size_t max_queued_log = 1000;

class Registers {
 public:
  using Ready = std::move_only_function<void(Result<void>)>;
  using Value = std::move_only_function<void(Result<Json>)>;
  /// Asked when a client opens a name that is not there: it may publish() or provide() it, then says so, now
  /// or later.
  using Resolver = std::function<void(const std::string& name, Ready ready)>;
  /// Makes the value when it is asked for.
  using Reader = std::function<void(Value)>;

  Registers();
  ~Registers();
  Registers(const Registers&) = delete;
  Registers& operator=(const Registers&) = delete;

  /// Sets a register and tells its watchers if the value differs; makes the register if need be.
  void publish(std::string_view name, Json value);
  /// A register whose value is computed when it is read or sent; touch() says that it changed.
  void provide(std::string_view name, Reader reader);
  void touch(std::string_view name);
  /// Appends an entry, a document, to a stream register, made with the first. Watchers get every entry as the
  /// value of a REGISTER.SET.
  void append(std::string_view name, Json entry);
  void log(Json entry) { append("log", std::move(entry)); }
  /// True if anybody would hear of it now: entries that nobody hears of need not be made. Costs one lookup.
  [[nodiscard]] bool watched(std::string_view name) const;
  /// Removes a register; watchers hear a last value, null.
  void remove(std::string_view name);

  /// The present value; null if there is no such register or it is computed.
  [[nodiscard]] const Json& value(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const;
  void resolve_with(Resolver resolver);

  /// Serves REGISTER.NEW, READ, WATCH and RM.
  void install(Dispatcher& dispatcher);

 private:
  struct Register;
  struct Opened;
  struct Change;
  struct StreamRegisters;
  using Table = std::map<std::string, std::shared_ptr<Register>, std::less<>>;

  Register& ensure(std::string_view name);
  void changed(Register& reg);
  void push(const std::shared_ptr<Opened>& opened);
  void open(Request& request, Responder responder);

  Table table_;
  Resolver resolver_;
};

}  // namespace celeriac::protocol
