#pragma once
// What the machine does with its axes. Each is the work of one request; they run one at a time.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <span>

#include "hal/firmware/link.hpp"
#include "hal/motion/limits.hpp"
#include "hal/motion/ramp.hpp"
#include "hal/position/reckoning.hpp"

namespace celeriac::hal::motion {

/// Shorter axes are no result of a calibration but of a broken one.
inline constexpr double shortest_length_steps = 100;

class Moves {
 public:
  template <class T>
  using Task = boost::asio::awaitable<protocol::Result<T>>;
  using Report = std::function<void(firmware::Severity, std::string)>;
  /// The number of a parameter that a calibration has found, and its new value, which the board has.
  using Learned = std::function<void(int number, std::int32_t value)>;
  using Limits = std::function<PerAxis<Range>()>;

  /// `limits` are asked for before each move.
  Moves(firmware::Link& link, Timers& timers, position::Reckoning& reckoning, Limits limits, Report report)
      : link_(link),
        reckoning_(reckoning),
        limits_(std::move(limits)),
        report_(std::move(report)),
        idle_timer_(timers.make()) {}

  /// A new request's work begins.
  void begin() noexcept { cancelled_ = false; }

  /// To a position in mm, with speeds in percent. Refused with `position_unknown` or `soft_limit` before
  /// anything is sent.
  Task<void> absolute(PerAxis<double> target_mm, PerAxis<double> percent);
  /// By a distance, from where the machine is now. Soft limits hold for axes whose position is not unknown.
  Task<void> relative(PerAxis<double> distance_mm, PerAxis<double> percent);
  /// As relative, but only as far as the soft limits allow.
  Task<void> jog(PerAxis<double> distance_mm, PerAxis<double> percent);
  /// To 0 of each axis in turn, until one fails. Refused with `position_unknown`.
  Task<void> home(std::span<const Axis> axes, double percent);
  Task<void> find_home(std::span<const Axis> axes);
  /// Finds the length of each axis, and which of its end stops is which, and writes both to the board; tells
  /// `learned` of each.
  Task<void> calibrate(std::span<const Axis> axes, Learned learned);
  /// Here is 0. Ends when the board shows it, with its next idle report: a move before that would undo it.
  Task<void> zero(std::span<const Axis> axes);

  /// Ends what is going on with `cancelled`: the move on the line is stopped, the next axis does not start.
  void cancel();

  /// A command has ended: reports what its lines told beside its answer.
  void ended(const firmware::Command& command, bool good, const firmware::Traces& traces) const;
  /// The board has sent an idle report.
  void idle_reported();
  /// What waits for one ends with this.
  void interrupt(const protocol::Error& error);

 private:
  Task<void> go(PerAxis<double> target_mm, PerAxis<double> percent);
  /// The same without a look at limits.
  Task<void> drive(PerAxis<double> target_mm, PerAxis<double> percent);
  Task<void> learn(int number, std::int32_t value, const Learned& learned);
  /// Limits of the axes whose position means something.
  [[nodiscard]] PerAxis<Range> limits_in_force() const;
  Task<firmware::Answer> run(firmware::Command command);
  Task<void> wait_for_idle_report();
  [[nodiscard]] protocol::Result<PerAxis<double>> position() const;
  void compare(const PerAxis<double>& target_mm, const firmware::Answer& answer) const;

  firmware::Link& link_;
  position::Reckoning& reckoning_;
  Limits limits_;
  Report report_;
  std::unique_ptr<Timer> idle_timer_;
  bool cancelled_ = false;  // the work in progress, until the next begins
  std::move_only_function<void(protocol::Result<void>)> idle_waiter_;
};

/// The axes of the contract's number: 0 x, 1 y, 2 z, 3 all, which goes z, y, x.
std::span<const Axis> axes_of(std::int64_t number) noexcept;

}  // namespace celeriac::hal::motion
