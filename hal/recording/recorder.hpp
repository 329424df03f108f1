#pragma once
// Writes down what happens to a hypervisor and what it does, so that a replay can have the same happen again.
//
// It stands at the hypervisor's borders: the port (recorded_port.hpp), the clock's alarms, work in the
// background, requests and their outcomes. In between the hypervisor decides by itself, always the same way.

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hal/firmware/serial_port.hpp"
#include "hal/outcome.hpp"
#include "hal/recording/ring.hpp"
#include "protocol/operations.hpp"

namespace celeriac::hal::recording {

/// So often a quiet hypervisor's state is written down, from which a replay can begin.
inline constexpr std::chrono::seconds snapshot_period{60};
/// Turns of the event loop after which everything that an input has posted, and that has posted in turn, has
/// run.
inline constexpr int turns_to_rest = 6;
/// Log entries that are kept for a fault's bundle.
inline constexpr std::size_t max_kept_log = 1000;
/// Text of a log line or an error in a recording.
inline constexpr std::size_t max_text = 2000;

class Recorder {
 public:
  /// Hears of what a person should look into: a stable word and a sentence.
  using OnFault = std::function<void(const std::string& code, const std::string& message)>;
  /// All that decides what the hypervisor does next; nothing while something is going on.
  using Snapshot = std::function<std::optional<protocol::Json>()>;

  /// All must outlive it.
  Recorder(boost::asio::io_context& io, Timers& timers, Lines& lines);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void snapshot_with(Snapshot snapshot) { snapshot_ = std::move(snapshot); }
  void on_fault(OnFault on_fault) { on_fault_ = std::move(on_fault); }

  // ---- what happens ----
  void start(const protocol::Json& options);
  void ending() { put(Kind::ending); }
  void rest(const protocol::Error& refusal, bool apart);
  void wake() { put(Kind::wake); }
  void stop() { put(Kind::stop); }
  /// Returns the number under which outcome() answers it.
  std::uint64_t request(const protocol::Operation& operation, const protocol::Json& fields, Owner owner);
  void outcome(std::uint64_t number, const Outcome& outcome);
  /// The next request has this number: a replay numbers as the recording did.
  void number_request(std::uint64_t next) { last_request_ = next - 1; }
  void stream_closed(std::uint64_t session) { put(Kind::closed, std::to_string(session)); }
  void button(const protocol::Json& state) { put(Kind::button, one_line(state)); }
  /// The link's state; written when it is another than before.
  void state(std::string_view name);
  /// The lock; written when it changes.
  void lock(bool engaged);
  /// The board was lost.
  void lost(const protocol::Error& error);
  void log(std::string_view level, std::string_view message);
  /// Anything by its kind: what the decorators of port and clock write.
  void put(Kind kind, std::string_view text = {});

  /// Turns of the event loop since the last input, counted up to turns_to_rest.
  [[nodiscard]] int turns() const noexcept { return turns_; }
  /// The bytes of one reading have been worked off: the moment for a snapshot.
  void bytes_taken();
  /// `inner`, with the completion of every job written down.
  settings::Background recorded(settings::Background inner);
  /// Jobs of recorded() that have not completed.
  [[nodiscard]] std::size_t jobs_under_way() const noexcept { return jobs_under_way_; }

  /// The last max_kept_log entries: {time, level, message}.
  [[nodiscard]] const std::deque<protocol::Json>& kept_log() const noexcept { return kept_log_; }
  [[nodiscard]] Timers& timers() noexcept { return timers_; }

 private:
  void begin_segment();
  void append(Kind kind, std::string_view text);
  void input();
  void wait_for_turn();
  void fault(const std::string& code, const std::string& message) {
    if (on_fault_) on_fault_(code, message);
  }

  boost::asio::io_context& io_;
  Timers& timers_;
  Lines& lines_;
  int turns_ = 0;
  bool turn_under_way_ = false;
  Snapshot snapshot_;
  OnFault on_fault_;
  Instant last_snapshot_{};
  std::uint64_t last_request_ = 0;
  std::size_t requests_under_way_ = 0;
  std::size_t jobs_under_way_ = 0;
  std::string state_;
  bool locked_ = false;
  std::deque<protocol::Json> kept_log_;
};

/// Timers whose ringing is written down.
class RecordedTimers final : public Timers {
 public:
  RecordedTimers(Timers& inner, Recorder& recorder) : inner_(inner), recorder_(recorder) {}
  [[nodiscard]] Instant now() const override { return inner_.now(); }
  [[nodiscard]] std::unique_ptr<Timer> make() override;

 private:
  Timers& inner_;
  Recorder& recorder_;
};

/// An opener whose openings, and everything that passes its ports, are written down.
class RecordedOpener final : public firmware::PortOpener {
 public:
  RecordedOpener(firmware::PortOpener& inner, Recorder& recorder) : inner_(inner), recorder_(recorder) {}
  protocol::Result<std::unique_ptr<firmware::SerialPort>> open() override;
  [[nodiscard]] std::string port_name() const override { return inner_.port_name(); }

 private:
  firmware::PortOpener& inner_;
  Recorder& recorder_;
};

/// "4.0.3": session, holder, channel; and back. Session 0 for what is none.
std::string text_of(Owner owner);
Owner owner_of(std::string_view text);

/// The hypervisor's own files in its folder, as they are: {name: text}. They decide how it starts.
protocol::Json files_of(const std::filesystem::path& directory);

/// The code of a fault of which nothing is known but a line of the log: any other says more.
inline constexpr std::string_view any_error = "error";

/// Requests that ask and change nothing are not recorded: clients may poll them many times a second.
bool is_question(const protocol::Operation& operation) noexcept;

/// {status, value} or {status, code, message}: an outcome as recordings keep it.
protocol::Json outcome_document(const Outcome& outcome);

}  // namespace celeriac::hal::recording
