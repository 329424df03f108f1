#pragma once
// One process of a package: an instance of a module, the personality that serves it, and the fiber that both
// run on. It is what the personality knows as Guest.
//
//             run()                 ask(), sleep(), a slice used up
//   made ──────────────► running ─────────────────────────────────► waiting
//                         │  ▲                                         │ what it waits for is there;
//       returned, trap,   │  └─────────────────────────────────────────┘ a pause holds it here
//       killed            ▼                                              a kill makes the wait throw Ended
//                       ended ──► Owner::ended, once, outside of the fiber

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guest/abi/guest.hpp"
#include "guest/committed_memory.hpp"
#include "guest/fiber.hpp"
#include "guest/modules.hpp"
#include "guest/output.hpp"
#include "protocol/session.hpp"
#include "protocol/token_bucket.hpp"
#include "wasm/guest_engine.hpp"

namespace celeriac::guest {

/// Messages told and not answered yet; the next tell() waits.
inline constexpr std::size_t max_told = 64;
/// Messages a second when the package says nothing, and how many seconds' worth go at once.
inline constexpr double default_messages_per_second = 200'000;
inline constexpr double message_burst_seconds = 0.25;
/// Bytes of a request's payload that snapshot and outbox may take; longer ones go as blobs, in pieces of as
/// many.
inline constexpr std::size_t commit_inline_bytes = 48 * 1024;
/// Bytes of a module that one request asks for.
inline constexpr std::size_t module_slice = protocol::max_answer;

/// What GUEST.START says.
struct StartOrder {
  Identity identity;
  std::string module;  ///< sha256
  std::string abi;
  wasm::GuestLimits limits;
  double messages_per_second = default_messages_per_second;
};

enum class How : std::uint8_t { returned, trap, refused, killed };
std::string_view name(How how) noexcept;

struct InstanceEnd {
  How how = How::returned;
  std::string message;  ///< a sentence for a person, or ""
};

class Instance;

/// Whom instances belong to.
struct Owner {
  virtual ~Owner() = default;
  /// It exists and is about to run.
  virtual void started(Instance& instance) = 0;
  /// It has ended, before or after it was started: `end`. It may be destroyed soon after.
  virtual void ended(Instance& instance) = 0;
  /// It has used its slice up, and goes on when its take_turn() is called: later, from the loop.
  virtual void wants_turn(Instance& instance) = 0;
};

/// What all instances of a worker share.
struct Surroundings {
  boost::asio::io_context& io;
  std::shared_ptr<protocol::Session> session;
  Modules& modules;
  Owner& owner;
  PersonalityFor personality_for;
  std::size_t stack_bytes = Fiber::default_stack_bytes;
};

class Instance final : public Guest, public std::enable_shared_from_this<Instance> {
 public:
  /// Throws std::bad_alloc if there is no room for a stack.
  Instance(Surroundings& surroundings, StartOrder order);
  ~Instance() override;

  // ---- from the loop ----
  /// Loads, instantiates, restores and runs it. Returns when it waits or has ended.
  void run();
  /// Ends it at once if it waits, else at its next slice or request. The first reason is what counts.
  void kill(InstanceEnd why);
  /// Runs `resting` when it rests: at once if it waits.
  void pause(std::move_only_function<void()> resting);
  void resume();
  /// Lets it have the slice that it waits for, if it still does.
  void take_turn() { wake(std::exchange(turn_, Ticket::none)); }
  [[nodiscard]] bool has_ended() const noexcept { return ended_; }
  [[nodiscard]] const InstanceEnd& end() const noexcept { return end_; }
  /// Why it could not be started, of one that ended before it was.
  [[nodiscard]] const protocol::Error& refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::string error_end() const { return output_.error_end(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return memory_bytes_; }

  // ---- from its personality ----
  [[nodiscard]] const Identity& identity() const override { return order_.identity; }
  std::span<std::uint8_t> memory() override;
  [[nodiscard]] bool exports(std::string_view function) const override;
  [[nodiscard]] const wasm::Signature* export_type(std::string_view function) const override;
  std::vector<Slot> call(std::string_view function, std::span<const Slot> arguments) override;
  protocol::Reply ask(const protocol::Operation& operation, std::string payload) override;
  void tell(const protocol::Operation& operation, std::string payload) override;
  void begin(const protocol::Operation& operation, std::string payload, std::uint64_t number) override;
  std::optional<Answer> next_answer(std::optional<std::chrono::nanoseconds> patience) override;
  void sleep(std::chrono::nanoseconds time) override;
  void write_line(bool error, std::string_view line) override;
  void commit(std::vector<std::string> outbox, std::uint64_t answered) override;

  /// What the engine calls for every function of the host.
  static wasm::HostOutcome enter(void* instance, const void* function,
                                 std::span<const std::uint64_t> arguments,
                                 std::span<std::uint64_t> results) noexcept;

 private:
  /// Names one wait, so that what comes too late wakes nobody.
  enum class Ticket : std::uint64_t { none = 0 };

  void live();
  void prepare();
  std::shared_ptr<const LoadedModule> fetch_module();
  void restore();
  std::string read_all(const protocol::Operation& operation, protocol::Json fields, std::size_t most,
                       bool (*whole)(std::string_view bytes) = nullptr);
  std::uint16_t write_blob(std::string_view bytes);

  static wasm::HostOutcome refuel(void* instance) noexcept;
  void end_slice();
  void checkpoint();
  void throttle(const protocol::Operation& operation);
  Ticket begin_wait() noexcept;
  void wait();
  void wait_until(Ticket ticket, std::chrono::nanoseconds time);
  void wake(Ticket ticket);
  void go_on();
  void rests();
  void finish();

  Surroundings& surroundings_;
  StartOrder order_;
  std::shared_ptr<const LoadedModule> module_;
  std::unique_ptr<Personality> personality_;
  std::unique_ptr<wasm::GuestInstance> code_;
  std::unique_ptr<CommittedMemory> committed_;  // of those that commit
  std::vector<std::uint64_t> committed_globals_;
  std::uint32_t committed_pages_ = 0;
  std::exception_ptr thrown_;  // by a host function, on its way through the engine
  bool faulted_ = false;       // must not be entered again

  Ticket ticket_{};
  Ticket last_ticket_{};
  bool woken_ = false;
  bool waiting_ = false;
  bool paused_ = false;
  std::optional<InstanceEnd> killed_;
  std::vector<std::move_only_function<void()>> resting_;  // who waits for its rest
  protocol::Reply reply_;
  std::size_t told_ = 0;
  Ticket tells_{};              // waits for told_ to fall
  Ticket turn_{};               // waits for its turn
  Ticket wants_answer_{};       // waits for one of answers_
  std::deque<Answer> answers_;  // to begin(); its caller bounds them
  std::unique_ptr<boost::asio::steady_timer> timer_;
  protocol::TokenBucket messages_;
  Output output_;
  std::size_t memory_bytes_ = 0;  // when it was last looked at

  bool started_ = false;
  bool ended_ = false;
  InstanceEnd end_;
  protocol::Error refusal_;
  Fiber fiber_;  // last: what is on its stack refers to the rest
};

}  // namespace celeriac::guest
