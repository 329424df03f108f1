#pragma once
// The hypervisor without its sockets: operations of the table in, outcomes and registers out.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <vector>

#include "hal/firmware/link.hpp"
#include "hal/motion/moves.hpp"
#include "hal/motion/request_queue.hpp"
#include "hal/outcome.hpp"
#include "hal/pins/pins.hpp"
#include "hal/settings/store.hpp"
#include "protocol/payload.hpp"
#include "protocol/registers.hpp"

namespace celeriac::hal {

class Hypervisor final : private firmware::LinkObserver {
 public:
  struct Options {
    std::filesystem::path dir;  ///< parameters.json and settings.json live here
    protocol::Json initial_parameters =
        protocol::Json::object();  ///< name → value, for what the store has not
  };

  /// All references must outlive it.
  Hypervisor(boost::asio::io_context& io, Timers& timers, firmware::PortOpener& opener,
             protocol::Registers& registers, settings::Background background, Options options);
  ~Hypervisor() override;

  /// Reads the stored settings, then opens the port. Status::failed if a file cannot be understood.
  protocol::Result<void> start();
  void stop();

  /// Serves an operation of this daemon's; completes once, now or later.
  void serve(const protocol::Operation& operation, const protocol::Arguments& arguments, Owner owner,
             Completion completion);
  /// A stream has ended: what it waits for is dropped, and its move stops.
  void stream_closed(std::uint64_t session);
  /// The operations that serve() knows.
  static std::vector<const protocol::Operation*> operations();

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

  void publish();
  void publish_named(std::uint8_t changes);
  void resolve(const std::string& name, protocol::Registers::Ready ready);
  [[nodiscard]] std::optional<protocol::Json> config_value(std::string_view name) const;
  void queue(Owner owner, motion::RequestQueue::Work work, Completion completion);
  template <class MakeTask>
  void queue_task(Owner owner, Completion completion, MakeTask make);

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
  void read_status(const Arguments& arguments, Owner owner, Completion completion);
  void config_read(const Arguments& arguments, Owner owner, Completion completion);
  void config_update(const Arguments& arguments, Owner owner, Completion completion);
  void update_parameter(const Arguments& arguments, Owner owner, Completion completion);
  void update_setting(const Arguments& arguments, Completion completion);
  void store_parameter(int number, std::int32_t value, Completion completion);
  void emergency_lock(const Arguments& arguments, Owner owner, Completion completion);
  void emergency_unlock(const Arguments& arguments, Owner owner, Completion completion);
  void abort(const Arguments& arguments, Owner owner, Completion completion);
  void reboot(const Arguments& arguments, Owner owner, Completion completion);

  boost::asio::io_context& io_;
  protocol::Registers& registers_;
  Options options_;
  firmware::ParameterSet wanted_;
  settings::Store parameter_store_, setting_store_;
  firmware::Link link_;
  motion::RequestQueue queue_;
  motion::Moves moves_;
  pins::Pins pins_;
  std::unique_ptr<Timer> reboot_timer_;
  std::vector<Completion> reboot_waiters_;
  std::uint8_t unpublished_ = 0;
  bool publish_scheduled_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace celeriac::hal
