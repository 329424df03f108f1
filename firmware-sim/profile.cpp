#include "firmware-sim/profile.hpp"

#include <algorithm>
#include <format>

namespace celeriac::firmware_sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr PerAxis<EndStopPins> ramps_end_stops = {{{3, 2}, {14, 15}, {18, 19}}};
constexpr PerAxis<EndStopPins> farmduino_end_stops = {{{69, 68}, {67, 66}, {65, 64}}};

constexpr auto ramps_outputs = std::to_array({8, 9, 10, 13, 4, 5, 6, 11, 54, 55, 26, 28, 60, 61, 46, 48});
constexpr auto ramps_pull_ups =
    std::to_array({3,  2,  14, 15, 18, 19, 16, 17, 31, 33, 23, 25, 35, 37, 27, 29, 39, 41, 63, 59,
                   40, 64, 42, 44, 65, 66, 52, 53, 0,  1,  57, 58, 49, 50, 51, 43, 45, 47, 32});
constexpr auto farmduino_outputs =
    std::to_array({7, 8, 9, 10, 12, 13, 4, 5, 6, 11, 26, 27, 15, 30, 32, 33, 35, 36, 40, 41});
constexpr auto farmduino_pull_ups = std::to_array({69, 68, 67, 66, 65, 64, 16, 17, 23, 24, 29, 28, 63, 59});
constexpr auto k15_outputs =
    std::to_array({7, 8, 9, 10, 12, 13, 4, 5, 6, 11, 26, 27, 15, 30, 32, 33, 35, 36, 40, 41, 37});
constexpr auto k15_pull_ups = std::to_array({69, 68, 67, 66, 65, 64, 63, 59, 54, 55, 58, 57, 56});
constexpr auto k16_outputs =
    std::to_array({7, 8, 9, 10, 12, 2, 3, 13, 4, 5, 6, 11, 26, 27, 15, 30, 32, 33, 35, 36, 40, 41, 37});
constexpr auto k16_pull_ups = std::to_array({69, 68, 67, 66, 65, 64, 63, 59, 54, 55, 58, 57, 56, 60});
constexpr auto express_outputs = std::to_array({7, 8, 9, 13, 4, 5, 6, 11, 26, 27, 15, 30, 32, 33, 35, 36});
constexpr auto express_pull_ups = std::to_array({69, 68, 67, 66, 65, 64, 54, 55, 58});

constexpr auto express_current_sensors = std::to_array({54, 55, 58});
constexpr auto k15_current_sensors = std::to_array({54, 55, 58, 57, 56});
constexpr auto k16_current_sensors = std::to_array({54, 55, 58, 57, 56, 60});

constexpr PerAxis<int> ramps_enables = {38, 56, 62};
constexpr PerAxis<int> farmduino_enables = {25, 31, 34};

