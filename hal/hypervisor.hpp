#pragma once
// The hypervisor without its sockets: operations of the table in, outcomes and registers out.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <set>
#include <vector>

#include "hal/firmware/link.hpp"
#include "hal/gpio/blink.hpp"
#include "hal/gpio/button_state.hpp"
#include "hal/motion/jog.hpp"
#include "hal/motion/moves.hpp"
#include "hal/motion/request_queue.hpp"
#include "hal/outcome.hpp"
#include "hal/pins/pins.hpp"
#include "hal/position/journal.hpp"
#include "hal/position/reckoning.hpp"
#include "hal/recording/recorder.hpp"
#include "hal/safety/leases.hpp"
#include "hal/safety/outputs.hpp"
#include "hal/settings/backups.hpp"
#include "hal/settings/store.hpp"
#include "protocol/payload.hpp"
#include "protocol/registers.hpp"

namespace celeriac::hal {

class Hypervisor final : private firmware::LinkObserver {
 public:
  struct Options {
    std::filesystem::path dir;  ///< parameters.json and settings.json live here
    protocol::Json initial_parameters =
        protocol::Json::object();             ///< name → value, for what the store has not
    recording::Recorder* recorder = nullptr;  ///< writes down what happens; must outlive the hypervisor
  };

  /// All references must outlive it.
  Hypervisor(boost::asio::io_context& io, Timers& timers, firmware::PortOpener& opener,
             protocol::Registers& registers, settings::Background background, Options options);
  ~Hypervisor() override;

  /// Reads the stored settings, then opens the port. Status::failed if a file cannot be understood.
  protocol::Result<void> start();
  /// The host ends: what moves is stopped, outputs go to their safe state, and nothing new begins. Calls
  /// `rested` when that is done, at most rest_patience later; then stop().
  void come_to_rest(std::move_only_function<void()> rested);
  void stop();

  /// Something for which the machine has to rest, and which ends.
  struct Pause {
    protocol::Error refusal;  ///< whatever is asked for meanwhile is answered with this
    bool apart = false;       ///< the port is closed as well: somebody else talks to the board
  };
  /// As come_to_rest(), until wake(): calls `rested` when nothing moves, outputs are safe and, where asked
  /// for, the port is closed. Status::wrong_state, and nothing is done, if it rests already.
  protocol::Result<void> rest(Pause pause, std::move_only_function<void()> rested);
  /// Goes on. Completes at once, or where the port was closed, when the board is ready again or does not come
  /// back.
  void wake(Completion completion);
  [[nodiscard]] bool resting() const noexcept { return pause_.has_value(); }
  /// A motion or another request is at work.
  [[nodiscard]] bool busy() const noexcept { return queue_.at_work().has_value(); }
  /// A part of the status tree that somebody else knows: made anew for each reading.
  void show_with(std::string name, std::function<protocol::Json()> part) {
    shown_.emplace_back(std::move(name), std::move(part));
  }

  /// Serves an operation of this daemon's; completes once, now or later.
  void serve(const protocol::Operation& operation, const protocol::Arguments& arguments, Owner owner,
             Completion completion);
  /// A stream has ended: what it waits for is dropped, its motion stops, its outputs go to their safe state.
  void stream_closed(std::uint64_t session);
  /// The operations that serve() knows.
  static std::vector<const protocol::Operation*> operations();

  /// The physical stop button: held, it stops and keeps everything locked.
  void stop_button(gpio::ButtonState state);

  /// All that decides what it does next, for a replay that begins here: hypervisor_recording.cpp. Nothing
  /// while something is going on.
  [[nodiscard]] std::optional<protocol::Json> memory() const;
  /// Goes on from a memory, once the board of that memory is ready.
  void remember(const protocol::Json& memory);

  /// Other parts of this program have a branch of the status tree each.
  void add_status(std::string name, std::function<protocol::Json()> document) {
    status_parts_.emplace_back(std::move(name), std::move(document));
  }
  /// Hears that what is published has changed.
  void on_published(std::function<void()> hook) { published_ = std::move(hook); }
  /// Hears of SYS.WRITE_LED: the LEDs are on lines of the computer.
  void on_led(std::function<void(int led, bool on)> hook) { led_ = std::move(hook); }
  /// Hears when the board is to restart by request, as its port is closed.
  void on_restart(std::function<void()> hook) { restart_ = std::move(hook); }
  /// What lights and outputs of the computer go by.
  [[nodiscard]] gpio::MachineState machine() const;

