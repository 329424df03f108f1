#pragma once
// The numbers that clients know codes and processes by. 0 is never one.

#include <cstdint>

namespace celeriac::vm {

enum class CodeId : std::uint16_t {};
enum class ProcessId : std::uint16_t {};

inline constexpr ProcessId no_process{0};

constexpr std::uint16_t number(CodeId id) {
  return static_cast<std::uint16_t>(id);
}
constexpr std::uint16_t number(ProcessId id) {
  return static_cast<std::uint16_t>(id);
}

}  // namespace celeriac::vm