// Passes and step costs are solved from the measured spacing of R04 at five speeds: four slots (Express
// five) of 301 passes each, plus the steps that fell into them.
// Where speeds saturate, a step is two passes: between what was measured at a constant 2000 steps/s (1000)
// and in a ramped move (about 1075), which disagree.
constexpr BoardTiming ramps_timing = {
    microseconds(115),
    Duration(277'500),
    Duration(424'000),
    microseconds(974),
    microseconds(1584),
    {{{50, 49.9}, {100, 99.1}, {200, 196}, {400, 380}, {600, 552}, {800, 754}, {1000, 949}, {1500, 1009}}},
};
constexpr BoardTiming farmduino_timing = {
    microseconds(115),
    Duration(260'600),
    Duration(451'000),
    microseconds(957),
    microseconds(1584),
    {{{50, 49.7}, {100, 99.5}, {200, 197}, {400, 392}, {600, 577}, {800, 767}, {1000, 950}, {1500, 1043}}},
};
constexpr BoardTiming k14_timing = {
    microseconds(200),
    Duration(343'100),
    Duration(329'000),
    microseconds(1009),
    microseconds(874),
    {{{50, 49.7}, {100, 97.9}, {200, 196}, {400, 368}, {600, 590}, {800, 740}, {1000, 930}, {1500, 988}}},
};
constexpr BoardTiming k15_timing = {
    microseconds(200),
    Duration(343'100),
    Duration(329'000),
    microseconds(1006),
    microseconds(874),
    {{{50, 49.7}, {100, 98.4}, {200, 197}, {400, 369}, {600, 591}, {800, 743}, {1000, 939}, {1500, 992}}},
};
constexpr BoardTiming express_timing = {
    microseconds(115),
    Duration(185'450),
    Duration(421'000),
    microseconds(772),
    microseconds(500),
    {{{50, 49.8}, {100, 99.6}, {200, 199}, {400, 384}, {600, 589}, {800, 757}, {1000, 952}, {1500, 1290}}},
};

constexpr FirmwareVersion newer_image{6, 6, 26};

constexpr BoardProfile ramps(std::string_view package, std::string_view board, char letter,
                             std::string_view kit) {
  return {.package = package,
          .board = board,
          .letter = letter,
          .kit = kit,
          .encoders = EncoderKind::pins,
          .tmc_drivers = false,
          .stall_guard = false,
          .idle_period = milliseconds(5000),
          .resets_on_open = true,
          .reports_encoders_while_moving = false,
          .version = reference_version,
          .end_stops = ramps_end_stops,
          .output_pins = ramps_outputs,
          .pull_up_pins = ramps_pull_ups,
          .current_sensor_pins = {},
          .enable_pins = ramps_enables,
          .enable_pin_x2 = 24,
          .timing = ramps_timing};
}

constexpr BoardProfile farmduino(std::string_view package, std::string_view board, char letter,
                                 std::string_view kit) {
  BoardProfile profile = ramps(package, board, letter, kit);
  profile.end_stops = farmduino_end_stops;
  profile.output_pins = farmduino_outputs;
  profile.pull_up_pins = farmduino_pull_ups;
  profile.enable_pins = farmduino_enables;
  profile.enable_pin_x2 = 14;
  profile.timing = farmduino_timing;
  return profile;
}

constexpr BoardProfile farmduino_k14(std::string_view package, std::string_view board, char letter,
                                     std::string_view kit) {
  BoardProfile profile = farmduino(package, board, letter, kit);
  profile.encoders = EncoderKind::spi;
  profile.idle_period = milliseconds(500);
  profile.reports_encoders_while_moving = true;
  profile.timing = k14_timing;
  return profile;
}

constexpr BoardProfile farmduino_k15(std::string_view package, std::string_view board, char letter,
                                     std::string_view kit) {
  BoardProfile profile = farmduino_k14(package, board, letter, kit);
  profile.tmc_drivers = true;
  profile.output_pins = k15_outputs;
  profile.pull_up_pins = k15_pull_ups;
  profile.current_sensor_pins = k15_current_sensors;
  profile.timing = k15_timing;
  return profile;
}

constexpr BoardProfile farmduino_k16(std::string_view package, std::string_view board, char letter,
                                     std::string_view kit, FirmwareVersion version = reference_version) {
  BoardProfile profile = farmduino_k15(package, board, letter, kit);
  profile.output_pins = k16_outputs;
  profile.pull_up_pins = k16_pull_ups;
  profile.current_sensor_pins = k16_current_sensors;
  profile.version = version;
  return profile;
}

constexpr BoardProfile express(std::string_view package, std::string_view board, char letter,
                               std::string_view kit, bool resets_on_open,
                               FirmwareVersion version = reference_version) {
  BoardProfile profile = farmduino(package, board, letter, kit);
  profile.encoders = EncoderKind::none;
  profile.tmc_drivers = true;
  profile.stall_guard = true;
  profile.resets_on_open = resets_on_open;
  profile.output_pins = express_outputs;
  profile.pull_up_pins = express_pull_ups;
  profile.current_sensor_pins = express_current_sensors;
  profile.timing = express_timing;
  profile.version = version;
  return profile;
}

constexpr auto profiles = std::to_array<BoardProfile>({
    ramps("arduino", "RAMPS 1.4", 'R', "genesisK12"),
    farmduino("farmduino", "Farmduino 1.0", 'F', "genesisK13"),
    farmduino_k14("farmduino_k14", "Farmduino 1.4", 'G', "genesisK14"),
    farmduino_k15("farmduino_k15", "Farmduino 3.0", 'H', "genesisK15"),
    farmduino_k16("farmduino_k16", "Farmduino 3.2", 'I', "genesisK16"),
    farmduino_k16("farmduino_k17", "Genesis 1.7", 'J', "genesisK17", newer_image),
    farmduino_k16("farmduino_k18", "Genesis 1.8", 'K', "genesisK18", newer_image),
    express("express_k10", "Express 2.0", 'E', "expressK10", false),
    express("express_k11", "Express 2.2", 'D', "expressK11", true),
    express("express_k12", "Express 1.2 kit", 'C', "expressK12", true, newer_image),
});

}  // namespace

std::span<const BoardProfile> board_profiles() {
  return profiles;
}

const BoardProfile* find_profile(std::string_view package) {
  const auto found = std::ranges::find(profiles, package, &BoardProfile::package);
  return found == profiles.end() ? nullptr : &*found;
}

std::string version_text(const BoardProfile& profile, FirmwareVersion version) {
  if (version < since::kit_in_version) return std::format("{}.{}", version.text(), profile.letter);
  return std::format("{}.{}.{}", version.text(), profile.letter, profile.kit);
}

}  // namespace celeriac::firmware_sim