  /// A sentence of another part of this program, for the log.
  void note(firmware::Severity severity, std::string message) { report(severity, std::move(message)); }

  [[nodiscard]] protocol::Json status() const;
  [[nodiscard]] const firmware::Link& link() const noexcept { return link_; }

 private:
  using Arguments = protocol::Arguments;
  struct Row;
  static std::span<const Row> table();

  // LinkObserver
  void changed(std::uint8_t changes) override;
  void report(firmware::Severity severity, std::string message) override;
  void ready() override;
  void lost(const protocol::Error& error) override;
  void locked() override;
  void idle_report() override;
  void began(const firmware::Command& command) override;
  void ended(const firmware::Command& command, const protocol::Result<firmware::Answer>& answer,
             const firmware::Traces& traces) override;
  std::vector<firmware::Command> before_anything() override;
  void line(firmware::Way way, std::string_view text) override;

  // What outlives a restart: hypervisor_position.cpp
  void take_up_journal();
  void take_up_lock();
  void store_lock();
  void home_at_boot();
  [[nodiscard]] position::Reckoning::Reports reckoning_reports();

  // What people are protected from: hypervisor_safety.cpp
  void release(const Holders& holders, const std::string& why);
  void lapsed(Holder holder);
  [[nodiscard]] bool holds(Holder holder) const;
  void output_due(int pin);
  void make_safe(const std::vector<int>& pins, const std::string& why);
  void begin_driving_safe();
  void look_whether_at_rest();
  void settle_down(const protocol::Error& refusal, std::string_view why,
                   std::move_only_function<void()> rested);
  void await_board(Completion completion);
  boost::asio::awaitable<void> drive_safe();
  void stop_motion(std::string why);
  void start_jog(Owner owner, const motion::JogWay& way);
  [[nodiscard]] PerAxis<double> jog_distance(const motion::JogWay& way) const;
  boost::asio::awaitable<protocol::Result<void>> write_output(int pin, int value, pins::Mode mode,
                                                              Holder holder);
  boost::asio::awaitable<protocol::Result<void>> toggle_output(int pin, Holder holder);
  boost::asio::awaitable<Outcome> update_guards();
  void forget_outputs(std::string_view why);
  void outputs_under_lock();
  [[nodiscard]] char board_letter() const;

  // What goes back to its defaults: hypervisor_reset.cpp
  void factory_reset(const Arguments& arguments, Owner owner, Completion completion);
  void reset_parameters(Owner owner, Completion completion);
  void reset_settings(Owner owner, Completion completion);
  boost::asio::awaitable<protocol::Result<int>> write_defaults(firmware::ParameterSet fresh);
  [[nodiscard]] protocol::Json parameter_backup() const;

  // What is written down: hypervisor_recording.cpp
  void record_start();
  void record_changes();
  Completion recorded(const protocol::Operation& operation, const protocol::Arguments& arguments, Owner owner,
                      Completion completion);

  firmware::ParameterSet stored_parameters();
  /// The same, made of these values instead of the stored ones.
  firmware::ParameterSet parameters_with(const protocol::Json& stored);
  void publish();
  void publish_named(std::uint8_t changes);
  void resolve(const std::string& name, protocol::Registers::Ready ready);
  /// Which values of a setting, by the contract's numbers: as they are, as stored, the defaults, or
  /// `{unit, lowest, highest, default}`.
  enum class Source : std::uint8_t { board, stored, fallback, about };
  [[nodiscard]] std::optional<protocol::Json> config_value(std::string_view name,
                                                           Source source = Source::board) const;
  [[nodiscard]] std::optional<protocol::Error> refusal() const;
  void queue(Owner owner, motion::RequestQueue::Work work, Completion completion);
  /// `make` gives the task when its turn comes: Task<void> or Task<int>.
  template <class MakeTask>
  void queue_task(Owner owner, Completion completion, MakeTask make) {
    queue(
        owner,
        [this, make = std::move(make)] {
          // Now, and not when the coroutine first runs: whoever ends in between has stopped this one.
          moves_.begin();
          stop_reason_.clear();
          released_at_work_ = false;
          return [](Hypervisor& self, const MakeTask& task) -> boost::asio::awaitable<Outcome> {
            auto outcome = outcome_of(co_await task());
            if (!outcome && outcome.error().status == protocol::Status::cancelled &&
                !self.stop_reason_.empty())
              outcome.error().message = self.stop_reason_;
            co_return outcome;
          }(*this, make);
        },
        std::move(completion));
  }

