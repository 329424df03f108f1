#include "firmware-sim/faults/random_faults.hpp"

#include <array>
#include <chrono>
#include <cstddef>

namespace celeriac::firmware_sim {
namespace {

/// What is drawn for a kind: every word of its that has a range here.
struct RangeRow {
  FaultKind kind;
  double shortest_s;
  double longest_s;
  int most_bytes;
};
constexpr auto ranges = std::to_array<RangeRow>({
    {FaultKind::silence, 0.1, 20, 1},
    {FaultKind::garbage, 0, 0, 200},
    {FaultKind::duplicate, 0, 0, 8},
    {FaultKind::drop, 0, 0, 8},
    {FaultKind::corrupt, 0, 0, 8},
    {FaultKind::delay, 0, 0, 64},
    {FaultKind::restart, 0, 0, 1},
    {FaultKind::brown_out, 0.05, 3, 1},
    {FaultKind::unplug, 0.1, 60, 1},
    {FaultKind::end_stop, 1, 300, 1},
    {FaultKind::obstacle, 1, 60, 1},
    {FaultKind::jam, 0.5, 30, 1},
    {FaultKind::load, 5, 300, 1},
    {FaultKind::slow, 1, 60, 1},
    {FaultKind::encoder, 1, 600, 1},
    {FaultKind::driver, 1, 60, 1},
});

constexpr auto directions = std::to_array({Direction::to_board, Direction::from_board});
constexpr auto loads = std::to_array({8, 9});
/// Within the garden's rails, from home.
constexpr PerAxis<double> farthest_obstacle_mm = {2500, 1100, -350};
constexpr double nearest_obstacle = 0.05;  ///< of the farthest
constexpr double shortest_delay_s = 0.01;
constexpr double longest_delay_s = 2;
constexpr double slowest = 4;
constexpr int most_coasted_steps = 40;

Duration seconds(double amount) {
  using std::chrono::milliseconds;
  return milliseconds(static_cast<milliseconds::rep>(amount * 1000));
}

}  // namespace

Fault random_fault(RandomSource& random, std::span<const FaultKind> kinds) {
  const FaultKind kind = kinds.empty()
                             ? fault_rows()[static_cast<std::size_t>(random.below(fault_rows().size()))].kind
                             : random.pick(kinds);
  const RangeRow& range = ranges[static_cast<std::size_t>(kind)];
  // Everything is drawn for every kind, so that a range that changes moves nothing behind it.
  const auto half = [&] { return random.chance(0.5); };
  Fault fault{.kind = kind};
  fault.direction = random.pick<Direction>(directions);
  const bool both_ways = half();
  if (kind == FaultKind::silence && both_ways) fault.direction.reset();
  fault.bytes = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(range.most_bytes)));
  fault.by = seconds(random.between(shortest_delay_s, longest_delay_s));
  const Duration lasting = seconds(random.between(range.shortest_s, range.longest_s));
  if (range.longest_s > 0) fault.lasting = lasting;
  fault.axis = random.pick<AxisName>(all_axes);
  fault.end = half() ? AxisEnd::min : AxisEnd::max;
  fault.closed = half();
  fault.without_power = half();
  fault.place_mm = farthest_obstacle_mm[index(fault.axis)] * random.between(nearest_obstacle, 1);
  fault.pin = random.pick<int>(loads);
  fault.on = half();
  fault.factor = random.between(1, slowest);
  fault.steps = static_cast<int>(random.below(most_coasted_steps));
  if (kind == FaultKind::driver && half()) fault.lasting.reset();
  return fault;
}

}  // namespace celeriac::firmware_sim
