#include "firmware-sim/soil.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>

namespace celeriac::firmware_sim {
namespace {

constexpr double cell_mm = 10;
/// What a litre within reach adds to the sensor's counts.
constexpr double counts_per_litre = 200;

constexpr double edge(int cell) {
  return cell * cell_mm;
}

int cell_of(double millimetres) {
  constexpr double farthest = 1'000'000;  // a kilometre: the cell's number stays one
  return static_cast<int>(std::lround(std::clamp(millimetres, -farthest, farthest) / cell_mm));
}

}  // namespace

int Soil::moisture_at(double x, double y) const {
  const auto near = [&](const Patch& patch) { return std::hypot(patch.x - x, patch.y - y) <= reach_mm; };
  const auto newest_first = patches_ | std::views::reverse;
  const auto patch = std::ranges::find_if(newest_first, near);
  const double dry = patch == newest_first.end() ? fresh : patch->counts;
  const double wet = dry + counts_per_litre * litres_near(x, y);
  return static_cast<int>(std::lround(std::min(wet, std::max<double>(dry, soaked))));
}

void Soil::set_moisture(double x, double y, int counts) {
  if (patches_.size() >= max_patches) patches_.erase(patches_.begin());
  patches_.push_back({x, y, counts - counts_per_litre * litres_near(x, y)});
}

void Soil::water(double x, double y, double litres) {
  litres_ += litres;
  const std::pair cell(cell_of(x), cell_of(y));
  if (const auto found = cells_.find(cell); found != cells_.end()) {
    found->second += litres;
  } else if (cells_.size() < max_cells) {
    cells_.emplace(cell, litres);
  }
}

double Soil::litres_near(double x, double y, double radius_mm) const {
  double sum = 0;
  const auto first = cells_.lower_bound({cell_of(x - radius_mm) - 1, 0});
  const auto last = cells_.upper_bound({cell_of(x + radius_mm) + 1, 0});
  for (const auto& [cell, litres] : std::ranges::subrange(first, last)) {
    if (std::hypot(edge(cell.first) - x, edge(cell.second) - y) <= radius_mm) sum += litres;
  }
  return sum;
}

std::vector<WetSquare> Soil::wet_squares(double side_mm, double farthest_x, double farthest_y) const {
  std::map<std::pair<long, long>, double> squares;
  for (const auto& [cell, litres] : cells_) {
    const double x = edge(cell.first), y = edge(cell.second);
    if (x < 0 || y < 0 || x > farthest_x || y > farthest_y) continue;
    squares[{std::lround(std::floor(x / side_mm)), std::lround(std::floor(y / side_mm))}] += litres;
  }
  std::vector<WetSquare> wet;
  for (const auto& [square, litres] : squares)
    wet.push_back({(static_cast<double>(square.first) + 0.5) * side_mm,
                   (static_cast<double>(square.second) + 0.5) * side_mm, litres});
  return wet;
}

bool Soil::plant(Plant plant) {
  if (plants_.size() >= max_plants) return false;
  plants_.push_back(std::move(plant));
  return true;
}

}  // namespace celeriac::firmware_sim