  void move_absolute(const Arguments& arguments, Owner owner, Completion completion);
  void move_relative(const Arguments& arguments, Owner owner, Completion completion);
  void home(const Arguments& arguments, Owner owner, Completion completion);
  void find_home(const Arguments& arguments, Owner owner, Completion completion);
  void calibrate(const Arguments& arguments, Owner owner, Completion completion);
  void zero(const Arguments& arguments, Owner owner, Completion completion);
  void write_pin(const Arguments& arguments, Owner owner, Completion completion);
  void read_pin(const Arguments& arguments, Owner owner, Completion completion);
  void toggle_pin(const Arguments& arguments, Owner owner, Completion completion);
  void set_pin_io_mode(const Arguments& arguments, Owner owner, Completion completion);
  void set_servo_angle(const Arguments& arguments, Owner owner, Completion completion);
  void write_led(const Arguments& arguments, Owner owner, Completion completion);
  void read_status(const Arguments& arguments, Owner owner, Completion completion);
  void config_read(const Arguments& arguments, Owner owner, Completion completion);
  void config_update(const Arguments& arguments, Owner owner, Completion completion);
  void update_parameter(const Arguments& arguments, Owner owner, Completion completion);
  void update_setting(const Arguments& arguments, Completion completion);
  void update_output(const Arguments& arguments, Owner owner, Completion completion);
  void store_parameter(int number, std::int32_t value, Completion completion);
  void emergency_lock(const Arguments& arguments, Owner owner, Completion completion);
  void emergency_unlock(const Arguments& arguments, Owner owner, Completion completion);
  void abort(const Arguments& arguments, Owner owner, Completion completion);
  void reboot(const Arguments& arguments, Owner owner, Completion completion);
  void jog(const Arguments& arguments, Owner owner, Completion completion);
  void keep_alive(const Arguments& arguments, Owner owner, Completion completion);
  void release_holder(const Arguments& arguments, Owner owner, Completion completion);

  boost::asio::io_context& io_;
  protocol::Registers& registers_;
  Options options_;
  firmware::ParameterSet wanted_;
  settings::Store parameter_store_, setting_store_, lock_store_;
  settings::Backups backups_;
  firmware::Link link_;
  position::Reckoning reckoning_;
  position::Journal journal_;
  motion::RequestQueue queue_;
  motion::Moves moves_;
  pins::Pins pins_;
  safety::Outputs outputs_;
  safety::Leases leases_;
  motion::Jog jog_;
  std::string stop_reason_;  // of the motion at work; "" if it was asked for by ABORT
  bool ending_ = false;      // no request begins any more
  std::vector<std::move_only_function<void()>> rested_;
  std::optional<Pause> pause_;
  std::vector<std::pair<std::string, std::function<protocol::Json()>>> shown_;
  std::unique_ptr<Timer> rest_timer_;
  bool released_at_work_ = false;  // the holder of the request at work has ended
  std::set<int> unsafe_;           // outputs on their way to their safe state
  bool driving_safe_ = false;
  gpio::ButtonState button_;
  std::vector<std::pair<std::string, std::function<protocol::Json()>>> status_parts_;
  std::function<void()> published_;
  std::function<void(int, bool)> led_;
  std::function<void()> restart_;
  std::unique_ptr<Timer> reboot_timer_;
  std::vector<Completion> reboot_waiters_;
  std::uint8_t unpublished_ = 0;
  bool publish_scheduled_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal
