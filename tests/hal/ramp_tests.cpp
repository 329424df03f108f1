// How long moves take, against runs of the real firmware.

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "hal/motion/ramp.hpp"

namespace celeriac::hal::motion {
namespace {

using Catch::Matchers::WithinRel;

double seconds(const firmware::ParameterSet& parameters, PerAxis<double> from, PerAxis<double> to,
               PerAxis<double> speeds = {}) {
  return std::chrono::duration<double>(move_duration(parameters, from, to, speeds)).count();
}

TEST_CASE("moves take what was measured on RAMPS with default parameters") {
  const firmware::ParameterSet defaults;
  CHECK_THAT(seconds(defaults, {0, 0, 0}, {10, 0, 0}), WithinRel(1.117, 0.03));
  CHECK_THAT(seconds(defaults, {20, 0, 0}, {4, 0, 0}), WithinRel(1.462, 0.03));
  CHECK_THAT(seconds(defaults, {0, 0, 0}, {1, 0, 0}), WithinRel(0.416, 0.05));
  CHECK_THAT(seconds(defaults, {0, 0, 0}, {200, 0, 0}), WithinRel(4.980, 0.03));
  CHECK_THAT(seconds(defaults, {200, 0, 0}, {0, 0, 0}, {200, 0, 0}), WithinRel(7.945, 0.03));
  CHECK_THAT(seconds(defaults, {0, 0, 0}, {0, 100, -20}), WithinRel(3.697, 0.03));
}

TEST_CASE("speeds beyond what the board can step saturate") {
  firmware::ParameterSet fast;
  fast.set(71, 2000);
  fast.set(61, 200);
  fast.set(41, 500);
  CHECK_THAT(seconds(fast, {1, 0, 0}, {1000, 0, 0}), WithinRel(5.44, 0.07));
}

TEST_CASE("a move to where the machine is takes the pauses of a segment") {
  CHECK_THAT(seconds({}, {5, 5, 5}, {5, 5, 5}), WithinRel(0.33, 0.01));
}

TEST_CASE("z toward home is as fast as its own limit") {
  firmware::ParameterSet slow_up;
  slow_up.set(74, 100);
  CHECK(seconds(slow_up, {0, 0, -40}, {0, 0, 0}) > 2 * seconds(slow_up, {0, 0, 0}, {0, 0, -40}));
}

TEST_CASE("parameters that make no sense give a duration all the same") {
  firmware::ParameterSet odd;
  odd.set(41, 1);
  odd.set(61, 100000);
  odd.set(71, 1);
  odd.set(55, -5);
  CHECK(seconds(odd, {0, 0, 0}, {1e6, 0, 0}) > 0);
  CHECK(seconds(odd, {0, 0, 0}, {1e6, 0, 0}) <= 24 * 3600);
}

TEST_CASE("percent become steps per second of each axis' maximum, and never 0") {
  firmware::ParameterSet parameters;
  parameters.set(71, 400);
  parameters.set(72, 800);
  parameters.set(73, 10);
  const auto speeds = speeds_of(parameters, {50, 100, 1});
  CHECK(speeds[Axis::x] == 200);
  CHECK(speeds[Axis::y] == 800);
  CHECK(speeds[Axis::z] == 1);
}

TEST_CASE("a coordinate of a whole step survives the board's arithmetic, for every step") {
  for (const double per_mm : {1.0, 5.0, 7.0, 25.0, 33.0}) {
    for (int steps = -3000; steps <= 3000; ++steps) {
      // As the board prints it, and as it reads it.
      const double printed = std::round(100.0 * steps / per_mm) / 100;
      const auto read = static_cast<float>(std::round(100 * coordinate_for(printed, per_mm)) / 100);
      const auto reached = static_cast<int>(read * static_cast<float>(per_mm));
      if (reached != steps) {
        INFO(per_mm << " steps/mm, " << steps << " steps");
        CHECK(reached == steps);
      }
    }
  }
}

TEST_CASE("a coordinate between two steps is left as it is") {
  CHECK(coordinate_for(10.3, 5) == 10.3);
  CHECK(coordinate_for(-0.1, 5) == -0.1);
}

}  // namespace
}  // namespace celeriac::hal::motion
