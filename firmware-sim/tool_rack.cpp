#include "firmware-sim/tool_rack.hpp"

#include <array>
#include <cmath>
#include <utility>

namespace celeriac::firmware_sim {
namespace {

struct Way {
  double x, y;
};
constexpr std::array<Way, 5> ways = {Way{0, 0}, Way{1, 0}, Way{-1, 0}, Way{0, 1}, Way{0, -1}};

}  // namespace

bool ToolRack::add(ToolSlot slot) {
  if (slots_.size() >= max_slots) return false;
  slots_.push_back(std::move(slot));
  return true;
}

std::optional<std::size_t> ToolRack::slot_at(double x, double y, double z) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const ToolSlot& slot = slots_[i];
    if (std::abs(x - slot.x) <= reach_mm && std::abs(y - slot.y) <= reach_mm &&
        std::abs(z - slot.z) <= reach_mm)
      return i;
  }
  return std::nullopt;
}

bool ToolRack::contact() const {
  return mounted_ || (in_ && slots_[*in_].full);
}

bool ToolRack::follow(double x, double y, double z) {
  const bool before = contact();
  const auto now = slot_at(x, y, z);
  if (in_ && now != in_) leave(slots_[*in_], x, y, z);
  in_ = now;
  return contact() != before;
}

void ToolRack::leave(ToolSlot& slot, double x, double y, double z) {
  const Way way = ways[static_cast<std::size_t>(slot.direction)];
  const bool upwards = std::abs(z - slot.z) > reach_mm;
  const bool the_open_way = !upwards && (x - slot.x) * way.x + (y - slot.y) * way.y > 0;
  if (slot.full && !mounted_ && the_open_way) {
    mounted_ = slot.tool;
    slot.full = false;
    ++fetched_;
  } else if (!slot.full && mounted_ && upwards) {
    slot.tool = *std::exchange(mounted_, std::nullopt);
    slot.full = true;
    ++put_back_;
  }
}

}  // namespace celeriac::firmware_sim
