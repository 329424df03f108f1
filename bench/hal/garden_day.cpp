// One day of garden work on virtual time, in process: the whole hypervisor, and the firmware's double.
// Prints `{moves, pin_operations, simulated_s, wall_s, cpu_s}`.

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "tests/hal/bench.hpp"
#include "tests/hal/simulated_board.hpp"

namespace {

using namespace celeriac;
using namespace celeriac::hal::testing;
using protocol::Json;

constexpr int moves = 10'000;
constexpr int pin_operations = 5'000;

/// Plants stand every 100 mm, in rows of 25; the tool goes down at each.
Json place(int move) {
  const int plant = move / 2 % (25 * 11);
  const int row = plant / 25, column = row % 2 == 0 ? plant % 25 : 24 - plant % 25;
  return {{"x", 100.0 * column + 50}, {"y", 100.0 * row + 50}, {"z", move % 2 == 0 ? -50.0 : -80.0}};
}

}  // namespace

int main() {
  // The bench waits for every write that the hypervisor leaves to the background: the disk is not measured
  // here.
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  SimulatedBoard board(garden());
  Bench bench(board, garden_parameters());
  const auto fail = [&](const Call& call) {
    std::cerr << "garden_day: " << call.message() << '\n';
    return 1;
  };
  if (!bench.run_until_ready()) return 1;
  if (const auto home = bench.call("SYS.FIND_HOME", {{"axis", 3}}); !home.ok()) return fail(home);
  const auto begin = bench.now();
  const auto started = std::chrono::steady_clock::now();
  int operations = 0;
  for (int move = 0; move < moves; ++move) {
    if (const auto gone = bench.call("SYS.MOVE_ABSOLUTE", place(move)); !gone.ok()) return fail(gone);
    if (move % 2 == 0 || operations == pin_operations) continue;
    // Water on at one plant and off before the next.
    const Json water{{"pin", 8}, {"value", operations % 2 == 0 ? 1 : 0}, {"mode", 0}};
    if (const auto written = bench.call("SYS.WRITE_PIN", water); !written.ok()) return fail(written);
    ++operations;
  }
  const auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
  std::cout << Json{{"moves", moves},
                    {"pin_operations", operations},
                    {"simulated_s", seconds(bench.now() - begin)},
                    {"wall_s", seconds(std::chrono::steady_clock::now() - started)},
                    {"cpu_s", static_cast<double>(std::clock()) / CLOCKS_PER_SEC}}
                   .dump()
            << std::endl;
  return 0;
}
