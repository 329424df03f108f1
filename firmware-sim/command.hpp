#pragma once
// A line from the host, taken apart as the firmware does it.

#include <cstdint>
#include <string_view>

namespace celeriac::firmware_sim {

enum class Code : std::uint8_t {
  unknown,
  g00,
  g01,
  g28,
  f09,
  f11,
  f12,
  f13,
  f14,
  f15,
  f16,
  f20,
  f21,
  f22,
  f31,
  f32,
  f41,
  f42,
  f43,
  f44,
  f61,
  f81,
  f82,
  f83,
  f84,
};

/// Words that are missing are 0; the last of several wins.
struct Command {
  Code code = Code::unknown;
  float x = 0;  ///< mm
  float y = 0;
  float z = 0;
  int a = 0;  ///< steps/s
  int b = 0;
  int c = 0;
  int p = 0;
  int v = 0;
  int w = 0;
  int t = 0;  ///< ms
  int m = 0;
  int q = 0;
};

/// `line` without its LF.
[[nodiscard]] Command parse_command(std::string_view line);

}  // namespace celeriac::firmware_sim
