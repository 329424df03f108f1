#pragma once
// Tools in their slots, and the one on the mount. The mount's magnets take a tool whose slot the carriage has
// entered; it comes along when the carriage leaves the slot sideways, the way the slot is open, and stays
// behind when the carriage leaves upwards. Pin 63 is low while a tool is at the mount.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace celeriac::firmware_sim {

/// Low when a tool's contact closes.
inline constexpr int tool_pin = 63;

/// Millimetres of the carriage at which the mount is in the slot.
struct ToolSlot {
  std::string tool;
  double x = 0, y = 0, z = 0;
  /// Which way the slot is open: 1 +x, 2 -x, 3 +y, 4 -y.
  int direction = 1;
  bool full = true;
};

class ToolRack {
 public:
  /// How near the mount must come, and how far it must go to be out of a slot again.
  static constexpr double reach_mm = 3;
  static constexpr std::size_t max_slots = 64;

  /// A slot with its tool in it. False: there are too many.
  bool add(ToolSlot slot);
  [[nodiscard]] bool empty() const { return slots_.empty(); }
  /// The carriage is there now. True: the tool's contact has opened or closed.
  bool follow(double x, double y, double z);
  /// Whether a tool is at the mount.
  [[nodiscard]] bool contact() const;
  /// The tool that the carriage takes along.
  [[nodiscard]] const std::optional<std::string>& mounted() const { return mounted_; }
  [[nodiscard]] std::span<const ToolSlot> slots() const { return slots_; }
  /// How often a tool has been taken out of a slot, and put into one.
  [[nodiscard]] std::size_t fetched() const { return fetched_; }
  [[nodiscard]] std::size_t put_back() const { return put_back_; }

 private:
  [[nodiscard]] std::optional<std::size_t> slot_at(double x, double y, double z) const;
  void leave(ToolSlot& slot, double x, double y, double z);

  std::vector<ToolSlot> slots_;
  std::optional<std::size_t> in_;  // the slot that the mount is in
  std::optional<std::string> mounted_;
  std::size_t fetched_ = 0, put_back_ = 0;
};

}  // namespace celeriac::firmware_sim
